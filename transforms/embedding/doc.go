// Package embedding takes chains files through the engine of this process: it opens several at
// once, embeds their texts, and writes the outputs. A file that may end the process is embedded
// in another one. Each file ends with an Outcome, which a step reports.
//
// A program has one Embedder. The package knows nothing of Beam.
package embedding
