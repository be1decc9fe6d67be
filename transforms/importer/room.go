package importer

import (
	"github.com/threadloom/threadloom/transforms/dump"
	"github.com/threadloom/threadloom/transforms/runs"
)

// What runs and chains together take at most on the disk, for each byte of a dump. Measured on months of
// 2005 to 2006 and on invented ones of all eras, when all subreddits are imported.
const (
	diskOfCompressed = 4
	diskOfPlain      = 1
)

// DiskNeeded is about how much the import takes on the disk, if the dumps have nothing but what is wanted.
func (p *Plan) DiskNeeded() (n int64) {
	for _, d := range p.Dumps {
		if d.Format == dump.Plain {
			n += diskOfPlain * d.Bytes
		} else {
			n += diskOfCompressed * d.Bytes
		}
	}
	return n
}

// DoneOnDisk is how far all processes together are, in whole dumps and buckets: bytes of the dumps,
// posts that were kept, posts that were passed on to chains, and chains.
func (p *Plan) DoneOnDisk() (read, kept, posts, chains int64) {
	for _, d := range p.Dumps {
		var s Scanned
		if done, _ := readIfThere(donePath(p.dumpFolder(d)), &s); done {
			read += d.Bytes
			kept += s.Kept
		}
	}
	for bucket := range runs.Buckets {
		var w Woven
		if done, _ := readIfThere(p.wovenPath(bucket), &w); done {
			posts += w.Posts
			chains += w.Chains
		}
	}
	return read, kept, posts, chains
}
