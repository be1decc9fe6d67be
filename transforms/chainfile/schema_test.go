package chainfile

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// goldenColumn is a column of testdata/schema.json, which the worker's tests read as well.
type goldenColumn struct {
	Physical   string `json:"physical"`
	Length     int32  `json:"length"`
	Logical    string `json:"logical"`   // of an input
	Converted  string `json:"converted"` // of an input, instead of Logical
	Type       string `json:"type"`      // of an output: what Logical or Converted means
	Repetition string `json:"repetition"`
	Encoding   string `json:"encoding"` // of an output
}

// withArguments matches a type's name and its arguments in brackets.
var withArguments = regexp.MustCompile(`^(\w+)\((\w+),(\w+)\)$`)

// logicalType returns the type that the golden names in the format's words.
func logicalType(t *testing.T, name string) format.LogicalTypeValue {
	t.Helper()
	kind, first, second := name, "", ""
	if m := withArguments.FindStringSubmatch(name); m != nil {
		kind, first, second = m[1], m[2], m[3]
	}
	number, _ := strconv.Atoi(first) // 0 if it is no number
	unit := map[string]format.TimeUnit{
		"MILLIS": {Value: &format.MilliSeconds{}}, "MICROS": {Value: &format.MicroSeconds{}}, "NANOS": {Value: &format.NanoSeconds{}},
	}[first]
	switch kind {
	case "":
		return nil
	case "INT":
		return &format.IntType{BitWidth: int8(number), IsSigned: second == "signed"}
	case "DECIMAL":
		scale, err := strconv.Atoi(second)
		if err != nil {
			t.Fatal(err)
		}
		return &format.DecimalType{Precision: int32(number), Scale: int32(scale)}
	case "TIME":
		return &format.TimeType{Unit: unit, IsAdjustedToUTC: second == "utc"}
	case "TIMESTAMP":
		return &format.TimestampType{Unit: unit, IsAdjustedToUTC: second == "utc"}
	}
	simple := map[string]format.LogicalTypeValue{
		"STRING": &format.StringType{}, "JSON": &format.JsonType{}, "ENUM": &format.EnumType{}, "BSON": &format.BsonType{},
		"DATE": &format.DateType{}, "UUID": &format.UUIDType{}, "FLOAT16": &format.Float16Type{}, "UNKNOWN": &format.NullType{},
		"GEOMETRY": &format.GeometryType{},
	}
	if simple[kind] == nil {
		t.Fatalf("the golden has the unknown type %q", name)
	}
	return simple[kind]
}

// convertedTypes are the format's names. The index of each is its number.
var convertedTypes = strings.Fields(`UTF8 MAP MAP_KEY_VALUE LIST ENUM DECIMAL DATE TIME_MILLIS TIME_MICROS TIMESTAMP_MILLIS
	TIMESTAMP_MICROS UINT_8 UINT_16 UINT_32 UINT_64 INT_8 INT_16 INT_32 INT_64 JSON BSON INTERVAL`)

// element returns a column as it is in a footer.
func (c goldenColumn) element(t *testing.T, name string) format.SchemaElement {
	t.Helper()
	e := format.SchemaElement{Name: name, RepetitionType: thrift.New(format.Optional)}
	if c.Repetition == "REQUIRED" {
		e.RepetitionType.V = format.Required
	}
	for kind := format.Boolean; kind <= format.FixedLenByteArray; kind++ {
		if kind.String() == c.Physical {
			e.Type = thrift.New(kind)
		}
	}
	if !e.Type.Valid {
		t.Fatalf("the golden has the unknown type %q", c.Physical)
	}
	if c.Length > 0 {
		e.TypeLength = thrift.New(c.Length)
	}
	e.LogicalType.Value = logicalType(t, c.Logical)
	if kind, arguments, _ := strings.Cut(c.Converted, "("); kind != "" {
		number := slices.Index(convertedTypes, kind)
		if number < 0 {
			t.Fatalf("the golden has the unknown type %q", c.Converted)
		}
		e.ConvertedType = thrift.New(deprecated.ConvertedType(number))
		if arguments != "" {
			d := logicalType(t, "DECIMAL("+arguments).(*format.DecimalType)
			e.Precision, e.Scale = thrift.New(d.Precision), thrift.New(d.Scale)
		}
	}
	return e
}

// emptyFile writes a file without rows that has a text column and some others.
func emptyFile(t *testing.T, path string, columns ...format.SchemaElement) {
	t.Helper()
	root := format.SchemaElement{Name: "schema", NumChildren: thrift.New(int32(1 + len(columns)))}
	text := goldenColumn{Physical: "BYTE_ARRAY", Logical: "STRING"}.element(t, "text")
	footer, err := thrift.Marshal(&thrift.CompactProtocol{}, format.FileMetaData{
		Version: 2, Schema: slices.Concat([]format.SchemaElement{root, text}, columns), RowGroups: []format.RowGroup{},
	})
	if err != nil {
		t.Fatal(err)
	}
	b := slices.Concat([]byte("PAR1"), footer)
	b = append(binary.LittleEndian.AppendUint32(b, uint32(len(footer))), "PAR1"...)
	if err := os.WriteFile(path, b, 0o666); err != nil {
		t.Fatal(err)
	}
}

// meaning returns the type of an output's column, in the words of the golden file.
func meaning(e format.SchemaElement) string {
	utc := func(yes bool) string { return map[bool]string{true: "utc", false: "local"}[yes] }
	switch l := e.LogicalType.Value.(type) {
	case nil:
		if e.ConvertedType.Valid {
			return convertedTypes[e.ConvertedType.V]
		}
		return ""
	case *format.IntType:
		return fmt.Sprintf("INT(%d,%s)", l.BitWidth, map[bool]string{true: "signed", false: "unsigned"}[l.IsSigned])
	case *format.DecimalType:
		return fmt.Sprintf("DECIMAL(%d,%d)", l.Precision, l.Scale)
	case *format.TimeType:
		return fmt.Sprintf("TIME(%s,%s)", &l.Unit, utc(l.IsAdjustedToUTC))
	case *format.TimestampType:
		return fmt.Sprintf("TIMESTAMP(%s,%s)", &l.Unit, utc(l.IsAdjustedToUTC))
	case *format.NullType:
		return "UNKNOWN"
	case *format.GeometryType:
		return "GEOMETRY"
	default:
		return l.String()
	}
}

// goldenRow is a column of an input, and the column of the output that it becomes.
type goldenRow struct {
	Input, Output goldenColumn
	Arrow         string // the type as which Arrow's readers read the output's column
}

func goldenRows(t *testing.T) (rows []goldenRow) {
	t.Helper()
	b, err := os.ReadFile("testdata/schema.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &rows); err != nil || len(rows) < 100 {
		t.Fatalf("%d columns, error %v", len(rows), err)
	}
	return rows
}

// outputOf writes an output without rows for an input that has the golden's column k.
func (g goldenRow) outputOf(t *testing.T, fixedSize int) (kept []keptColumn, output string) {
	t.Helper()
	input, output := filepath.Join(t.TempDir(), "in.parquet"), filepath.Join(t.TempDir(), "out.parquet")
	emptyFile(t, input, g.Input.element(t, "k"))
	in, err := Open(at(input), "text", nil)
	if err != nil {
		t.Fatalf("%+v: %v", g.Input, err)
	}
	defer func() { _ = in.Close() }()
	out, err := Start(at(output))
	if err == nil {
		out.FixedSize = fixedSize
		out.Begin(in, false)
		err = out.Commit(Fingerprint{})
	}
	if err != nil {
		t.Fatal(err)
	}
	return in.kept, output
}

func TestColumnsOfOutputsFollowFromTheirMeaning(t *testing.T) {
	for _, g := range goldenRows(t) {
		kept, output := g.outputOf(t, 0)
		k := written(t, output)["k"]
		got := goldenColumn{
			Physical: k.Type.V.String(), Length: k.TypeLength.V, Type: meaning(k),
			Repetition: k.RepetitionType.V.String(), Encoding: kept[0].node().Encoding().String(),
		}
		if got.Physical != "FIXED_LEN_BYTE_ARRAY" {
			got.Length = 0 // the library says how many bits a number has
		}
		if got != g.Output {
			t.Errorf("%+v\n became %+v\n want   %+v", g.Input, got, g.Output)
		}
	}
}

// arrowNames turns the names of types in Go's library into those in pyarrow, which the golden file uses.
var arrowNames = strings.NewReplacer("utf8", "string", "float16", "halffloat", "float32", "float", "float64", "double", "date32", "date32[day]")

func TestFixedSizeListsChangeNoOtherColumn(t *testing.T) {
	for _, g := range goldenRows(t) {
		_, lists := g.outputOf(t, 0)
		_, fixed := g.outputOf(t, 384)
		if value, ok := footer(t, lists).Lookup(arrowSchemaKey); ok {
			t.Fatalf("the footer has Arrow's schema %s, without being asked", value)
		}
		if got, want := written(t, fixed), written(t, lists); !reflect.DeepEqual(got, want) {
			t.Fatalf("the file's own schema is %v, want %v", got, want)
		}
		value, _ := footer(t, fixed).Lookup(arrowSchemaKey)
		b, err := base64.StdEncoding.DecodeString(value)
		if err != nil {
			t.Fatal(err)
		}
		stream, err := ipc.NewReader(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		mark, _ := footer(t, fixed).Lookup(FingerprintKey)
		if got, _ := stream.Schema().Metadata().GetValue(FingerprintKey); got != mark || mark == "" {
			t.Fatalf("Arrow's schema has the fingerprint %q, the footer %q", got, mark)
		}
		optional := map[bool]string{true: "", false: " not null"}
		want := []string{
			"k: " + g.Arrow + optional[g.Output.Repetition == "OPTIONAL"],
			"n_tokens: int32 not null", "truncated: bool not null", "embedding: fixed_size_list<element: float>[384] not null",
		}
		var got []string
		for _, f := range stream.Schema().Fields() {
			kind := arrowNames.Replace(f.Type.String())
			switch d := f.Type.(type) {
			case arrow.DecimalType:
				kind = fmt.Sprintf("%s(%d, %d)", strings.ToLower(d.ID().String()), d.GetPrecision(), d.GetScale())
			case *arrow.FixedSizeListType:
				e := d.ElemField()
				kind = fmt.Sprintf("fixed_size_list<%s: %s%s>[%d]", e.Name, arrowNames.Replace(e.Type.String()), optional[e.Nullable], d.Len())
			}
			got = append(got, f.Name+": "+kind+optional[f.Nullable])
		}
		if !slices.Equal(got, want) {
			t.Errorf("%+v:\n got  %q\n want %q", g.Input, got, want)
		}
	}
}

// written returns the columns in the footer of a file.
func written(t *testing.T, path string) map[string]format.SchemaElement {
	t.Helper()
	columns := map[string]format.SchemaElement{}
	for _, e := range footer(t, path).Metadata().Schema {
		columns[e.Name] = e
	}
	return columns
}

func footer(t *testing.T, path string) *parquet.File {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	pf, err := parquet.OpenFile(f, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	return pf
}
