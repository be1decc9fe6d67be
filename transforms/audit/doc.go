// Package audit reads an output and its input side by side and says what is wrong with the
// output. It reads Parquet with apache/arrow-go, whereas the run reads it with parquetread: a bug in
// one of the two, or in the code around it, shows as a difference. For the same reason this package
// uses only one thing from chainfile: the check of a footer before a library reads it.
//
// We chose arrow-go because it shares no code with parquetread and parquet-go, needs no other language and
// is maintained by the Arrow project. This package uses its column readers, not its Arrow records, because
// a comparison by meaning needs the values as the file stores them (INT96, decimals of any
// physical type, dictionaries that change between row groups). It adds three things:
//
//   - codecs.go replaces its codecs with ones that write no more than a page claims, and adds
//     the old LZ4, which arrow-go does not have.
//   - pages.go checks each page before a value is decoded, because arrow-go allocates as much as a page claims.
//   - memory.go bounds the memory that the pages of one audit take.
//
// It reads one column at a time, from both files in step. Memory is bounded by two pages of a
// column and their dictionaries, whatever the size of the files.
//
// Something that arrow-go cannot read never counts as wrong: the Report says that it was not audited.
package audit
