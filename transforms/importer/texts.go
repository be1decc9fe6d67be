package importer

import (
	"bytes"
	"fmt"
	"os"
)

// span is where a text is.
type span struct {
	at   int64
	size int32
}

// texts holds the texts of a thread: in memory, and from some size on in a file.
type texts struct {
	memory []byte
	most   int    // bytes in memory
	folder string // of the file
	file   *os.File
	size   int64 // of the file
}

// add keeps a text.
func (t *texts) add(text []byte) (span, error) {
	s := span{at: int64(len(t.memory)), size: int32(len(text))}
	if t.file == nil && len(t.memory)+len(text) <= t.most {
		t.memory = append(t.memory, text...)
		return s, nil
	}
	if t.file == nil {
		if err := t.makeFile(); err != nil {
			return span{}, err
		}
	}
	s.at = int64(len(t.memory)) + t.size
	if _, err := t.file.WriteAt(text, t.size); err != nil {
		return span{}, fmt.Errorf("writing the texts of a long thread: %w", err)
	}
	t.size += int64(len(text))
	return s, nil
}

// makeFile makes a file without a name, so that nothing is left of it when the process ends.
func (t *texts) makeFile() error {
	f, err := os.CreateTemp(t.folder, "texts-")
	if err != nil {
		return fmt.Errorf("making a file for the texts of a long thread: %w", err)
	}
	t.file = f
	if err := os.Remove(f.Name()); err != nil {
		return fmt.Errorf("making a file for the texts of a long thread: %w", err)
	}
	return nil
}

// appendTo appends a text.
func (t *texts) appendTo(to []byte, s span) ([]byte, error) {
	if s.at < int64(len(t.memory)) || s.size == 0 {
		return append(to, t.memory[min(s.at, int64(len(t.memory))):][:s.size]...), nil
	}
	from := len(to)
	to = append(to, make([]byte, s.size)...)
	if _, err := t.file.ReadAt(to[from:], s.at-int64(len(t.memory))); err != nil {
		return nil, fmt.Errorf("reading the texts of a long thread: %w", err)
	}
	return to, nil
}

func (t *texts) compare(a, b span) (int, error) {
	x, err := t.appendTo(nil, a)
	if err != nil {
		return 0, err
	}
	y, err := t.appendTo(nil, b)
	return bytes.Compare(x, y), err
}

// reset forgets the texts and keeps the memory.
func (t *texts) reset() error {
	t.memory, t.size = t.memory[:0], 0
	if t.file == nil {
		return nil
	}
	err := t.file.Close()
	t.file = nil
	return err
}
