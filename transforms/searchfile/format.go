package searchfile

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"unsafe"

	"github.com/cespare/xxhash/v2"
	"github.com/threadloom/threadloom/transforms/chainfile"
	"golang.org/x/sys/unix"
)

// Name is what the file is called in the folder of the clusters.
const Name = "search.vectors"

const (
	magic      = "TLSEARCH"
	version    = 1
	headBytes  = 64
	alignment  = 64      // of each section
	maxRows    = 1 << 40 // no honest file reaches this
	maxNumbers = 1 << 16 // of a vector
)

// NoTime is the time of a row that has none.
const NoTime = math.MinInt64

// errFormat is wrapped by the errors about a file that is not a search file of this version, or is damaged.
var errFormat = errors.New("not a search file of this version")

// Output is an output whose vectors the file holds, or which it leaves out, with the reason.
type Output struct {
	Subreddit string
	Name      string // of the file
	Size      int64  // bytes
	ModTime   int64  // nanoseconds since 1970
	Model     int    // which of the models made it; -1 if that is not known
	Rows      int64  // 0 if nobody could read the footer
	First     int64  // the row of the search file that is its first
	LeftOut   string // why it is left out; empty: it is not
}

func (o Output) same(other Output) bool {
	return o.Subreddit == other.Subreddit && o.Name == other.Name && o.Size == other.Size && o.ModTime == other.ModTime
}

// held returns how many rows of the output the file holds.
func (o Output) held() int64 {
	if o.LeftOut != "" {
		return 0
	}
	return o.Rows
}

// unread reports whether the output's footer could not be read; the next try may succeed.
func (o Output) unread() bool { return o.Model < 0 }

// table is what the file says about the outputs, in addition to the vectors.
type table struct {
	Models  []chainfile.Fingerprint // without the fields that belong to single outputs
	Model   int                     // whose vectors are in the file; -1: there are none
	Outputs []Output                // by subreddit, then by name
}

// sections says where each part of a file begins.
type sections struct {
	rows, dimension                          int64
	high, low, scales, times, keys, table, n int64 // offsets; n is the size of the file
}

func layOut(rows, dimension, tableBytes int64) sections {
	s := sections{rows: rows, dimension: dimension}
	at := int64(headBytes)
	next := func(size int64) int64 {
		begin := at
		at = (begin + size + alignment - 1) / alignment * alignment
		return begin
	}
	s.high, s.low = next(rows*dimension), next(rows*dimension)
	s.scales, s.times, s.keys = next(4*rows), next(8*rows), next(8*rows)
	s.table = at
	s.n = at + tableBytes
	return s
}

func head(s sections, tableBytes []byte) []byte {
	b := make([]byte, 0, headBytes)
	b = append(b, magic...)
	b = binary.LittleEndian.AppendUint32(b, version)
	b = binary.LittleEndian.AppendUint32(b, uint32(s.dimension))
	b = binary.LittleEndian.AppendUint64(b, uint64(s.rows))
	b = binary.LittleEndian.AppendUint64(b, uint64(len(tableBytes)))
	b = binary.LittleEndian.AppendUint64(b, xxhash.Sum64(tableBytes))
	b = binary.LittleEndian.AppendUint64(b, xxhash.Sum64(b))
	return b[:headBytes]
}

// File is a search file that is mapped. Close it when nothing in it is used any more.
type File struct {
	Rows      int64
	Dimension int
	table
	data   []byte
	high   []int8
	low    []int8
	scales []float32
	times  []int64
	keys   []uint64
}

// Fingerprint says how the vectors were made; false: there are none.
func (f *File) Fingerprint() (chainfile.Fingerprint, bool) {
	if f.Model < 0 {
		return chainfile.Fingerprint{}, false
	}
	return f.Models[f.Model], true
}

// LeftOut returns the outputs that the file does not hold.
func (f *File) LeftOut() (left []Output) {
	for _, o := range f.Outputs {
		if o.LeftOut != "" {
			left = append(left, o)
		}
	}
	return left
}

// Time returns the time of a row in seconds since 1970, NoTime if it has none.
func (f *File) Time(row int64) int64 { return f.times[row] }

// Key returns the key of a row: see Key. 0: it has none.
func (f *File) Key(row int64) uint64 { return f.keys[row] }

// Key identifies a chain. It is made from hashes (XXH64) of the subreddit, in lower case, and the chain_id.
func Key(subreddit string, id []byte) uint64 { return SubredditKey(subreddit) + IDKey(id) }

// SubredditKey is the part of a key that a subreddit adds.
func SubredditKey(subreddit string) uint64 {
	const odd = 0x9e3779b97f4a7c15 // so that two texts that swap places have another sum
	return odd * xxhash.Sum64String(strings.ToLower(subreddit))
}

// IDKey is the part of a key that a chain_id adds.
func IDKey(id []byte) uint64 { return xxhash.Sum64(id) }

// open maps a search file. The error is errFormat if the file is not one, and fs.ErrNotExist if it does not exist.
func open(path string) (f *File, err error) {
	from, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening the search file: %w", err)
	}
	defer func() { _ = from.Close() }() // a mapping needs no open file
	info, err := from.Stat()
	if err != nil {
		return nil, fmt.Errorf("opening the search file: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() < headBytes || info.Size() > math.MaxInt {
		return nil, fmt.Errorf("opening %s: %w", path, errFormat)
	}
	data, err := unix.Mmap(int(from.Fd()), 0, int(info.Size()), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("mapping %s: %w", path, err)
	}
	f = &File{data: data}
	if err := f.read(); err != nil {
		_ = f.Close() // the first error is reported
		return nil, fmt.Errorf("opening %s: %w: %w", path, errFormat, err)
	}
	return f, nil
}

// Close removes the mapping.
func (f *File) Close() error {
	if f == nil || f.data == nil {
		return nil
	}
	data := f.data
	f.data = nil
	return unix.Munmap(data)
}

func (f *File) read() error {
	const sums = 40 // bytes that the head's hash covers
	b := f.data[:headBytes]
	number := func(at int) uint64 { return binary.LittleEndian.Uint64(b[at:]) }
	rows, dimension, size := number(16), binary.LittleEndian.Uint32(b[12:]), number(24)
	switch {
	case string(b[:8]) != magic || binary.LittleEndian.Uint32(b[8:]) != version:
		return errors.New("it does not begin like one")
	case number(sums) != xxhash.Sum64(b[:sums]):
		return errors.New("its beginning is damaged")
	case rows > maxRows || dimension > maxNumbers || size > uint64(len(f.data)):
		return errors.New("its sizes are too large")
	}
	s := layOut(int64(rows), int64(dimension), int64(size))
	if s.n != int64(len(f.data)) {
		return fmt.Errorf("it has %d bytes instead of %d", len(f.data), s.n)
	}
	text := f.data[s.table:s.n]
	if number(32) != xxhash.Sum64(text) {
		return errors.New("its table is damaged")
	}
	f.Rows, f.Dimension = s.rows, int(s.dimension)
	if rows > 0 {
		f.high = unsafe.Slice((*int8)(unsafe.Pointer(&f.data[s.high])), s.rows*s.dimension)
		f.low = unsafe.Slice((*int8)(unsafe.Pointer(&f.data[s.low])), s.rows*s.dimension)
		f.scales = unsafe.Slice((*float32)(unsafe.Pointer(&f.data[s.scales])), s.rows)
		f.times = unsafe.Slice((*int64)(unsafe.Pointer(&f.data[s.times])), s.rows)
		f.keys = unsafe.Slice((*uint64)(unsafe.Pointer(&f.data[s.keys])), s.rows)
	}
	return f.decode(text, s.rows)
}

// encode writes the table: numbers as unsigned varints, texts after their length in bytes.
func (t *table) encode() ([]byte, error) {
	var b []byte
	number := func(x int64) { b = binary.AppendUvarint(b, uint64(x)) }
	text := func(s string) {
		number(int64(len(s)))
		b = append(b, s...)
	}
	number(int64(len(t.Models)))
	for _, m := range t.Models {
		j, err := json.Marshal(m)
		if err != nil {
			return nil, fmt.Errorf("writing the table of the search file: %w", err)
		}
		text(string(j))
	}
	number(int64(t.Model) + 1)
	number(int64(len(t.Outputs)))
	for _, o := range t.Outputs {
		text(o.Subreddit)
		text(o.Name)
		number(o.Size)
		b = binary.AppendVarint(b, o.ModTime)
		number(int64(o.Model) + 1)
		number(o.Rows)
		text(o.LeftOut)
	}
	return b, nil
}

var errTable = errors.New("its table contradicts itself")

// decode reads a table. All texts share its bytes' memory, copied once.
func (t *table) decode(from []byte, rows int64) error {
	r := bytes.NewReader(from)
	all := string(from)
	failed := false
	number := func() int64 {
		x, err := binary.ReadUvarint(r)
		if err != nil || x > math.MaxInt64 {
			failed = true
			return 0
		}
		return int64(x)
	}
	text := func() string {
		n := number()
		if failed || n > int64(r.Len()) {
			failed = true
			return ""
		}
		at := int64(len(all) - r.Len())
		_, _ = r.Seek(n, 1)
		return all[at : at+n]
	}
	count := number()
	for i := int64(0); i < count && !failed; i++ {
		var m chainfile.Fingerprint
		if err := json.Unmarshal([]byte(text()), &m); err != nil {
			return errTable
		}
		t.Models = append(t.Models, m)
	}
	t.Model = int(number()) - 1
	count = number()
	if count > int64(len(from)) {
		return errTable
	}
	t.Outputs = make([]Output, 0, count)
	first := int64(0)
	for i := int64(0); i < count && !failed; i++ {
		o := Output{Subreddit: text(), Name: text(), Size: number(), First: first}
		modified, err := binary.ReadVarint(r)
		failed = failed || err != nil
		o.ModTime, o.Model, o.Rows, o.LeftOut = modified, int(number())-1, number(), text()
		if o.held() > rows || o.Model >= len(t.Models) {
			return errTable
		}
		first += o.held()
		if o.LeftOut == "" && o.Model < 0 {
			return errTable
		}
		t.Outputs = append(t.Outputs, o)
	}
	if failed || first != rows || t.Model >= len(t.Models) {
		return errTable
	}
	return nil
}
