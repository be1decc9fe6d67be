package deadletter

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"testing"
)

func TestTheDocumentHasEveryCodeAndNoOther(t *testing.T) {
	b, err := os.ReadFile("../../docs/dead-letters.md")
	if err != nil {
		t.Fatal(err)
	}
	var written []Code
	for _, match := range regexp.MustCompile("(?m)^\\| `([a-z_0-9]+)` \\| [A-Z]").FindAllSubmatch(b, -1) {
		written = append(written, Code(match[1]))
	}
	if !slices.Equal(written, codes) {
		t.Errorf("docs/dead-letters.md has the codes %q, want %q", written, codes)
	}
}

func TestTheInnermostCodeIsKept(t *testing.T) {
	inner := Damaged.Errorf("a page: %w", errors.New("short"))
	for _, c := range []struct {
		name string
		err  error
		want Code
	}{
		{"without a code", errors.New("short"), Internal},
		{"as it was made", inner, Damaged},
		{"wrapped by fmt", fmt.Errorf("reading: %w", inner), Damaged},
		{"given another", CannotRead.Wrap(fmt.Errorf("reading: %w", inner)), Damaged},
		{"given one", CannotRead.Wrap(errors.New("short")), CannotRead},
		{"joined to one without", errors.Join(errors.New("closing"), inner), Damaged},
	} {
		if got := CodeOf(c.err); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	if CannotRead.Wrap(nil) != nil {
		t.Error("no error was given a code")
	}
	if got := CannotRead.Wrap(inner).Error(); got != "a page: short" {
		t.Errorf("the message became %q", got)
	}
}
