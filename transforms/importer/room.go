package importer

import (
	"github.com/threadloom/threadloom/transforms/dump"
	"github.com/threadloom/threadloom/transforms/runs"
)

// The most that runs and chains together take on the disk, for each byte of a dump. Measured on months of
// 2005 to 2006 and on generated ones of all eras, with all subreddits imported.
const (
	diskOfCompressed = 4
	diskOfPlain      = 1
)

// DiskNeeded is about how much the import takes on the disk if everything in the dumps is wanted.
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

// DoneOnDisk is the progress of all processes together, in whole dumps and buckets: bytes of the dumps,
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
