package config

import (
	"cmp"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"github.com/threadloom/threadloom/models"
)

// Search is what 'search' does.
type Search struct {
	*Settings
	Files      Files
	Model      Model
	K          int
	Like       string   // a chain_id
	Subreddits []string // that are searched; none: all
	Labels     []int64  // of the clusters that are searched; none: all
	Since      int64    // seconds since 1970; 0: from the beginning
	Until      int64    // the first second after; 0: to the end
	Long       bool
	Watching   Watching

	// Questions are the texts to search for.
	Questions []string

	labels, since, until, questions string
}

// ForSearch returns the settings of 'search'.
func ForSearch() *Search {
	s := &Search{}
	s.Settings = newSettings(
		in(groupFiles, s.Files.addFlags),
		in(groupSearch, s.addFlags),
		in(groupModel, s.Model.addPlaces),
		in(groupWatch, s.Watching.addProgress),
	)
	return s
}

func (s *Search) addFlags(flags *pflag.FlagSet) {
	flags.IntVar(&s.K, "k", 10, "`number` of chains to show for each question")
	flags.StringVar(&s.Like, "like", "", "`chain_id` of a chain: search for chains like it")
	flags.StringVar(&s.questions, "questions", "", "`file` with a question on each line")
	flags.Var(list{values: &s.Subreddits}, "subreddit", "search these subreddits only: comma-separated `names`")
	flags.StringVar(&s.labels, "label", "", "search these clusters only: comma-separated `numbers`, -1 for noise")
	flags.StringVar(&s.since, "since", "", "search chains from this `date` on, such as 2024, 2024-03 or 2024-03-15 (UTC)")
	flags.StringVar(&s.until, "until", "", "search chains up to the end of this `date`, such as 2024, 2024-03 or 2024-03-15 (UTC)")
	flags.BoolVar(&s.Long, "long", false, "show whole texts, not their first lines")
}

// addPlaces adds the flags that say where the model and its libraries are. How to embed follows from
// the vectors.
func (m *Model) addPlaces(flags *pflag.FlagSet) {
	all := newFlags()
	m.addFlags(all)
	for _, name := range []string{"model", "onnxruntime_lib", "native_dir"} {
		flags.AddFlag(all.Lookup(name))
	}
}

// Complete fills in what follows from other settings, and checks all of them. words are the question on
// the command line.
func (s *Search) Complete(words []string) (err error) {
	if err := firstError(s.Files.fill, func() error { return s.Model.fill(s.Files.Home) }, s.Watching.check, s.Files.readList); err != nil {
		return err
	}
	if s.K < 1 {
		return Usagef("--k %d: want 1 or more", s.K)
	}
	if s.Since, _, err = period("since", s.since); err != nil {
		return err
	}
	if _, s.Until, err = period("until", s.until); err != nil {
		return err
	}
	if s.since != "" && s.until != "" && s.Since >= s.Until {
		return Usagef("--since %s is after --until %s", s.since, s.until)
	}
	if err := firstError(s.readLabels, s.checkSubreddits, func() error { return s.readQuestions(words) }); err != nil {
		return err
	}
	if s.Like != "" {
		return nil // the vector is there
	}
	return cmp.Or(s.Model.checkFolder(s.Files.Home), s.Model.checkNative(s.Files.Home))
}

// Embedding says how the questions are embedded by a model like that of the vectors.
func (s *Search) Embedding(precision, longText, prompt string) models.Config {
	c := s.Model.Config
	c.Precision, c.Accelerator, c.LongText, c.Prompt = precision, models.CPU, longText, prompt
	return c
}

func (s *Search) readLabels() error {
	if s.labels == "" {
		return nil
	}
	for text := range strings.SplitSeq(s.labels, ",") {
		label, err := strconv.ParseInt(text, 10, 32)
		if err != nil || label < -1 {
			return Usagef("--label %q: want comma-separated numbers of clusters, -1 for noise", s.labels)
		}
		s.Labels = append(s.Labels, label)
	}
	return nil
}

// checkSubreddits refuses subreddits that are not in the list, and spells the others as the list does.
func (s *Search) checkSubreddits() error {
	for i, name := range s.Subreddits {
		found := false
		for _, other := range s.Files.Names {
			if strings.EqualFold(name, other) {
				s.Subreddits[i], found = other, true
			}
		}
		if !found {
			return Usagef("--subreddit: %q is not in the list %s%s", name, s.Files.Subreddits, DidYouMean(name, s.Files.Names))
		}
	}
	return nil
}

// readQuestions takes the question of the command line, or those of a file.
func (s *Search) readQuestions(words []string) error {
	given := 0
	for _, is := range []bool{len(words) > 0, s.Like != "", s.questions != ""} {
		if is {
			given++
		}
	}
	switch {
	case given == 0:
		return Usagef(`search: what for? Give the words, such as: search "bearings that squeal when wet", or --like=CHAIN_ID, or --questions=FILE`)
	case given > 1:
		return Usagef("search: give words, --like or --questions, and only one of them")
	case s.Like != "":
		return nil
	case s.questions == "":
		s.Questions = []string{strings.Join(words, " ")}
	default:
		b, err := os.ReadFile(s.questions)
		if err != nil {
			return Usagef("--questions: %w", err)
		}
		for line := range strings.Lines(string(b)) {
			if line = strings.TrimSpace(line); line != "" {
				s.Questions = append(s.Questions, line)
			}
		}
	}
	if strings.TrimSpace(strings.Join(s.Questions, "")) == "" {
		return Usagef("search: the question is empty")
	}
	return nil
}

// period returns when a year, a month or a day begins and ends, in seconds since 1970; 0 for none.
func period(flag, text string) (begin, end int64, err error) {
	if text == "" {
		return 0, 0, nil
	}
	for form, next := range map[string]func(time.Time) time.Time{
		"2006":       func(t time.Time) time.Time { return t.AddDate(1, 0, 0) },
		"2006-01":    func(t time.Time) time.Time { return t.AddDate(0, 1, 0) },
		"2006-01-02": func(t time.Time) time.Time { return t.AddDate(0, 0, 1) },
	} {
		if t, err := time.Parse(form, text); err == nil {
			return t.Unix(), next(t).Unix(), nil
		}
	}
	return 0, 0, Usagef("--%s %q: want a date such as 2024, 2024-03 or 2024-03-15", flag, text)
}
