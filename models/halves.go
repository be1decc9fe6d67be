package models

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// ErrBroken is wrapped by the errors of texts on an engine on which nothing runs any more. The
// texts are not at fault.
var ErrBroken = errors.New("the model does not run any more: look at the device with 'pipeline doctor', then run again")

// brokenAfter is how many files must have had a text that failed alone, while no text ran, until
// the engine counts as broken. The files must be different, because one file can be bad throughout.
const brokenAfter = 8

// probePauses come before each try of the probe. A device may want a moment to free memory.
func probePauses() []time.Duration { return []time.Duration{0, 200 * time.Millisecond, time.Second} }

// health is what an engine knows of its device.
type health struct {
	mu      sync.Mutex
	failing map[*Stream]bool // those with a text that failed alone since a text ran
	broken  error            // nil: it runs
}

func (h *health) state() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.broken
}

func (h *health) ran() {
	h.mu.Lock()
	defer h.mu.Unlock()
	clear(h.failing)
}

// failed notes that a text of a stream failed alone, and returns what is wrong.
func (h *health) failed(s *Stream, err error) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.failing == nil {
		h.failing = map[*Stream]bool{}
	}
	h.failing[s] = true
	if h.broken == nil && len(h.failing) >= brokenAfter {
		h.broken = fmt.Errorf("%w (texts of %d files failed in a row): %w", ErrBroken, brokenAfter, err)
	}
	if h.broken != nil {
		return h.broken
	}
	return err
}

// halt notes that the device runs nothing.
func (h *health) halt(err error) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.broken == nil {
		h.broken = fmt.Errorf("%w (it fails on an empty text, too): %w", ErrBroken, err)
	}
	return h.broken
}

// Broken returns why nothing runs on the engine any more, nil if it works.
func (e *Engine) Broken() error { return e.health.state() }

// embed runs items. If they fail together, it runs them in halves, down to the single items at
// fault, and only these get the error. It reports whether all of them ran.
func (e *Engine) embed(items []item) (all bool) {
	if err := e.health.state(); err != nil {
		e.fail(items, err)
		return false
	}
	err := e.try(items)
	if err == nil {
		return true
	}
	if len(items) == 1 {
		if err = e.blame(items[0], err); err != nil {
			e.fail(items, err)
		}
		return err == nil
	}
	middle := (len(items) + 1) / 2
	first, second := e.embed(items[:middle]), e.embed(items[middle:])
	if first && second {
		e.useSmallerBatches(items, err)
	}
	return first && second
}

func (e *Engine) fail(items []item, err error) {
	for _, it := range items {
		e.dedup.settle(it, nil, err)
	}
}

// try runs items as one batch, and settles them if that ends well.
func (e *Engine) try(items []item) error {
	ids := make([][]uint32, len(items))
	sum := 0
	for i, it := range items {
		ids[i] = it.ids
		sum += len(it.ids)
	}
	err := e.model(ids, func(row int, vector []float32) { e.dedup.settle(items[row], vector, nil) })
	if err != nil {
		return err
	}
	e.health.ran()
	e.real.Add(int64(sum))
	padded := paddedTokens(items)
	e.padded.Add(int64(padded))
	if budget, raised := e.window.ran(padded); raised {
		slog.Info("batches are larger again", "token_budget", budget)
	}
	if e.batches.Add(1) == settledAfter {
		e.letGoOfFiles()
	}
	return nil
}

// blame finds out whether a text cannot be embedded or nothing runs on the engine. It returns
// nil if the text ran after all.
func (e *Engine) blame(it item, err error) error {
	for _, pause := range e.pauses {
		time.Sleep(pause)
		if e.model([][]uint32{e.probe}, func(int, []float32) {}) != nil {
			continue
		}
		if pause > 0 { // the device was away for a moment
			if err = e.try([]item{it}); err == nil {
				return nil
			}
		}
		return e.health.failed(it.job.stream, err)
	}
	return e.health.halt(err)
}

// useSmallerBatches lowers the token budget, because a large batch failed and its halves ran.
func (e *Engine) useSmallerBatches(batch []item, err error) {
	if budget, lowered := e.window.lower(paddedTokens(batch)); lowered {
		slog.Warn("a batch failed and its halves ran: batches are smaller for a while", "texts", len(batch), "token_budget", budget, "error", err)
	}
}

func paddedTokens(items []item) int {
	width := 0
	for _, it := range items {
		width = max(width, len(it.ids))
	}
	return width * len(items)
}
