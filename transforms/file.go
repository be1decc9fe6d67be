package transforms

import (
	"bytes"
	"path/filepath"
	"reflect"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/threadloom/threadloom/transforms/rooted"
)

func init() {
	beam.RegisterType(reflect.TypeFor[File]())
	beam.RegisterType(reflect.TypeFor[Folder]())
}

// File is one chains file and the embeddings file that belongs to it.
type File struct {
	Subreddit string `json:"subreddit"`
	Input     string `json:"input"`
	Output    string `json:"output"`
	// Anew says that an output is there and is to be replaced.
	Anew bool `json:"anew,omitempty"`
	// Crashes is how many processes ended while they had the file open, since one finished it.
	Crashes int `json:"crashes,omitempty"`
}

// Folder is the chains files of one subreddit.
type Folder struct {
	Subreddit string
	Names     []string // of the chains files, without the folder
}

// Layout says where the files of one run lie. Both folders may be symbolic links; below them no
// link leads out.
type Layout struct {
	Chains     string // chains/{suffix}
	Embeddings string // embeddings/{suffix}
}

// NewLayout returns the standard layout below root.
func NewLayout(root, suffix string) Layout {
	return Layout{
		Chains:     filepath.Join(root, "chains", suffix),
		Embeddings: filepath.Join(root, "embeddings", suffix),
	}
}

// DeadLetters is the file that lists what could not be embedded.
func (l Layout) DeadLetters() string {
	return filepath.Join(l.Embeddings, "_dead_letters.jsonl")
}

// inputs is the folder of a subreddit's chains.
func (l Layout) inputs(subreddit string) rooted.Path {
	return rooted.Path{Root: l.Chains, Path: filepath.Join(l.Chains, subreddit)}
}

// outputs is the folder of a subreddit's embeddings.
func (l Layout) outputs(subreddit string) rooted.Path {
	return rooted.Path{Root: l.Embeddings, Path: filepath.Join(l.Embeddings, subreddit)}
}

func (l Layout) input(f File) rooted.Path  { return rooted.Path{Root: l.Chains, Path: f.Input} }
func (l Layout) output(f File) rooted.Path { return rooted.Path{Root: l.Embeddings, Path: f.Output} }

func (l Layout) file(subreddit, name string) File {
	return File{
		Subreddit: subreddit,
		Input:     filepath.Join(l.Chains, subreddit, name),
		Output:    filepath.Join(l.Embeddings, subreddit, name),
	}
}

// each calls emit for files of a subreddit, whose outputs are to be replaced if anew.
func (l Layout) each(subreddit string, names []string, anew bool, emit func(File)) {
	in := filepath.Join(l.Chains, subreddit) + string(filepath.Separator)
	out := filepath.Join(l.Embeddings, subreddit) + string(filepath.Separator)
	for _, name := range names {
		emit(File{Subreddit: subreddit, Input: in + name, Output: out + name, Anew: anew})
	}
}

// isChainsName says whether a name in a chains folder is one of a chains file.
// Hidden files, ._* of macOS and .nfs* of NFS among them, are not.
func isChainsName(name []byte) bool {
	return bytes.HasSuffix(name, []byte(".parquet")) && name[0] != '.'
}
