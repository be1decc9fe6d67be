package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"github.com/threadloom/threadloom/transforms"
	"github.com/threadloom/threadloom/transforms/chainfile"
	"github.com/threadloom/threadloom/transforms/inputs"
	"github.com/threadloom/threadloom/transforms/outputs"
)

// mostNamed bounds the names in an error.
const mostNamed = 40

// Outputs says what outputs hold, and how closely those that exist are checked.
type Outputs struct {
	Keep           []string
	FixedSizeLists bool
	Check          string // one of outputs.Checks
}

func (o *Outputs) addFlags(flags *pflag.FlagSet) {
	flags.Var(list{values: &o.Keep}, "keep", "comma-separated `columns` to keep in the embeddings (default, and if empty: all scalar ones except the text)")
	flags.BoolVar(&o.FixedSizeLists, "fixed_size_lists", false, "write embedding so that Arrow's readers see lists of a fixed size, which LanceDB and other vector indexes want; all others still see lists")
	choice(flags, &o.Check, "check", outputs.Checks(), "`what` to check about an output that exists: exists (nothing more), footer (a corrupt one is embedded again), fingerprint (so is one of another model, precision or input)")
}

func (o *Outputs) check() error { return checkChoice("check", o.Check, outputs.Checks()) }

// checkKept refuses a column of --keep that no chains file has, because its name is misspelt and the
// outputs would lack it. A column that only some files have is accepted.
func (o *Outputs) checkKept(files *Files) error {
	written := []string{chainfile.TokensColumn, chainfile.TruncatedColumn, chainfile.ChunksColumn, chainfile.EmbeddingColumn}
	wanted := slices.DeleteFunc(slices.Clone(o.Keep), func(name string) bool { return slices.Contains(written, name) })
	if len(wanted) == 0 {
		return nil
	}
	search := inputs.FindColumns(transforms.ThisProcess().Reads, files.Layout(), files.Names, wanted)
	if len(search.Missing) == 0 || search.Read == 0 {
		return nil // without a file that can be read there is nothing to compare with
	}
	there := slices.DeleteFunc(search.Columns, func(name string) bool { return name == files.TextColumn || slices.Contains(written, name) })
	read := fmt.Sprintf("%d chains files", search.Read)
	if search.Read < search.Files {
		read = fmt.Sprintf("%d chains files that were read, of %d,", search.Read, search.Files)
	}
	wrong := search.Missing[0]
	return Usagef("--keep: none of the %s has a scalar column %q%s: they have %s", read, wrong, DidYouMean(wrong, there), quoted(there))
}

// quoted lists names from outside, so that they stay on one line.
func quoted(names []string) string {
	said := make([]string, 0, mostNamed+1)
	for _, name := range names[:min(len(names), mostNamed)] {
		said = append(said, fmt.Sprintf("%q", name))
	}
	if more := len(names) - mostNamed; more > 0 {
		said = append(said, fmt.Sprintf("and %d more", more))
	}
	if len(said) == 0 {
		return "none to keep"
	}
	return strings.Join(said, ", ")
}
