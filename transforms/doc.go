// Package transforms holds the steps of the pipeline, one file each.
//
//	List       path of the list         → PCollection<string>   subreddits
//	Expand     PCollection<string>      → PCollection<Folder>   one directory read each
//	Filter     PCollection<Folder>      → PCollection<File> missing, PCollection<File> done
//	Partition  PCollection<File>        → PCollection<File> local, PCollection<File> mps
//	Embed      PCollection<File>        → PCollection<File>     those that were embedded
//	Bridge     PCollection<File>        → PCollection<File>     those that workers elsewhere embedded
//
// The steps of an import:
//
//	ScanDumps  PCollection<int>         → PCollection<KV<int, int>>  a bucket, and a dump with posts in it
//	Weave      PCollection<KV<int, int>> → PCollection<int64>        chains of each bucket
//
// Elements name files and never hold rows or vectors, because runners keep shuffled
// data in memory or send it over the network.
//
// Files are the truth: an input whose output exists is done. A file that cannot
// be embedded goes to the dead letters and never stops the run.
package transforms
