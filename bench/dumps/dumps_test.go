package main

import (
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// ofAllEras returns the options of small dumps: a month of each era, and two consecutive months.
func ofAllEras(out string) options {
	return options{
		out: out, months: "2005-12,2006-01,2012-09,2019-01,2020-05,2024-01", bytes: 12e6, compression: "ndjson",
		subreddits: 14, seed: 1,
	}
}

// made generates dumps and returns them by name.
func made(t *testing.T, o options) map[string][]byte {
	t.Helper()
	o.out = t.TempDir()
	if err := generate(o); err != nil {
		t.Fatal(err)
	}
	paths, err := filepath.Glob(filepath.Join(o.out, "*"))
	if err != nil {
		t.Fatal(err)
	}
	dumps := map[string][]byte{}
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		dumps[filepath.Base(path)] = content
	}
	return dumps
}

func TestTheSameFlagsGiveTheSameBytes(t *testing.T) {
	o := ofAllEras("")
	o.bytes, o.compression, o.window = 3e6, "zst", 27
	first, again := made(t, o), made(t, o)
	o.seed = 2
	other := made(t, o)
	for name := range first {
		if !bytes.Equal(first[name], again[name]) {
			t.Errorf("%s has other bytes at the second time", name)
		}
		if bytes.Equal(first[name], other[name]) {
			t.Errorf("%s is the same with another seed", name)
		}
	}
	if len(first) != 12 {
		t.Errorf("%d dumps in place of 12", len(first))
	}
}

func TestEachOddityIsThere(t *testing.T) {
	dumps := made(t, ofAllEras(""))
	var all []byte
	for _, dump := range dumps {
		all = append(all, dump...)
	}
	for name, pattern := range map[string]string{
		"an integer as time":     `"created_utc":\d+,`,
		"a string as time":       `"created_utc":"\d+",`,
		"a float as time":        `"created_utc":\d+\.0,`,
		"deleted by its body":    `"body":"\[deleted\]"`,
		"removed":                `"body":"\[ Removed by Reddit \]"`,
		"deleted by _meta":       `"was_deleted_later":true`,
		"a bot":                  `"author":"AutoModerator"`,
		"an integer as parent":   `"parent_id":\d+`,
		"null as parent":         `"parent_id":null`,
		"no score":               `"score":null`,
		"an escaped key":         `"\\u0062ody":`,
		"a key twice":            `"subreddit":"first".*"subreddit":"[^f]`,
		"the keys of an inner":   `"preview":{"id"`,
		"a comment without id":   `(?m)^{(?:"edited":|"score_hidden"|"distinguished").*"link_id":"t3_\w+","author_flair_css_class"`,
		"an end of line":         `}\r\n`,
		"an escaped end of line": `\w\\r\\n`,
		"an entity":              `&amp;lt;`,
		"half a surrogate pair":  `\\ud83d `,
		"NUL":                    `\\u0000`,
		"a broken off line":      `(?m)^{.*[^}\r]\r?$`,
		"an array":               `(?m)^\[1, 2\]`,
		"a line of spaces":       `(?m)^ \t\r`,
		"no subreddit":           `"of":"`,
		"a bad time":             `"created_utc":-1`,
		"a bad id":               `"id":"-`,
		"a bad score":            `"score":"many"`,
		"NaN":                    `"gilded":NaN`,
		"a byte order mark":      `(?m)^\x{feff}`,
		"a name with dots":       `"subreddit":"Knitting\.0\.com"`,
		"a profile":              `"subreddit":"u_Coffee_0"`,
		"another spelling":       `"subreddit":"sourdough"`,
	} {
		if !regexp.MustCompile(pattern).Match(all) {
			t.Errorf("there is no line with %s", name)
		}
	}
	if !bytes.Contains(all, []byte("\xff\xe2\x82")) {
		t.Error("there are no bytes that are not UTF-8")
	}
}

func TestWhatThreadsHave(t *testing.T) {
	dumps := made(t, ofAllEras(""))
	type comment struct {
		Name      string          `json:"name"`
		ID        string          `json:"id"`
		Link      string          `json:"link_id"`
		Parent    json.RawMessage `json:"parent_id"`
		Subreddit string          `json:"subreddit"`
	}
	parents, links, months := map[string]string{}, map[string]map[string]bool{}, map[string]map[string]bool{}
	seen := map[string]int{}
	for _, dump := range []string{"RC_2005-12.ndjson", "RC_2006-01.ndjson"} {
		for line := range bytes.Lines(dumps[dump]) {
			var c comment
			if json.Unmarshal(line, &c) != nil || c.Link == "" {
				continue
			}
			parent, found := strings.CutPrefix(strings.Trim(string(c.Parent), `"`), "t1_")
			seen[c.Link+c.ID]++
			if found {
				parents[c.ID] = parent
			}
			add(links, c.ID, c.Link)
			add(months, c.Link, dump)
		}
	}
	var missing, itself, circles, twice, reused, across int
	for id, parent := range parents {
		_, found := links[parent]
		missing += one(!found)
		itself += one(id == parent)
		circles += one(id != parent && parents[parent] == id)
	}
	for _, times := range seen {
		twice += one(times > 1)
	}
	for _, of := range links {
		reused += one(len(of) > 1)
	}
	for _, of := range months {
		across += one(len(of) > 1)
	}
	for name, number := range map[string]int{
		"missing parents": missing, "comments that answer themselves": itself, "circles": circles, "duplicates": twice,
		"ids that were used again": reused, "threads of two months": across,
	} {
		if number == 0 {
			t.Errorf("there are no %s", name)
		}
	}
}

func add(to map[string]map[string]bool, key, value string) {
	if to[key] == nil {
		to[key] = map[string]bool{}
	}
	to[key][value] = true
}

func one(holds bool) int {
	if holds {
		return 1
	}
	return 0
}

func TestEachCompressionHoldsTheSame(t *testing.T) {
	o := options{months: "2012-09", bytes: 300e3, subreddits: 3, seed: 1, compression: "ndjson"}
	plain := made(t, o)["RC_2012-09.ndjson"]
	for compression, open := range map[string]func(io.Reader) (io.Reader, error){
		"zst": func(r io.Reader) (io.Reader, error) { return zstd.NewReader(r) },
		"gz":  func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
		"bz2": func(r io.Reader) (io.Reader, error) { return bzip2.NewReader(r), nil },
		"xz":  throughXz,
	} {
		t.Run(compression, func(t *testing.T) {
			if program := map[string]string{"bz2": "bzip2", "xz": "xz"}[compression]; program != "" {
				if _, err := exec.LookPath(program); err != nil {
					t.Skipf("no %s on this machine: apt-get install bzip2 xz-utils", program)
				}
			}
			o.compression, o.window = compression, 27
			dump := made(t, o)["RC_2012-09."+compression]
			reader, err := open(bytes.NewReader(dump))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(reader); err != nil || !bytes.Equal(got, plain) {
				t.Errorf("%d bytes in place of %d, or others: %v", len(got), len(plain), err)
			}
		})
	}
}

func throughXz(r io.Reader) (io.Reader, error) {
	command := exec.Command("xz", "-dc")
	command.Stdin = r
	plain, err := command.Output()
	return bytes.NewReader(plain), err
}

func TestTheWindowIsThatOfTheFlag(t *testing.T) {
	o := options{months: "2012-09", bytes: 300e3, subreddits: 3, seed: 1, compression: "zst"}
	for _, window := range []int{21, 27, 31} {
		if _, err := exec.LookPath("zstd"); err != nil && window > mostOfOurs {
			t.Skip("no zstd on this machine: apt-get install zstd")
		}
		o.window = window
		var header zstd.Header
		if err := header.Decode(made(t, o)["RC_2012-09.zst"]); err != nil || header.WindowSize != 1<<window {
			t.Errorf("--window=%d asks for a window of %d: %v", window, header.WindowSize, err)
		}
	}
}

func TestAGiantAndAComb(t *testing.T) {
	o := options{months: "2006-01", thread: 500, comb: 300, subreddits: 1, seed: 1, compression: "ndjson"}
	dump := string(made(t, o)["RC_2006-01.ndjson"])
	if giant := strings.Count(strings.ToLower(dump), `"subreddit":"giant"`); giant < 490 {
		t.Errorf("the giant has %d comments in place of 500", giant)
	}
	if teeth := strings.Count(strings.ToLower(dump), `"subreddit":"comb"`); teeth < 590 {
		t.Errorf("the comb has %d comments in place of 600", teeth)
	}
}
