package models

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"
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
	pending map[sequenceKey][]item // those that wait for the one that is run
	kept    map[sequenceKey]int    // key → slot
	slots   []slot
	limit   int // most slots
	hand    int // the next slot to give up
}

// slot is a place for a kept vector.
type slot struct {
	key    sequenceKey
	vector []float32
	used   bool // asked for since the hand last passed
}

// entryBytes is what a kept vector costs beside its floats.
const entryBytes = 100

func newDedup(dimension, megabytes int) *dedup {
	return &dedup{
		pending: map[sequenceKey][]item{}, kept: map[sequenceKey]int{},
		limit: megabytes << 20 / (4*dimension + entryBytes),
	}
}

// claim says whether the item must be run. Otherwise its vector has been put in
// place or will be, when the one that it equals has been run.
func (d *dedup) claim(it item) (first bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if i, ok := d.kept[it.key]; ok {
		d.slots[i].used = true
		it.reused = true
		it.finish(d.slots[i].vector, nil)
		return false
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
	if err == nil && d.limit > 0 {
		d.keep(it.key, vector)
	}
	d.mu.Unlock()
	it.finish(vector, err)
	for _, w := range waiting {
		w.finish(vector, err)
	}
}

// keep stores a vector, in place of one that was not asked for in a while once
// all slots are taken (the clock algorithm).
func (d *dedup) keep(key sequenceKey, vector []float32) {
	i := len(d.slots)
	if i < d.limit {
		d.slots = append(d.slots, slot{vector: make([]float32, len(vector))})
	} else {
		for d.slots[d.hand].used {
			d.slots[d.hand].used = false
			d.hand = (d.hand + 1) % d.limit
		}
		i = d.hand
		d.hand = (d.hand + 1) % d.limit
		delete(d.kept, d.slots[i].key)
	}
	d.slots[i].key = key
	copy(d.slots[i].vector, vector)
	d.kept[key] = i
}
