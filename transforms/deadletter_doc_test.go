package transforms

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const reasonsDocument = "../docs/dead-letters.md"

// reasonSources are the files whose errors become dead letters.
var reasonSources = []string{
	"chainfile/guard/*.go", "chainfile/reader.go", "chainfile/writer.go", "chainfile/cursor.go",
	"dirscan/*.go", "rooted/*.go", "crossing.go", "embedfile.go", "expand.go", "filter.go", "suspects.go",
}

// notReasons are the messages in them that no dead letter has.
var notReasons = []string{
	"it ends too early", // more bytes are read, or another error is made of it
	"fingerprint",       // a struct of strings and numbers is always JSON
	// Of --path_map, when a worker starts.
	"…: want FROM=TO", "… is not absolute", "… is mapped twice",
}

var (
	wrapped = regexp.MustCompile(`(: )?%w(: | )?`)
	// varying is what differs from reason to reason; … stands for it in the document.
	varying = regexp.MustCompile(`%[+#.0-9]*[a-z]|\{[^{}]*\}`)
)

// message returns what stays of a format, without what another error adds; nothing where
// that is all.
func message(format string) string {
	text := varying.ReplaceAllString(wrapped.ReplaceAllString(format, ""), "…")
	if strings.Trim(text, "… ") == "" {
		return ""
	}
	return text
}

// goMessages returns the messages of the errors that a file makes.
func goMessages(t *testing.T, path string) (found []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	makers := []string{"New", "Errorf", "damaged", "tooLarge", "Contain"}
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		name := ""
		switch f := call.Fun.(type) {
		case *ast.Ident:
			name = f.Name
		case *ast.SelectorExpr:
			name = f.Sel.Name
		}
		for _, arg := range call.Args {
			if l, ok := arg.(*ast.BasicLit); ok && l.Kind == token.STRING && slices.Contains(makers, name) {
				text, err := strconv.Unquote(l.Value)
				if err != nil {
					t.Fatal(err)
				}
				found = append(found, message(text))
			}
		}
		return true
	})
	return found
}

// workerReason matches what a worker, in Python or in Redis, says of a job that is dead.
// What it says where it is NotHere gives the job back instead.
var workerReason = regexp.MustCompile(`(?:raise (?:Refused|ValueError|OSError|FileNotFoundError)\(|return |else |reason = )f?["']([^"'\n]+ [^"'\n]+)["']`)

// workerMessages returns the messages of the worker's failures.
func workerMessages(t *testing.T) (found []string) {
	t.Helper()
	for _, name := range []string{"worker/files.py", "worker/jobs.py", "worker/places.py", "worker/worker.py", "scripts/reap.lua"} {
		b, err := os.ReadFile(filepath.Join("../mpsbridge", name))
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range workerReason.FindAllStringSubmatch(string(b), -1) {
			found = append(found, message(match[1]))
		}
	}
	return found
}

// documented returns what stands in backticks in the first column of the document's tables.
func documented(t *testing.T) (found []string) {
	t.Helper()
	b, err := os.ReadFile(reasonsDocument)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		first, _, _ := strings.Cut(strings.TrimPrefix(line, "| "), " | ")
		if !strings.HasPrefix(line, "| `") {
			continue
		}
		for _, quoted := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(first, -1) {
			found = append(found, quoted[1])
		}
	}
	return found
}

func TestEveryReasonOfADeadLetterIsDocumented(t *testing.T) {
	var said []string
	for _, pattern := range reasonSources {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			t.Fatalf("%s: no such file, %v", pattern, err)
		}
		for _, path := range paths {
			if !strings.HasSuffix(path, "_test.go") {
				said = append(said, goMessages(t, path)...)
			}
		}
	}
	said = append(said, workerMessages(t)...)
	if len(said) < 100 {
		t.Fatalf("only %d messages were found: this test does not see them", len(said))
	}
	written := documented(t)
	for _, text := range said {
		if text != "" && !slices.Contains(notReasons, text) && !slices.Contains(written, text) {
			t.Errorf("%s lacks `%s`", reasonsDocument, text)
		}
	}
	for _, text := range written {
		if !slices.Contains(said, text) {
			t.Errorf("%s has `%s`, which nothing says", reasonsDocument, text)
		}
	}
}
