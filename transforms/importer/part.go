package importer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
	"github.com/threadloom/threadloom/transforms/thread"
)

// row is a row of a chains file.
type row struct {
	ChainID    string  `parquet:"chain_id"`
	Text       string  `parquet:"text"`
	Subreddit  string  `parquet:"subreddit,dict"`
	LinkID     string  `parquet:"link_id,dict"`
	RootID     string  `parquet:"root_id,dict"`
	LeafID     string  `parquet:"leaf_id"`
	Permalink  string  `parquet:"permalink"`
	CreatedUTC int64   `parquet:"created_utc,timestamp"` // milliseconds: Parquet has no seconds
	StartedUTC int64   `parquet:"started_utc,timestamp"`
	Score      *int32  `parquet:"score,optional"`
	NTurns     int32   `parquet:"n_turns"`
	NMissing   int32   `parquet:"n_missing"`
	Depth      int32   `parquet:"depth"`
	Complete   bool    `parquet:"complete"`
	Title      *string `parquet:"title,optional,dict"`
	author     string
}

// authoredRow is a row with the name of the leaf's author.
type authoredRow struct {
	row
	Author string `parquet:"author"`
}

// rowWriter is parquet-go's writer of rows.
type rowWriter interface {
	Write(rows []row) (int, error)
	Flush() error
	Close() error
}

// authoredWriter writes the names of authors, too.
type authoredWriter struct {
	*parquet.GenericWriter[authoredRow]
	rows []authoredRow
}

func (w *authoredWriter) Write(rows []row) (int, error) {
	w.rows = w.rows[:0]
	for _, r := range rows {
		w.rows = append(w.rows, authoredRow{r, r.author})
	}
	return w.GenericWriter.Write(w.rows)
}

func newRowWriter(to io.Writer, authors bool, options []parquet.WriterOption) rowWriter {
	if authors {
		return &authoredWriter{GenericWriter: parquet.NewGenericWriter[authoredRow](to, options...)}
	}
	return parquet.NewGenericWriter[row](to, options...)
}

// compression keeps its encoders, which are megabytes each, from file to file.
var compression = zstd.Codec{Level: zstd.SpeedFastest}

// footerKey is the key under which the footer of a chains file describes the import.
const footerKey = "threadloom.import"

// footer is the same for all files of an import, in whatever order its dumps were given.
func (p *Plan) footer(scanned []Scanned) (string, error) {
	type input struct {
		Name    string `json:"name"`
		Bytes   int64  `json:"bytes"`
		SHA256  string `json:"sha256"`
		Partial bool   `json:"partial,omitempty"`
	}
	var inputs []input
	for _, s := range scanned {
		inputs = append(inputs, input{s.Name, s.Bytes, s.SHA256, s.BrokeOff != ""})
	}
	b, err := json.Marshal(struct {
		Inputs    []input     `json:"inputs"`
		Chains    thread.Mode `json:"chains"`
		MinTurns  int         `json:"min_turns"`
		MaxTurns  int         `json:"max_turns"`
		MaxThread int64       `json:"max_thread"`
		Authors   bool        `json:"authors"`
		Bots      string      `json:"bots"` // a hash of the names
	}{inputs, p.Options.Mode, p.Options.MinTurns, p.Options.MaxTurns, p.MaxThread, p.Authors, key(p.Bots)})
	return string(b), err
}

const (
	partRows  = 100_000
	partBytes = 256 << 20 // of text
	// groupText ends a row group, which is in memory until it ends.
	groupText = 16 << 20
)

// partWriter writes the files of one subreddit after the other.
type partWriter struct {
	weave   *weave
	options []parquet.WriterOption
	parquet rowWriter // of the part that is open

	subreddit string
	folder    string
	parts     int
	file      *os.File // of the part that is open
	rows      int
	bytes     int
	group     int // bytes of text in the row group
}

func newPartWriter(w *weave) *partWriter {
	return &partWriter{weave: w, options: append(
		withoutBounds(w.plan.Authors),
		parquet.Compression(&compression),
		parquet.DataPageVersion(1),
		parquet.CreatedBy("threadloom", "", ""),
		parquet.KeyValueMetadata(footerKey, w.footer),
	)}
}

// write writes a batch, whose subreddit is the one of the batch before or a new one.
func (p *partWriter) write(b *batch) error {
	if p.subreddit != b.subreddit {
		if err := p.endSubreddit(); err != nil {
			return err
		}
		p.subreddit, p.parts = b.subreddit, 0
		p.folder = filepath.Join(p.weave.folder, b.subreddit)
		if err := os.Mkdir(p.folder, 0o777); err != nil {
			return fmt.Errorf("making the folder of a subreddit: %w", err)
		}
		p.weave.woven.Subreddits = append(p.weave.woven.Subreddits, b.subreddit)
	}
	for rest := b.rows; len(rest) > 0; {
		n, err := p.writeSome(rest)
		if err != nil {
			return fmt.Errorf("writing chains of %s: %w", p.subreddit, err)
		}
		rest = rest[n:]
	}
	return nil
}

// writeSome writes rows up to the end of a row group or of a part.
func (p *partWriter) writeSome(rows []row) (n int, err error) {
	if p.file == nil {
		if err := p.startPart(); err != nil {
			return 0, err
		}
	}
	for n < len(rows) && p.rows+n < partRows && p.group < groupText && p.bytes < partBytes {
		size := len(rows[n].Text)
		p.group += size
		p.bytes += size
		n++
	}
	if _, err := p.parquet.Write(rows[:n]); err != nil {
		return 0, err
	}
	if p.rows += n; p.rows >= partRows || p.bytes >= partBytes {
		return n, p.endPart()
	}
	if p.group >= groupText {
		p.group = 0
		return n, p.parquet.Flush()
	}
	return n, nil
}

func (p *partWriter) startPart() (err error) {
	path := filepath.Join(p.folder, fmt.Sprintf("part-%05d.parquet", p.parts))
	if p.file, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666); err != nil {
		return err
	}
	p.parts++
	p.weave.woven.Files++
	p.rows, p.bytes, p.group = 0, 0, 0
	// Not one writer for all files: after a Reset the library writes columns without their names in
	// the row groups (parquet-go 0.32), and Spark cannot read such a file.
	p.parquet = newRowWriter(p.file, p.weave.plan.Authors, p.options)
	return nil
}

func (p *partWriter) endPart() error {
	if p.file == nil {
		return nil
	}
	err := errors.Join(p.parquet.Close(), p.file.Close())
	p.file = nil
	return err
}

func (p *partWriter) endSubreddit() error {
	if err := p.endPart(); err != nil {
		return fmt.Errorf("writing chains of %s: %w", p.subreddit, err)
	}
	return nil
}

// close closes the file that is open if an error ended the writing.
func (p *partWriter) close() error {
	if p.file == nil {
		return nil
	}
	return p.file.Close()
}
