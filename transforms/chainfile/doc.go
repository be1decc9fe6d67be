// Package chainfile reads files of reply chains and writes files of
// embeddings. Both are Parquet, and row i of an output is row i of its input.
//
//   - chains file: has a text column and any other columns.
//   - kept columns: the scalar columns of a chains file except the text; they go to
//     the output unchanged.
//   - chunk: some consecutive rows of one row group. Reading and writing go chunk
//     by chunk, so that memory does not grow with the file.
package chainfile
