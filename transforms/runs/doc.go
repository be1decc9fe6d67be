// Package runs sorts more posts than fit into memory: a Sorter gathers as many as fit and writes
// them as a run, which is a sorted file; Merge reads many runs together, thread by thread.
//
// A run is divided into buckets by a hash of the subreddit, so that each bucket can be merged on its own.
// Each bucket is two streams, which are compressed with S2; its blocks have checksums. The first
// has the subreddits' names, because how a subreddit is spelled must be known before its first thread:
//
//	number of subreddits
//	  name in lower case, name as it is spelled
//
// The second has the threads:
//
//	name in lower case
//	  number of records (at least 1), id of the submission
//	    record
//	  0
//
// All numbers are varints, and the length of each name and record stands before it. The places of the
// streams and what the writer wants to remember follow as JSON, and then their length in 8 bytes.
//
// It knows nothing about Beam or about what a record means.
package runs
