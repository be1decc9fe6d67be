package models

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// sequenceKey identifies a token sequence. It is half of the sequence's sha256, long
// enough that two different sequences will not have the same key.
type sequenceKey [16]byte

func keyOf(ids []uint32) sequenceKey {
	b := make([]byte, 0, 4*len(ids))
	for _, id := range ids {
		b = binary.LittleEndian.AppendUint32(b, id)
	}
	sum := sha256.Sum256(b)
	return sequenceKey(sum[:len(sequenceKey{})])
}

// dedup runs identical sequences once. If an equal sequence is running, the item waits
// for its vector. The vectors of the last sequences are kept.
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

// claim reports whether the item must be run. If not, its vector is in place already,
// or will be as soon as the equal item has run.
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

// abandon reports whether only the item itself waits for its vector. If so, abandon
// forgets it.
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
