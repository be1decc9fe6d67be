package audit

import (
	"errors"
	"fmt"
	"os"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/schema"
	"github.com/threadloom/threadloom/transforms/chainfile/parquetread"
	"github.com/threadloom/threadloom/transforms/rooted"
)

// Audit is one output, and its input if it has one. Close it.
type Audit struct {
	budget *budget
	files  []*File
}

// New returns an audit. Its files share the memory for their pages.
func New() *Audit { return &Audit{budget: newBudget()} }

// Close closes the files.
func (a *Audit) Close() error {
	var errs []error
	for _, f := range a.files {
		errs = append(errs, f.parquet.Close())
	}
	a.budget.release()
	return errors.Join(errs...)
}

// File is a Parquet file that is read column by column.
type File struct {
	Rows    int64
	fields  []field // the top-level columns
	parquet *file.Reader
	memory  *budget
	growth  growth
}

// field is a top-level column and its leaves.
type field struct {
	name   string
	leaves []int
	scalar *schema.Column // nil if the column is nested or repeated
}

// Open opens a file and reads its footer. If there is no such file the error is fs.ErrNotExist.
// NotAudited reports whether only this package cannot read it.
func (a *Audit) Open(at rooted.Path) (f *File, err error) {
	from, err := at.Open()
	if err != nil {
		return nil, fmt.Errorf("opening the file: %w", err)
	}
	defer func() {
		if err != nil {
			_ = from.Close() // the first error is reported
		}
	}()
	if f, err = a.open(from); err != nil {
		return nil, err
	}
	a.files = append(a.files, f)
	return f, nil
}

func (a *Audit) open(from *os.File) (f *File, err error) {
	info, err := from.Stat()
	if err != nil {
		return nil, fmt.Errorf("opening the file: %w", err)
	}
	if _, err := parquetread.Open(from, info.Size()); err != nil {
		return nil, err
	}
	// The other library can read the footer: if this one cannot, that is no fault of the file.
	defer func() {
		if err != nil {
			err = unsupported("%w", err)
		}
	}()
	defer contain(&err)
	properties := parquet.NewReaderProperties(a.budget)
	properties.BufferedStreamEnabled = true // a page at a time
	properties.MaxCompressedPageSize, properties.MaxUncompressedPageSize = maxPageBytes, maxPageBytes
	reader, err := file.NewParquetReader(from, file.WithReadProps(properties))
	if err != nil {
		return nil, err
	}
	return &File{
		Rows: reader.NumRows(), parquet: reader, memory: a.budget, growth: growth{size: info.Size()},
		fields: fieldsOf(reader.MetaData().Schema),
	}, nil
}

// NotAudited reports whether err says that only this package cannot read a file.
func NotAudited(err error) bool { return errors.Is(err, errUnsupported) }

// Lookup returns a value of the footer's keys.
func (f *File) Lookup(key string) (value string, ok bool) {
	if v := f.parquet.MetaData().KeyValueMetadata().FindValue(key); v != nil {
		return *v, true
	}
	return "", false
}

func fieldsOf(s *schema.Schema) []field {
	fields := make([]field, s.Root().NumFields())
	at := map[schema.Node]int{}
	for i := range fields {
		node := s.Root().Field(i)
		fields[i].name, at[node] = node.Name(), i
	}
	for leaf := range s.NumColumns() {
		f := &fields[at[s.ColumnRoot(leaf)]]
		f.leaves = append(f.leaves, leaf)
		if c := s.Column(leaf); c.SchemaNode() == s.ColumnRoot(leaf) && c.MaxRepetitionLevel() == 0 {
			f.scalar = c
		}
	}
	return fields
}

// named returns the fields of a name.
func (f *File) named(name string) (found []field) {
	for _, field := range f.fields {
		if field.name == name {
			found = append(found, field)
		}
	}
	return found
}
