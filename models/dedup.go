package models

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// sequenceKey identifies a token sequence: half of its sha256, so that two that
// differ are never taken for the same.
type sequenceKey [16]byte

func keyOf(ids []uint32) sequenceKey {
	b := make([]byte, 0, 4*len(ids))
	for _, id := range ids {
		b = binary.LittleEndian.AppendUint32(b, id)
	}
	sum := sha256.Sum256(b)
	return sequenceKey(sum[:len(sequenceKey{})])
}

// dedup runs identical sequences once: those that are on their way are waited
// for, the vectors of the last ones are kept.
type dedup struct {
	mu      sync.Mutex
	pending map[sequenceKey][]item                 // those that wait for the one that is run
	kept    *simplelru.LRU[sequenceKey, []float32] // nil: none is kept
}

// entryBytes is what a kept vector costs beside its floats.
const entryBytes = 150

func newDedup(dimension, megabytes int) *dedup {
	d := &dedup{pending: map[sequenceKey][]item{}}
	// The only error is a size of 0, with which no vector is kept.
	d.kept, _ = simplelru.NewLRU[sequenceKey, []float32](megabytes<<20/(4*dimension+entryBytes), nil)
	return d
}

// claim says whether the item must be run. Otherwise its vector has been put in
// place or will be, when the one that it equals has been run.
func (d *dedup) claim(it item) (first bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.kept != nil {
		if vector, ok := d.kept.Get(it.key); ok {
			it.reused = true
			it.finish(vector, nil)
			return false
		}
	}
	waiting, ok := d.pending[it.key]
	if ok {
		it.reused = true
		d.pending[it.key] = append(waiting, it)
		return false
	}
	d.pending[it.key] = nil
	return true
}

// abandon says whether nobody but the item itself waits for its vector, and
// forgets it then.
func (d *dedup) abandon(it item) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.pending[it.key]) > 0 {
		return false
	}
	delete(d.pending, it.key)
	return true
}

// settle gives an item that was run, and those that waited for it, its vector or
// the error.
func (d *dedup) settle(it item, vector []float32, err error) {
	d.mu.Lock()
	waiting := d.pending[it.key]
	delete(d.pending, it.key)
	if err == nil && d.kept != nil {
		d.kept.Add(it.key, slices.Clone(vector))
	}
	d.mu.Unlock()
	it.finish(vector, err)
	for _, w := range waiting {
		w.finish(vector, err)
	}
}
