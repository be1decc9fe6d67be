package config

import (
	"os"
	"testing"
)

// parse reads the command line of a run.
func parse(args ...string) (*Run, error) {
	c := ForRun()
	if err := c.flags.Parse(args); err != nil {
		return nil, err
	}
	return c, c.Read(os.Environ)
}

// With a Redis every file may go either way; without one, nothing does.
func TestEveryFileGoesToWhoeverIsFreeIfThereIsARedis(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want float64
	}{
		"nothing given":            {nil, 0},
		"a Redis":                  {[]string{"--redis=redis://node1"}, 1},
		"a Redis and a share":      {[]string{"--redis=redis://node1", "--mps_share=0.25"}, 0.25},
		"a Redis and no share":     {[]string{"--redis=redis://node1", "--mps_share=0"}, 0},
		"a Redis and subreddits":   {[]string{"--redis=redis://node1", "--mps_subreddits=tea"}, 0},
		"all of these":             {[]string{"--redis=redis://node1", "--mps_subreddits=tea", "--mps_share=auto"}, 1},
		"auto at the usual Redis":  {[]string{"--mps_share=auto"}, 1},
		"share at the usual Redis": {[]string{"--mps_share=0.5"}, 0.5},
	} {
		t.Run(name, func(t *testing.T) {
			config, err := parse(c.args...)
			if err != nil {
				t.Fatal(err)
			}
			if got := config.Workers.Partition().Share; got != c.want {
				t.Errorf("share %g, want %g", got, c.want)
			}
		})
	}
	for _, wrong := range []string{"-1", "2", "NaN", "half", ""} {
		if _, err := parse("--mps_share=" + wrong); err == nil {
			t.Errorf("--mps_share=%s is taken", wrong)
		}
	}
}

func TestTheWorkersAreToldWhatBecomesOfLongTexts(t *testing.T) {
	c := goodConfig(t)
	c.Workers.Share, c.Model.LongText, c.Workers.Redis.URL, c.Workers.ClaimTimeout, c.Workers.LostAfter = 1, "chunk", "redis://node1", 1, 1
	if err := c.Complete(); err != nil {
		t.Errorf("--long_text=chunk is refused: %v", err)
	}
}
