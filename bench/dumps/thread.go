package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

const (
	candidates = 5  // comments of a thread that a new one may answer
	kept       = 64 // posts that may come again, as duplicates
)

// A generator makes one post after the other. It holds only the threads that are open, so that its
// memory does not grow with the dumps.
type generator struct {
	options
	random       *rand.Rand
	common       []string
	subreddits   []subreddit
	size         *rand.Zipf // which subreddit a thread is in
	width        int        // how many threads are open at once
	open         []*thread
	before       []post // some of the last posts
	nextID, link uint64
	era          era
	now          int64
	sinks        [2]*sink // of comments and submissions
	lines        [2]int   // of the dumps of this month
	strange      int      // lines that were made so far; it decides which kind is next
	line         []byte
	err          error // the first error of writing
}

type subreddit struct {
	name  string
	about topic
}

type thread struct {
	in     subreddit
	link   uint64
	left   int // comments that are still to come
	recent []uint64
}

func newGenerator(o options) *generator {
	g := &generator{options: o, random: rand.New(rand.NewPCG(o.seed, 0)), nextID: 1 << 31, link: 1 << 26}
	common, topics := readTopics()
	g.common = common
	for i := range o.subreddits {
		g.subreddits = append(g.subreddits, nameSubreddit(i, topics))
	}
	g.size = rand.NewZipf(g.random, 1.2, 3, uint64(o.subreddits-1))
	g.width = int(min(max(o.bytes/100_000, 4), 2000))
	return g
}

// nameSubreddit returns the i-th subreddit. Some are profiles, and some have a dot in their names.
func nameSubreddit(i int, topics []topic) subreddit {
	about := topics[i%len(topics)]
	name := strings.ToUpper(about.name[:1]) + about.name[1:]
	round := i / len(topics)
	switch {
	case i%12 == 7:
		name = fmt.Sprintf("u_%s_%d", name, round)
	case i%12 == 10:
		name = fmt.Sprintf("%s.%d.com", name, round)
	case round > 0:
		name = fmt.Sprintf("%s%d", name, round)
	}
	return subreddit{name, about}
}

// begin starts a month. Its first posts are duplicates of the month before.
func (g *generator) begin(month time.Time) {
	g.era, g.now, g.lines = eraOf(month), month.Unix(), [2]int{}
	for range min(len(g.before), 5) {
		g.again()
	}
}

// step opens a thread, or writes a comment of one that is open.
func (g *generator) step() {
	if len(g.open) < g.width {
		size := 2 * math.Pow(1-g.random.Float64(), -0.8)
		t := g.begun(g.subreddits[g.size.Uint64()], int(min(size, 3000)))
		g.open = append(g.open, t)
		if !g.chance(80) {
			g.submission(t)
		}
		return
	}
	i := g.random.IntN(len(g.open))
	t := g.open[i]
	g.comment(t)
	if t.left--; t.left <= 0 {
		g.open[i] = g.open[len(g.open)-1]
		g.open = g.open[:len(g.open)-1]
	}
	if g.chance(4) {
		g.again()
	}
}

func (g *generator) begun(in subreddit, comments int) *thread {
	g.link++
	return &thread{in: in, link: g.link, left: comments}
}

// giant writes a thread with so many comments, some of them odd.
func (g *generator) giant(comments int) {
	if comments == 0 {
		return
	}
	t := g.begun(subreddit{"Giant", g.subreddits[0].about}, comments)
	g.submission(t)
	for range comments {
		g.comment(t)
	}
}

// combed writes a thread that is a path of so many comments, each with one more reply beside the path.
func (g *generator) combed(depth int) {
	if depth == 0 {
		return
	}
	t := g.begun(subreddit{"Comb", g.subreddits[0].about}, 0)
	g.submission(t)
	parent := fmt.Sprintf(`"t3_%s"`, base36(t.link))
	for range depth {
		p := g.plain(t)
		p.parent = parent
		g.write(p)
		parent = fmt.Sprintf(`"t1_%s"`, base36(p.id))
		tooth := g.plain(t)
		tooth.parent = parent
		g.write(tooth)
	}
}

// submission writes the submission of a thread.
func (g *generator) submission(t *thread) {
	p := g.plain(t)
	p.submission, p.id = true, t.link
	p.title = g.appendText(nil, t.in.about, 4+g.random.IntN(8))
	p.text = nil
	if g.chance(600) {
		p.text = g.appendText(nil, t.in.about, 20+g.random.IntN(60))
	}
	g.write(p)
}

// comment writes a comment that answers one of the thread's last, and now and then an odd one.
func (g *generator) comment(t *thread) {
	p := g.plain(t)
	p.parent = g.parentOf(t, p.id)
	if g.chance(20) {
		p.author = pick(g.random, []string{"AutoModerator", "automoderator"})
	}
	if g.chance(50) {
		p.author = "[deleted]"
	}
	if g.chance(70) {
		p.text = []byte(pick(g.random, deletedTexts))
	}
	if g.era.meta && g.chance(30) {
		p.meta = `{"removal_type":"deleted","was_deleted_later":true}`
	}
	if g.chance(2) && len(g.before) > 0 {
		p.id = pick(g.random, g.before).id // a comment of another thread has it; this happened in old dumps
	}
	if g.chance(1) { // the two answer each other
		other := g.plain(t)
		other.parent = fmt.Sprintf(`"t1_%s"`, base36(p.id))
		p.parent = fmt.Sprintf(`"t1_%s"`, base36(other.id))
		g.write(other)
	}
	g.write(p)
	if len(t.recent) < candidates {
		t.recent = append(t.recent, p.id)
	} else {
		t.recent[g.random.IntN(candidates)] = p.id
	}
}

// deletedTexts are the texts of deleted comments. The last two only look like it.
var deletedTexts = []string{
	"[deleted]", "[deleted]", "[removed]", "[removed]", "", ` \n `, "[ Removed by Reddit ]", "[ removed by moderator ]", ` [deleted]\r\n`,
	"[Deleted]", "[removed] by me",
}

// parentOf returns the parent of a comment, as JSON.
func (g *generator) parentOf(t *thread, id uint64) string {
	top := len(t.recent) == 0 || g.chance(200)
	switch number := g.chance(20); {
	case g.chance(30):
		return fmt.Sprintf(`"t1_%s"`, base36(id+1<<40))
	case g.chance(1):
		return fmt.Sprintf(`"t1_%s"`, base36(id))
	case top && number:
		return "null"
	case top:
		return fmt.Sprintf(`"t3_%s"`, base36(t.link))
	case number:
		return strconv.FormatUint(pick(g.random, t.recent), 10)
	default:
		return fmt.Sprintf(`"t1_%s"`, base36(pick(g.random, t.recent)))
	}
}

// plain returns a post without anything odd.
func (g *generator) plain(t *thread) *post {
	g.nextID++
	when := g.now - int64(g.random.IntN(5)) // posts are nearly in the order of their times
	p := &post{
		id: g.nextID ^ 5, link: t.link, time: max(when, 0), retrieved: when + 86400,
		subreddit: t.in.name, author: fmt.Sprintf("invented%d", g.random.IntN(50_000)),
		parent: "null", score: strconv.Itoa(g.random.IntN(100) - 10),
		text: g.appendText(nil, t.in.about, 5+g.random.IntN(50)),
	}
	p.meta = fmt.Sprintf(`{"retrieved_2nd_on":%d}`, p.retrieved+86400)
	if g.chance(100) {
		p.meta = `{"note":"no_2nd_retrieval"}`
	}
	if g.chance(10) {
		p.score = "null"
	}
	if g.chance(5) {
		p.subreddit = strings.ToLower(p.subreddit)
	}
	return p
}

// again writes a post once more, either unchanged or as it was at another time.
func (g *generator) again() {
	if len(g.before) == 0 {
		return
	}
	p := pick(g.random, g.before)
	switch g.random.IntN(4) {
	case 0:
		p.text, p.retrieved = []byte("[deleted]"), p.retrieved+1e6
	case 1:
		p.score, p.retrieved = "77", p.retrieved+1e6
	case 2:
		p.score, p.time = "78", p.time+1
	}
	g.emit(&p)
}

// write writes a post, and keeps some for later.
func (g *generator) write(p *post) {
	switch {
	case !g.chance(20):
	case len(g.before) < kept:
		g.before = append(g.before, *p)
	default:
		g.before[g.random.IntN(kept)] = *p
	}
	g.emit(p)
}

// chance returns true with this probability.
func (g *generator) chance(perMille int) bool { return g.random.IntN(1000) < perMille }
