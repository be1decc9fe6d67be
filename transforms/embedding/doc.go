// Package embedding takes chains files through the engine of this process: it opens several at
// once, embeds their texts, and writes the outputs. A file that may end the process is embedded
// in another one. Whatever becomes of a file is an Outcome, which a step reports.
//
// A program has one Embedder. It knows nothing of Beam.
package embedding
