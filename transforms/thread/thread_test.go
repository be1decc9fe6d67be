package thread_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/threadloom/threadloom/transforms/thread"
)

// comments reads a thread that is written as "id<parent": "1 2<1 3<2x" has a top-level comment, a
// reply to it, and a reply to that, which is left out.
func comments(text string) (list []thread.Comment) {
	for _, word := range strings.Fields(text) {
		word, left := strings.CutSuffix(word, "x")
		c := thread.Comment{Left: left}
		c.HasParent = strings.Contains(word, "<")
		if _, err := fmt.Sscanf(strings.Replace(word, "<", " ", 1)+" 0", "%d %d", &c.ID, &c.Parent); err != nil {
			panic(err)
		}
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b thread.Comment) int { return int(a.ID) - int(b.ID) })
	return list
}

func build(t testing.TB, list []thread.Comment, o thread.Options) (chains []string, fates string) {
	t.Helper()
	var b thread.Builder
	err := b.Build(list, o, func(c thread.Chain) error {
		var ids []string
		for _, turn := range c.Turns {
			ids = append(ids, strconv.FormatUint(list[turn].ID, 10))
		}
		text := fmt.Sprintf("%s root=%d missing=%d depth=%d", strings.Join(ids, "-"), list[c.Root].ID, c.Missing, c.Depth)
		if c.Complete {
			text += " complete"
		}
		chains = append(chains, text)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	letters := make([]byte, len(list))
	for i := range list {
		letters[i] = "ildc"[b.Fate(i)] // in a chain, left out, (d) alone, cut
	}
	return chains, string(letters)
}

func TestChains(t *testing.T) {
	leaf := thread.Options{Mode: thread.Leaf, MinTurns: 2, MaxTurns: 10}
	longest := thread.Options{Mode: thread.Longest, MinTurns: 2, MaxTurns: 10}
	for _, c := range []struct {
		name, thread string
		options      thread.Options
		chains       []string
		fates        string
	}{
		{"a way", "1 2<1 3<2", leaf, []string{"1-2-3 root=1 missing=0 depth=3 complete"}, "iii"},
		{"a fork", "1 2<1 3<1", leaf, []string{"1-2 root=1 missing=0 depth=2 complete", "1-3 root=1 missing=0 depth=2 complete"}, "iii"},
		{"alone", "1 2", leaf, nil, "dd"},
		{"a deleted leaf falls away", "1 2<1 3<2x 4<3x", leaf, []string{"1-2 root=1 missing=0 depth=2 complete"}, "iill"},
		{"a deleted turn within", "1 2<1x 3<2", leaf, []string{"1-3 root=1 missing=1 depth=3 complete"}, "ili"},
		{"a deleted root", "1x 2<1 3<2", leaf, []string{"2-3 root=1 missing=1 depth=3 complete"}, "lii"},
		{"a missing parent", "2<1 3<2", leaf, []string{"2-3 root=2 missing=0 depth=2"}, "ii"},
		{"ids do not follow time", "9 2<9 5<2", leaf, []string{"9-2-5 root=9 missing=0 depth=3 complete"}, "iii"},
		{"a circle", "1<3 2<1 3<2", leaf, []string{"1-2-3 root=1 missing=0 depth=3"}, "iii"},
		{"a circle with a tail", "5<6 6<5 1<6", leaf, []string{"5-6-1 root=5 missing=0 depth=3"}, "iii"},
		{"its own parent", "1<1 2<1", leaf, []string{"1-2 root=1 missing=0 depth=2"}, "ii"},
		{
			"the last turns", "1 2<1 3<2x 4<3 5<4", thread.Options{Mode: thread.Leaf, MinTurns: 2, MaxTurns: 2},
			[]string{"4-5 root=1 missing=0 depth=5"}, "cclii",
		},
		{
			"turns within the last", "1 2<1 3<2x 4<3", thread.Options{Mode: thread.Leaf, MinTurns: 2, MaxTurns: 2},
			[]string{"2-4 root=1 missing=1 depth=4"}, "cili",
		},
		{
			"too few turns", "1 2<1 3<1 4<3", thread.Options{Mode: thread.Leaf, MinTurns: 3, MaxTurns: 10},
			[]string{"1-3-4 root=1 missing=0 depth=3 complete"}, "idii",
		},
		{
			"longest", "1 2<1 3<1 4<3 5<3 6<2", longest,
			[]string{"3-4 root=1 missing=0 depth=3", "1-2-6 root=1 missing=0 depth=3 complete"}, "iiiidi",
		},
		{
			"longest: the longer reply goes on", "1 2<1 3<1 4<3", longest,
			[]string{"1-3-4 root=1 missing=0 depth=3 complete"}, "idii",
		},
		{
			"pair", "1 2<1 3<2x 4<3 5", thread.Options{Mode: thread.Pair},
			[]string{"1-2 root=1 missing=0 depth=2 complete", "2-4 root=1 missing=1 depth=4"}, "iilid",
		},
		{
			"comment", "1 2<1x 3<2", thread.Options{Mode: thread.Single},
			[]string{"1 root=1 missing=0 depth=1 complete", "3 root=1 missing=0 depth=3"}, "ili",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			chains, fates := build(t, comments(c.thread), c.options)
			slices.Sort(chains)
			slices.Sort(c.chains)
			if !slices.Equal(chains, c.chains) || fates != c.fates {
				t.Errorf("got %q, %s\nwant %q, %s", chains, fates, c.chains, c.fates)
			}
		})
	}
}

func TestChainsComeByLeaf(t *testing.T) {
	chains, _ := build(t, comments("9 8<9 7<9 1<9 3<1"), thread.Options{Mode: thread.Leaf, MinTurns: 2, MaxTurns: 10})
	for i, leaf := range []string{"3", "7", "8"} {
		if !strings.Contains(chains[i], "-"+leaf+" ") {
			t.Errorf("%q", chains)
		}
	}
}

// plain makes the chains of small threads as docs/import.md describes, by walking each path as a whole.
func plain(list []thread.Comment, o thread.Options) (chains []string) {
	parent := map[uint64]thread.Comment{}
	byID := map[uint64]thread.Comment{}
	for _, c := range list {
		byID[c.ID] = c
	}
	for _, c := range list {
		if p, ok := byID[c.Parent]; ok && c.HasParent {
			parent[c.ID] = p
		}
	}
	for _, c := range list { // sorted, so that the first comment of a circle has the lowest id
		at, steps := c.ID, 0
		for steps <= len(list) {
			p, ok := parent[at]
			if !ok {
				break
			}
			at = p.ID
			steps++
			if at == c.ID {
				delete(parent, c.ID)
				break
			}
		}
	}
	way := func(c thread.Comment) (up []thread.Comment) { // from c to the root
		for {
			up = append(up, c)
			p, ok := parent[c.ID]
			if !ok {
				return up
			}
			c = p
		}
	}
	kept := func(w []thread.Comment) (k []thread.Comment) {
		for _, c := range w {
			if !c.Left {
				k = append(k, c)
			}
		}
		return k
	}
	height := map[uint64]int{} // of the longest path below each comment
	replies := map[uint64][]uint64{}
	for _, c := range list {
		if c.Left {
			continue
		}
		k := kept(way(c))
		for i, above := range k {
			height[above.ID] = max(height[above.ID], i)
		}
		if len(k) > 1 {
			replies[k[1].ID] = append(replies[k[1].ID], c.ID)
		}
	}
	goesOn := func(up uint64) (best uint64) {
		for _, r := range replies[up] { // by id
			if best == 0 || height[r] > height[best] {
				best = r
			}
		}
		return best
	}
	for _, c := range list {
		if c.Left || (o.Mode == thread.Leaf || o.Mode == thread.Longest) && len(replies[c.ID]) > 0 {
			continue
		}
		w := way(c)
		k := kept(w)
		least, most := o.MinTurns, o.MaxTurns
		switch o.Mode {
		case thread.Pair:
			least, most = 2, 2
		case thread.Single:
			least, most = 1, 1
		case thread.Longest:
			for i := 1; i < len(k); i++ {
				if goesOn(k[i].ID) != k[i-1].ID {
					k = k[:i]
					break
				}
			}
		}
		whole := kept(w)
		k = k[:min(len(k), most)]
		if len(k) < least {
			continue
		}
		missing, complete := 0, false
		first := k[len(k)-1]
		for _, x := range w {
			if x.ID == first.ID {
				break
			}
			if x.Left {
				missing++
			}
		}
		root := w[len(w)-1]
		if whole[len(whole)-1].ID == first.ID {
			complete = !root.HasParent
			missing = 0
			for _, x := range w {
				if x.Left {
					missing++
				}
			}
		}
		var ids []string
		for _, x := range slices.Backward(k) {
			ids = append(ids, strconv.FormatUint(x.ID, 10))
		}
		text := fmt.Sprintf("%s root=%d missing=%d depth=%d", strings.Join(ids, "-"), root.ID, missing, len(w))
		if complete {
			text += " complete"
		}
		chains = append(chains, text)
	}
	return chains
}

func TestRandomThreadsAgainstPlainWalks(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 5))
	for round := range 4000 {
		n := 1 + random.IntN(14)
		var list []thread.Comment
		for i := range n {
			list = append(list, thread.Comment{
				ID: uint64(i + 1), Parent: uint64(1 + random.IntN(n+2)), HasParent: random.IntN(4) > 0, Left: random.IntN(3) == 0,
			})
		}
		for _, mode := range thread.Modes {
			o := thread.Options{Mode: mode, MinTurns: 1 + random.IntN(3), MaxTurns: 3 + random.IntN(4)}
			got, fates := build(t, list, o)
			if want := plain(list, o); !slices.Equal(got, want) {
				t.Fatalf("round %d, %+v, %+v:\ngot  %q\nwant %q", round, list, o, got, want)
			}
			// A comment must be in the text of a chain if and only if its fate says so.
			for i, c := range list {
				in := slices.ContainsFunc(got, func(chain string) bool {
					ids, _, _ := strings.Cut(chain, " ")
					return slices.Contains(strings.Split(ids, "-"), strconv.FormatUint(c.ID, 10))
				})
				if c.Left != (fates[i] == 'l') || !c.Left && in != (fates[i] == 'i') {
					t.Fatalf("%+v, %+v: comment %d is %c; chains %q", list, o, c.ID, fates[i], got)
				}
			}
		}
	}
}

func TestErrorEndsIt(t *testing.T) {
	want := errors.New("enough")
	var b thread.Builder
	calls := 0
	err := b.Build(comments("1 2 3"), thread.Options{Mode: thread.Single}, func(thread.Chain) error {
		calls++
		return want
	})
	if !errors.Is(err, want) || calls != 1 {
		t.Errorf("%v after %d calls", err, calls)
	}
}

// shapes are threads in which a program that recurses, or walks each path as a whole, does not end.
func shapes(n int) map[string][]thread.Comment {
	path, comb, star, deletedPath := make([]thread.Comment, n), make([]thread.Comment, n), make([]thread.Comment, n), make([]thread.Comment, n)
	for i := range n {
		id := uint64(i + 1)
		path[i] = thread.Comment{ID: id, Parent: id - 1, HasParent: i > 0}
		star[i] = thread.Comment{ID: id, Parent: 1, HasParent: i > 0}
		comb[i] = thread.Comment{ID: id, Parent: id - 2 + uint64(i)%2, HasParent: i > 0} // odd ids are the back, even ones its teeth
		deletedPath[i] = comb[i]
		deletedPath[i].Left = i%2 == 0
	}
	return map[string][]thread.Comment{"path": path, "star": star, "comb": comb, "comb without a back": deletedPath}
}

func TestHugeThreads(t *testing.T) {
	const n = 300_000
	for name, list := range shapes(n) {
		for _, mode := range thread.Modes {
			var b thread.Builder
			chains := 0
			if err := b.Build(list, thread.Options{Mode: mode, MinTurns: 1, MaxTurns: 10}, func(thread.Chain) error {
				chains++
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			want := map[string]int{"path": 1, "star": n - 1, "comb": n / 2, "comb without a back": n / 2}[name]
			if (mode == thread.Leaf || mode == thread.Longest) && chains != want {
				t.Errorf("%s, %s: %d chains, want %d", name, mode, chains, want)
			}
		}
	}
}

func BenchmarkBuild(b *testing.B) {
	random := rand.New(rand.NewPCG(3, 5))
	var list []thread.Comment
	for i := range 1000 {
		list = append(list, thread.Comment{ID: uint64(i + 1), Parent: uint64(1 + random.IntN(i+1)), HasParent: random.IntN(4) > 0, Left: random.IntN(8) == 0})
	}
	b.ReportAllocs()
	var builder thread.Builder
	for b.Loop() {
		_ = builder.Build(list, thread.Options{Mode: thread.Leaf, MinTurns: 2, MaxTurns: 10}, func(thread.Chain) error { return nil })
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/comment")
}
