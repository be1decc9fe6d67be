// Package models turns texts into vectors.
//
// The words used here and in the rest of the project:
//
//   - model folder: a folder in the Hugging Face layout (onnx/model.onnx,
//     tokenizer.json, …) with a manifest.json that holds the sha256 of each file.
//   - token budget: how many tokens one run of the session may hold, padding
//     included. Small batches of equal length beat large ones on a CPU.
//   - window: the tokenised texts that wait for a batch. They come from several open
//     files, so that a batch can have texts of nearly the same length.
//   - stream: one caller's sequence of texts, usually one open file.
//   - fingerprint: the part of an output's footer that says how the output was made.
package models
