// Command dumps makes dumps of Reddit whose posts are invented, of any size, for tests and benchmarks
// of the command import:
//
//	go run ./bench/dumps --out=build/dumps
//	go run ./bench/dumps --out=build/dumps --months=2024-01 --bytes=4G --window=27 --subreddits=1000
//
// The same flags give the same bytes. The lines have the keys that real dumps of their time have. The
// dumps also have the faults of real ones: deleted turns, bots, circles, ids that were used twice,
// parents that are missing, duplicates, broken lines.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
)

const monthForm = "2006-01"

// options are the flags. bytes is the size of all dumps together, uncompressed.
type options struct {
	out, months, compression string
	bytes                    int64
	window, subreddits       int
	thread, comb             int
	seed                     uint64
}

func main() {
	o := options{bytes: 2_000_000}
	flag.StringVar(&o.out, "out", "", "`folder` for the dumps")
	flag.Func("bytes", "bytes of all dumps, uncompressed, such as 300M or 4G (default 2M)", func(text string) error {
		number, err := humanize.ParseBytes(text)
		o.bytes = int64(number)
		return err
	})
	flag.StringVar(&o.months, "months", "2023-12,2024-01", "months, with commas between them; each has the keys of its time")
	flag.StringVar(&o.compression, "compression", "zst", "one of "+strings.Join(compressions, ", "))
	flag.IntVar(&o.window, "window", 27, "window of zst, as a power of two from 10 to 31; above 29 the program zstd must be there")
	flag.IntVar(&o.subreddits, "subreddits", 12, "how many subreddits there are; the first are the largest")
	flag.IntVar(&o.thread, "thread", 0, "comments of one more thread, in the subreddit Giant")
	flag.IntVar(&o.comb, "comb", 0, "depth of one more thread, in the subreddit Comb: each comment has one reply that goes on and one that does not")
	flag.Uint64Var(&o.seed, "seed", 1, "another number gives other dumps")
	flag.Parse()
	if err := o.check(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if err := generate(o); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func (o options) check() error {
	switch {
	case o.out == "" || flag.NArg() > 0:
		return errors.New("--out names the folder for the dumps; there are no arguments")
	case !slices.Contains(compressions, o.compression):
		return fmt.Errorf("--compression=%s is none of %s", o.compression, strings.Join(compressions, ", "))
	case o.window < 10 || o.window > 31:
		return fmt.Errorf("--window=%d is not from 10 to 31", o.window)
	case o.subreddits < 1:
		return fmt.Errorf("--subreddits=%d: there must be one at least", o.subreddits)
	}
	return nil
}

// generate writes RC_ and RS_ of each month. Threads go on from one month to the next.
func generate(o options) error {
	if err := os.MkdirAll(o.out, 0o777); err != nil {
		return fmt.Errorf("make the folder for the dumps: %w", err)
	}
	months := strings.Split(o.months, ",")
	g := newGenerator(o)
	for i, name := range months {
		begin, err := time.Parse(monthForm, name)
		if err != nil {
			return fmt.Errorf("--months: %q is no month such as 2024-01", name)
		}
		if err := g.writeMonth(begin, o.bytes/int64(len(months)), i == 0); err != nil {
			return err
		}
	}
	return nil
}

// writeMonth writes the two dumps of a month. The first one has the threads that were asked for.
func (g *generator) writeMonth(begin time.Time, bytes int64, first bool) (err error) {
	for i, kind := range []string{"RC", "RS"} {
		path := filepath.Join(g.out, fmt.Sprintf("%s_%s.%s", kind, begin.Format(monthForm), g.compression))
		g.sinks[i], err = create(path, g.compression, g.window)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, g.sinks[i].Close()) }()
	}
	g.begin(begin)
	if first {
		g.giant(g.thread)
		g.combed(g.comb)
	}
	written := func() int64 { return g.sinks[0].bytes + g.sinks[1].bytes }
	seconds := int64(begin.AddDate(0, 1, 0).Sub(begin).Seconds())
	for start := written(); written()-start < bytes; {
		g.now = begin.Unix() + int64(float64(written()-start)/float64(bytes)*float64(seconds))
		g.step()
	}
	return g.err
}
