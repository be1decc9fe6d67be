package searchfile

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"unsafe"

	"github.com/threadloom/threadloom/transforms/chainfile"
	"github.com/threadloom/threadloom/transforms/rooted"
	"golang.org/x/sync/errgroup"
)

// The columns of an output from which the file takes something.
const (
	IDColumn   = "chain_id"
	timeColumn = "created_utc"
)

// write makes the new file, gives it its name and returns it.
func (u *Update) write(ctx context.Context, old *File, p *plan) (f *File, err error) {
	folder := filepath.Dir(u.Path)
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return nil, fmt.Errorf("making the folder of the search file: %w", err)
	}
	temp, failed, err := u.writeOnce(ctx, old, p)
	if err != nil {
		return nil, err
	}
	if len(failed) > 0 { // write it again without those outputs
		first := temp
		defer func() { err = errors.Join(err, first.remove()) }()
		if temp, err = u.writeWithout(ctx, first.path, p, failed); err != nil {
			return nil, err
		}
	}
	if f, err = open(temp.path); err == nil {
		err = os.Rename(temp.path, u.Path)
	}
	if err == nil {
		err = rooted.Sync(folder)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("naming the search file: %w", err), f.Close(), temp.remove())
	}
	return f, nil
}

// writeWithout writes the file again without the outputs that could not be read to their end. The others are
// taken from the file that was written.
func (u *Update) writeWithout(ctx context.Context, path string, p *plan, failed map[int]string) (temp unfinished, err error) {
	first, err := open(path)
	if err != nil {
		return temp, err
	}
	defer func() { err = errors.Join(err, first.Close()) }()
	again := &plan{table: p.table, from: slices.Clone(p.from)}
	again.Outputs = slices.Clone(p.Outputs)
	for i := range again.from {
		again.from[i].old = i
		if why := failed[i]; why != "" {
			again.Outputs[i].LeftOut = why
		}
	}
	again.place()
	p.Outputs = again.Outputs
	temp, _, err = u.writeOnce(ctx, first, again)
	return temp, err
}

// writeOnce writes a file under a temporary name, and returns which outputs could not be read, and why.
func (u *Update) writeOnce(ctx context.Context, old *File, p *plan) (temp unfinished, failed map[int]string, err error) {
	rows, dimension := p.place(), 0
	if p.Model >= 0 {
		dimension = p.Models[p.Model].Dimension
	}
	text, err := p.encode()
	if err != nil {
		return temp, nil, err
	}
	if temp, err = create(filepath.Dir(u.Path)); err != nil {
		return temp, nil, fmt.Errorf("writing the search file: %w", err)
	}
	w := &writer{update: u, file: temp.file, sections: layOut(rows, int64(dimension), int64(len(text))), plan: p, memory: chainfile.NewMemory()}
	err = errors.Join(w.at(head(w.sections, text), 0), w.at(text, w.table))
	if err == nil {
		err = w.keep(ctx, old)
	}
	if err == nil {
		err = w.read(ctx)
	}
	if err == nil {
		err = temp.file.Sync()
	}
	if err = errors.Join(err, temp.file.Close()); err != nil {
		return temp, nil, errors.Join(fmt.Errorf("writing the search file %s: %w", u.Path, err), temp.remove())
	}
	return temp, w.failed, nil
}

// bytesOf returns the memory of numbers.
func bytesOf[T int8 | float32](x []T) []byte {
	if len(x) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&x[0])), len(x)*int(unsafe.Sizeof(x[0])))
}

type writer struct {
	sections
	update *Update
	file   *os.File
	plan   *plan
	memory *chainfile.Memory

	mu     sync.Mutex
	failed map[int]string // outputs that could not be read
}

func (w *writer) at(b []byte, offset int64) error {
	_, err := w.file.WriteAt(b, offset)
	return err
}

// keep copies the rows that the old file has, many outputs at once if they lie beside each other in both.
func (w *writer) keep(ctx context.Context, old *File) error {
	var from, to, rows int64
	flush := func() error {
		defer func() { rows = 0 }()
		return w.copy(ctx, old, from, to, rows)
	}
	for i, s := range w.plan.from {
		o := w.plan.Outputs[i]
		if s.old < 0 || o.held() == 0 {
			continue
		}
		was := old.Outputs[s.old]
		if rows > 0 && (from+rows != was.First || to+rows != o.First) {
			if err := flush(); err != nil {
				return err
			}
		}
		if rows == 0 {
			from, to = was.First, o.First
		}
		rows += o.held()
	}
	return flush()
}

// copyBytes is how much is copied at once.
const copyBytes = 8 << 20

func (w *writer) copy(ctx context.Context, old *File, from, to, rows int64) error {
	if rows == 0 {
		return nil
	}
	was := layOut(old.Rows, int64(old.Dimension), 0)
	for _, part := range []struct{ from, to, size int64 }{
		{was.high, w.high, w.dimension}, {was.low, w.low, w.dimension}, {was.scales, w.scales, 4}, {was.times, w.times, 8}, {was.keys, w.keys, 8},
	} {
		b := old.data[part.from+from*part.size : part.from+(from+rows)*part.size]
		for at := part.to + to*part.size; len(b) > 0; {
			n := min(copyBytes, len(b))
			if err := errors.Join(context.Cause(ctx), w.at(b[:n], at)); err != nil {
				return err
			}
			b, at = b[n:], at+int64(n)
		}
	}
	return nil
}

// read reads the outputs that the old file does not have, one on each core.
func (w *writer) read(ctx context.Context) error {
	var todo []int
	for i, s := range w.plan.from {
		if s.old < 0 && w.plan.Outputs[i].LeftOut == "" {
			todo = append(todo, i)
		}
	}
	w.update.Done.all.Add(int64(len(todo)))
	w.failed = map[int]string{}
	reading, ctx := errgroup.WithContext(ctx)
	reading.SetLimit(runtime.GOMAXPROCS(0))
	for _, i := range todo {
		reading.Go(func() error {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			defer w.update.Done.files.Add(1)
			r := outputReader{writer: w, ctx: ctx, output: w.plan.Outputs[i]}
			err := r.read(w.plan.from[i])
			if err != nil && r.err == nil { // a fault of that output
				w.mu.Lock()
				defer w.mu.Unlock()
				w.failed[i] = err.Error()
			}
			return r.err
		})
	}
	return reading.Wait()
}

// outputReader reads one output.
type outputReader struct {
	*writer
	ctx    context.Context
	output Output
	err    error // of the search file, not of the output

	first     int64 // row of the row group
	times     []byte
	keys      []byte
	high, low []int8
	scales    []float32
}

var errReplaced = errors.New("it was written again while it was read: the next search reads it")

func (r *outputReader) read(from source) (err error) {
	defer func() {
		if p := recover(); p != nil { // of the Parquet library
			err = fmt.Errorf("reading the output: %v", p)
		}
	}()
	subreddit := SubredditKey(r.output.Subreddit)
	at := r.update.Layout.Output(from.file)
	scan := chainfile.OutputScan{
		Memory: r.memory,
		Begin: func(o chainfile.Output) error {
			if o.Rows != r.output.Rows || common(o.Fingerprint) != r.plan.Models[r.output.Model] {
				return errReplaced
			}
			return nil
		},
		Group: r.group,
		Columns: map[string]func(int64, chainfile.Cell){
			IDColumn: func(row int64, c chainfile.Cell) {
				if id := c.Bytes(); len(id) > 0 {
					binary.LittleEndian.PutUint64(r.keys[8*(row-r.first):], subreddit+IDKey(id))
				}
			},
			timeColumn: func(row int64, c chainfile.Cell) {
				if seconds, ok := c.Unix(); ok {
					binary.LittleEndian.PutUint64(r.times[8*(row-r.first):], uint64(seconds))
				}
			},
		},
		Vectors: r.vectors,
	}
	if err := scan.Scan(at, int(r.dimension)); err != nil {
		return err
	}
	info, err := at.Stat()
	if err == nil && (info.Size() != r.output.Size || info.ModTime().UnixNano() != r.output.ModTime) {
		err = errReplaced
	}
	return err
}

// group prepares for a row group: no row has a key or a time until its column says so.
func (r *outputReader) group(first, rows int64) {
	r.first = first
	r.keys, r.times = make([]byte, 8*rows), make([]byte, 8*rows)
	for i := range rows {
		none := int64(NoTime)
		binary.LittleEndian.PutUint64(r.times[8*i:], uint64(none))
	}
}

func (r *outputReader) vectors(row int64, v []float32) error {
	n := len(v) / int(r.dimension)
	if len(r.high) < len(v) {
		r.high, r.low, r.scales = make([]int8, len(v)), make([]int8, len(v)), make([]float32, n)
	}
	high, low, scales := r.high[:len(v)], r.low[:len(v)], r.scales[:n]
	if err := quantize(v, int(r.dimension), high, low, scales); err != nil {
		return err
	}
	to, in := r.output.First+row, 8*(row-r.first)
	r.err = errors.Join(
		context.Cause(r.ctx),
		r.at(bytesOf(high), r.sections.high+r.dimension*to), r.at(bytesOf(low), r.sections.low+r.dimension*to), r.at(bytesOf(scales), r.sections.scales+4*to),
		r.at(r.times[in:in+8*int64(n)], r.sections.times+8*to), r.at(r.keys[in:in+8*int64(n)], r.sections.keys+8*to),
	)
	r.update.Done.rows.Add(int64(n))
	return r.err
}
