package inputs

// Part is what is known about one subreddit's files that are to be embedded.
type Part struct {
	Files      int   // to be embedded
	Read       int   // how many of them had their footers read, evenly chosen
	Unreadable int   // how many of the files read cannot be embedded
	Rows       int64 // of the files read that can be embedded
	Samples    []Sample
}

// Sample is some texts of one file.
type Sample struct {
	Rows   int64    // of the whole file
	Texts  []string // some of them
	Tokens int64    // that the model reads of these texts
}

// Estimate is what embedding some files will take.
type Estimate struct {
	Rows   int64
	Tokens int64
}

// EstimateParts returns an estimate for each part. Rows are exact if all footers were read.
// Tokens are the rows times the mean tokens of a row in the part's samples, each weighted by the
// rows of its file (a ratio estimate; Cochran, Sampling Techniques, 1977, chapter 6). A part
// without a sample has the mean of all samples.
func EstimateParts(parts []Part) []Estimate {
	var all []Sample
	for _, p := range parts {
		all = append(all, p.Samples...)
	}
	overall := tokensPerRow(all)
	estimates := make([]Estimate, len(parts))
	for i, p := range parts {
		if p.Read == 0 {
			continue
		}
		rows := float64(p.Rows) * float64(p.Files) / float64(p.Read)
		mean := tokensPerRow(p.Samples)
		if mean == 0 {
			mean = overall
		}
		estimates[i] = Estimate{Rows: int64(rows + 0.5), Tokens: int64(rows*mean + 0.5)}
	}
	return estimates
}

// tokensPerRow returns the mean of samples, 0 if there are none.
func tokensPerRow(samples []Sample) float64 {
	rows, tokens := 0.0, 0.0
	for _, s := range samples {
		if len(s.Texts) == 0 {
			continue
		}
		rows += float64(s.Rows)
		tokens += float64(s.Rows) * float64(s.Tokens) / float64(len(s.Texts))
	}
	if rows == 0 {
		return 0
	}
	return tokens / rows
}
