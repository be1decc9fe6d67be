package inputs

import (
	"github.com/threadloom/threadloom/transforms/inflight"
	"github.com/threadloom/threadloom/transforms/layout"
)

// sampleFiles is of how many files texts are in the sample, all together.
const sampleFiles = 64

// Measurer reads some of the inputs that are to be embedded.
type Measurer struct {
	Reads      inflight.Reads
	Layout     layout.Layout
	TextColumn string
	Keep       []string // as chainfile.Open
}

// Measure reads the footers of the files of some folders, or of mostFooters of them, evenly
// chosen, and texts of some of these. It returns a part for each folder.
func (m Measurer) Measure(todo []layout.Folder, mostFooters int) []Part {
	parts := make([]Part, len(todo))
	all, working := 0, 0
	for _, folder := range todo {
		all += len(folder.Names)
		working += min(1, len(folder.Names))
	}
	seen := 0
	for i, folder := range todo {
		parts[i] = Part{Files: len(folder.Names)}
		if len(folder.Names) == 0 {
			continue
		}
		m.readFooters(&parts[i], folder, atLeastOne(len(folder.Names), mostFooters, all))
		// If there are more subreddits than files in the sample, some have none in it.
		if seen*sampleFiles/working != (seen+1)*sampleFiles/working {
			m.sample(&parts[i], folder, max(1, sampleFiles/working))
		}
		seen++
	}
	return parts
}

// readFooters reads the footers of count files.
func (m Measurer) readFooters(p *Part, folder layout.Folder, count int) {
	at := m.Layout.Inputs(folder.Subreddit)
	rows := make([]int64, count)
	inflight.Each(count, m.Reads.Footers, func(i int) {
		rows[i] = Rows(at.Join(evenly(folder.Names, i, count)), m.TextColumn, m.Keep)
	})
	p.Read = count
	for _, n := range rows {
		if n < 0 {
			p.Unreadable++
			continue
		}
		p.Rows += n
	}
}

// sample reads texts of up to count files, from the first rows of each.
func (m Measurer) sample(p *Part, folder layout.Folder, count int) {
	at := m.Layout.Inputs(folder.Subreddit)
	count = min(count, len(folder.Names))
	for i := range count {
		texts, rows, err := someTexts(at.Join(evenly(folder.Names, i, count)), m.TextColumn, m.Keep)
		if err == nil && len(texts) > 0 {
			p.Samples = append(p.Samples, Sample{Rows: rows, Texts: texts})
		}
	}
}
