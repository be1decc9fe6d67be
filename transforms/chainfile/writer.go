package chainfile

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
	"github.com/threadloom/threadloom/transforms/deadletter"
	"github.com/threadloom/threadloom/transforms/rooted"
	"github.com/threadloom/threadloom/transforms/version"
)

const (
	// FingerprintKey is the footer's key for the fingerprint, a JSON object.
	FingerprintKey = "threadloom.fingerprint"
	rowGroupRows   = 8192 // rows of a row group: some 12 MB of floats, held until it is full
	// presentElement is the definition level of a float that is there, in a list
	// (1) of optional elements (2).
	presentElement = 2
)

// Embeddings are the vectors of one chunk.
type Embeddings struct {
	Vectors   []float32 // [rows × dimension]
	Tokens    []int32
	Truncated []bool
	Chunks    []int32 // only for a file with ChunksColumn; nil: 1 each
}

// Writer writes one embeddings file: nothing is visible under its name until Commit.
type Writer struct {
	// FixedSize is the number of floats in each vector, if Arrow's readers are to see lists of this
	// fixed size; 0: they see lists of any size, as all others do in any case.
	FixedSize int

	folder  *os.Root // the same one to the end, whatever is put in its place
	name    string   // in the folder
	temp    string   // in the folder
	file    *os.File
	parquet *parquet.GenericWriter[any]
	chunks  bool
	kept    []keptColumn
	rows    int64
	digest  hash.Hash // of the vectors so far
	// These are for the row group that is being written, which is in memory until it ends.
	groupRows, groupBytes int
	mostBytes             int // of the kept values of a row group
	row                   parquet.Row
	buffer                []parquet.Row
}

// Start claims the place of the embeddings file at. Before the input is even opened, a temporary
// file beside that place says that this process works on it.
func Start(at rooted.Path) (*Writer, error) {
	folder, err := at.Dir().MakeFolder()
	if err != nil {
		return nil, deadletter.OfPath(err, deadletter.OutputNotWritten).Errorf("making the output folder: %w", err)
	}
	name := filepath.Base(at.Path)
	temp := tempName(name)
	f, err := folder.OpenFile(temp, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		_ = folder.Close() // the first error is reported
		return nil, deadletter.OutputNotWritten.Errorf("starting the output: %w", err)
	}
	return &Writer{folder: folder, name: name, temp: temp, file: f, mostBytes: keptBytes}, nil
}

// compression keeps its encoders, which are megabytes each, from file to file.
var compression = zstd.Codec{Level: zstd.SpeedFastest}

// Begin prepares for the rows of in, with ChunksColumn if asked for.
func (w *Writer) Begin(in *Reader, chunks bool) {
	w.chunks, w.kept, w.digest = chunks, in.kept, sha256.New()
	options := append(
		withoutBounds(in.kept), outputSchema(in.kept, chunks),
		parquet.Compression(&compression),
		parquet.DataPageVersion(1), // fastparquet reads no lists in pages of version 2
		parquet.CreatedBy("threadloom", version.Version, ""),
		parquet.SkipPageBounds(EmbeddingColumn, "list", "element"),
	)
	w.parquet = parquet.NewGenericWriter[any](w.file, options...)
}

// withoutBounds leaves out the minimum and the maximum of columns that the library
// does not order as the format says.
func withoutBounds(kept []keptColumn) (options []parquet.WriterOption) {
	for _, k := range kept {
		if k.unordered {
			options = append(options, parquet.SkipPageBounds(k.source.Name), parquet.SkipPageStatistics(k.source.Name))
		}
	}
	return options
}

// Write appends a chunk and its embeddings; it does not need the texts any more.
func (w *Writer) Write(chunk Chunk, e Embeddings) error {
	n := chunk.Rows
	if n == 0 {
		return nil
	}
	dimension := len(e.Vectors) / n
	if err := binary.Write(w.digest, binary.LittleEndian, e.Vectors); err != nil {
		return fmt.Errorf("hashing the vectors: %w", err)
	}
	for i := range n {
		row := w.row[:0]
		column := 0
		for k := range w.kept {
			v := chunk.Kept[k][i]
			row = append(row, v.Level(0, w.kept[k].level(v), column))
			w.groupBytes += valueBytes(v)
			column++
		}
		row = append(row,
			parquet.Int32Value(e.Tokens[i]).Level(0, 0, column),
			parquet.BooleanValue(e.Truncated[i]).Level(0, 0, column+1))
		column += 2
		if w.chunks {
			n := int32(1)
			if e.Chunks != nil {
				n = e.Chunks[i]
			}
			row = append(row, parquet.Int32Value(n).Level(0, 0, column))
			column++
		}
		for j, x := range e.Vectors[i*dimension : (i+1)*dimension] {
			row = append(row, parquet.FloatValue(x).Level(min(j, 1), presentElement, column))
		}
		w.row = row
		w.buffer = append(w.buffer[:0], row)
		if _, err := w.parquet.WriteRows(w.buffer); err != nil {
			return deadletter.OutputNotWritten.Errorf("writing %s: %w", w.file.Name(), err)
		}
		w.rows++
		if err := w.endGroup(); err != nil {
			return err
		}
	}
	return nil
}

// endGroup counts a row, and ends the row group if it is full.
func (w *Writer) endGroup() error {
	w.groupRows++
	if w.groupRows < rowGroupRows && w.groupBytes < w.mostBytes {
		return nil
	}
	w.groupRows, w.groupBytes = 0, 0
	if err := w.parquet.Flush(); err != nil {
		return deadletter.OutputNotWritten.Errorf("writing %s: %w", w.file.Name(), err)
	}
	return nil
}

// Commit puts the fingerprint into the footer and the file under its name: the
// file is on the disk and its footer has been read back before it is renamed.
func (w *Writer) Commit(fingerprint Fingerprint) error {
	if err := w.finish(fingerprint); err != nil {
		return err
	}
	if err := w.store(); err != nil {
		return err
	}
	return w.place()
}

// finish writes what is left and the footer.
func (w *Writer) finish(fingerprint Fingerprint) error {
	fingerprint.VectorsSHA = hex.EncodeToString(w.digest.Sum(nil))
	b, err := json.Marshal(fingerprint)
	if err != nil {
		return fmt.Errorf("fingerprint: %w", err)
	}
	w.parquet.SetKeyValueMetadata(FingerprintKey, string(b))
	if w.FixedSize > 0 {
		schema, err := arrowSchema(w.kept, w.chunks, w.FixedSize, string(b))
		if err != nil {
			return err
		}
		w.parquet.SetKeyValueMetadata(arrowSchemaKey, schema)
	}
	if err := w.parquet.Close(); err != nil {
		return deadletter.OutputNotWritten.Errorf("finishing %s: %w", w.file.Name(), err)
	}
	return nil
}

// store waits until the file is on the disk, and reads its footer back.
func (w *Writer) store() error {
	if err := w.file.Sync(); err != nil {
		return deadletter.OutputNotWritten.Errorf("writing %s to the disk: %w", w.file.Name(), err)
	}
	size, err := w.file.Seek(0, io.SeekEnd)
	if err != nil {
		return deadletter.OutputNotWhole.Errorf("checking %s: %w", w.file.Name(), err)
	}
	check, err := parquet.OpenFile(w.file, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return deadletter.OutputNotWhole.Errorf("reading back %s: %w", w.file.Name(), err)
	}
	if check.NumRows() != w.rows {
		return deadletter.OutputNotWhole.Errorf("reading back %s: it has %d rows, but %d were written", w.file.Name(), check.NumRows(), w.rows)
	}
	if err := w.file.Close(); err != nil {
		return deadletter.OutputNotWritten.Errorf("closing %s: %w", w.file.Name(), err)
	}
	return nil
}

// place gives the file its name.
func (w *Writer) place() error {
	if err := w.folder.Rename(w.temp, w.name); err != nil {
		return deadletter.OutputNotWritten.Errorf("naming the output: %w", err)
	}
	if err := syncFolder(w.folder); err != nil {
		return err
	}
	_ = w.folder.Close() // only read
	return nil
}

// Abort throws away what was written, after Commit has failed or instead of it.
func (w *Writer) Abort() error {
	_ = w.file.Close()                      // Commit may have closed it
	defer func() { _ = w.folder.Close() }() // only read
	if err := w.folder.Remove(w.temp); err != nil && !errors.Is(err, os.ErrNotExist) {
		return deadletter.OutputNotWritten.Errorf("removing the unfinished output: %w", err)
	}
	return nil
}

// syncFolder makes a rename in folder last through a power cut.
func syncFolder(folder *os.Root) error {
	d, err := folder.Open(".")
	if err == nil {
		err = errors.Join(d.Sync(), d.Close())
	}
	if err != nil {
		return deadletter.OutputNotWritten.Errorf("syncing the output folder: %w", err)
	}
	return nil
}
