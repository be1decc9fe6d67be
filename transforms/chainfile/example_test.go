package chainfile_test

import (
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"

	"github.com/parquet-go/parquet-go"
	"github.com/threadloom/threadloom/transforms/chainfile"
	"github.com/threadloom/threadloom/transforms/rooted"
)

type chain struct {
	ID   string `parquet:"chain_id"`
	Text string `parquet:"text"`
}

// An output has a row for each row of its input. Nobody sees it before Commit.
func Example() {
	folder, err := os.MkdirTemp("", "chains")
	if err != nil {
		log.Fatal(err)
	}
	input, output := filepath.Join(folder, "in.parquet"), filepath.Join(folder, "out.parquet")
	if err := parquet.WriteFile(input, []chain{{"a", "a text"}, {"b", "another"}}); err != nil {
		log.Fatal(err)
	}
	if err := copyFile(rooted.Path{Root: folder, Path: input}, rooted.Path{Root: folder, Path: output}); err != nil {
		log.Fatal(err)
	}
	rows, err := chainfile.Check(rooted.Path{Root: folder, Path: output})
	fmt.Println(rows, errors.Join(err, os.RemoveAll(folder)))
	// Output: 2 <nil>
}

// copyFile writes an output whose vectors have one dimension: the length of the text.
func copyFile(input, output rooted.Path) (err error) {
	in, err := chainfile.Open(input, "text", nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	out, err := chainfile.Start(output)
	if err != nil {
		return err
	}
	out.Begin(in, false)
	for {
		chunk, err := in.Next()
		if errors.Is(err, io.EOF) {
			return out.Commit(chainfile.Fingerprint{InputRows: in.Rows, Dimension: 1})
		}
		if err != nil {
			return errors.Join(err, out.Abort())
		}
		e := chainfile.Embeddings{Tokens: make([]int32, len(chunk.Texts)), Truncated: make([]bool, len(chunk.Texts))}
		for _, text := range chunk.Texts {
			e.Vectors = append(e.Vectors, float32(len(text)))
		}
		if err := out.Write(chunk, e); err != nil {
			return errors.Join(err, out.Abort())
		}
	}
}
