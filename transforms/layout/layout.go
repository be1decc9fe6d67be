// Package layout says where the files of a run lie and what they are called. It knows nothing about
// their content or about Beam.
package layout

import (
	"bytes"
	"path/filepath"

	"github.com/threadloom/threadloom/transforms/rooted"
)

// File is one chains file and the embeddings file that belongs to it.
type File struct {
	Subreddit string `json:"subreddit"`
	Input     string `json:"input"`
	Output    string `json:"output"`
	// Anew says that there is an output already, which is to be replaced.
	Anew bool `json:"anew,omitempty"`
	// Crashes is how many processes ended while they had the file open, since it was last finished.
	Crashes int `json:"crashes,omitempty"`
}

// IsolateAfter is how many processes must have ended while they had a file open before it is
// embedded in a separate process. One is no evidence: a machine that loses power ends every run.
const IsolateAfter = 2

// Isolated reports whether the file is to be embedded in another process.
func (f File) Isolated() bool { return f.Crashes >= IsolateAfter }

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

// New returns the standard layout below root.
func New(root, suffix string) Layout {
	return Layout{
		Chains:     filepath.Join(root, "chains", suffix),
		Embeddings: filepath.Join(root, "embeddings", suffix),
	}
}

// DeadLetters is the file that lists what could not be embedded.
func (l Layout) DeadLetters() string {
	return filepath.Join(l.Embeddings, "_dead_letters.jsonl")
}

// Inputs is the folder of a subreddit's chains.
func (l Layout) Inputs(subreddit string) rooted.Path {
	return rooted.Path{Root: l.Chains, Path: filepath.Join(l.Chains, subreddit)}
}

// Outputs is the folder of a subreddit's embeddings.
func (l Layout) Outputs(subreddit string) rooted.Path {
	return rooted.Path{Root: l.Embeddings, Path: filepath.Join(l.Embeddings, subreddit)}
}

// Input is where a file's chains are.
func (l Layout) Input(f File) rooted.Path { return rooted.Path{Root: l.Chains, Path: f.Input} }

// Output is where a file's embeddings are, or will be.
func (l Layout) Output(f File) rooted.Path { return rooted.Path{Root: l.Embeddings, Path: f.Output} }

// File returns the file of a name in a subreddit's folder.
func (l Layout) File(subreddit, name string) File {
	return File{
		Subreddit: subreddit,
		Input:     filepath.Join(l.Chains, subreddit, name),
		Output:    filepath.Join(l.Embeddings, subreddit, name),
	}
}

// Each calls emit for files of a subreddit, whose outputs are to be replaced if anew.
func (l Layout) Each(subreddit string, names []string, anew bool, emit func(File)) {
	in := filepath.Join(l.Chains, subreddit) + string(filepath.Separator)
	out := filepath.Join(l.Embeddings, subreddit) + string(filepath.Separator)
	for _, name := range names {
		emit(File{Subreddit: subreddit, Input: in + name, Output: out + name, Anew: anew})
	}
}

// IsChainsName reports whether a name in a chains folder is that of a chains file.
// Hidden files, ._* of macOS and .nfs* of NFS among them, are not.
func IsChainsName(name []byte) bool {
	return bytes.HasSuffix(name, []byte(".parquet")) && name[0] != '.'
}
