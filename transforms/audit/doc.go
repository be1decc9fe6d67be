// Package audit reads an output and its input side by side and says what is wrong with the
// output. It reads Parquet with apache/arrow-go, and the run with parquetread: a fault of one
// of the two libraries, or of the code around it, shows as a difference. So this package
// uses nothing of chainfile but what looks at a footer before a library does.
//
// arrow-go was taken because it shares no code with parquetread and parquet-go, needs no other language and
// is kept by the Arrow project. Its column readers are used, not its Arrow records, because
// a comparison by meaning needs the values as the file has them (INT96, decimals of any
// physical type, dictionaries that change between row groups). Three things are done around it:
//
//   - codecs.go replaces its codecs by ones that write no more than a page says, and adds
//     the old LZ4, which arrow-go does not have.
//   - pages.go checks each page before a value is decoded: arrow-go allocates what a page says.
//   - memory.go bounds what the pages of one audit take.
//
// A column is read at a time, from both files in step. Memory is bounded by two pages of a
// column and their dictionaries, whatever the size of the files.
//
// What arrow-go cannot read is never called wrong: the Report says what was not audited.
package audit
