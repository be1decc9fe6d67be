// Package models turns texts into vectors.
//
// The words used here and in the rest of the project:
//
//   - model folder: a folder in the Hugging Face layout (onnx/model.onnx,
//     tokenizer.json, …) with a manifest.json that holds the sha256 of each file.
//   - token budget: how many tokens one run of the session may hold, padding
//     included. Small batches of equal length beat large ones on a CPU.
//   - window: the tokenised texts that wait for a batch. Texts of several open
//     files meet there, which is what makes batches of near-equal length.
//   - stream: one caller's sequence of texts, usually one open file.
//   - fingerprint: what an output says about how it was made.
package models
