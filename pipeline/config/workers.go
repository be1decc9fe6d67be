package config

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/pflag"
	"github.com/threadloom/threadloom/mpsbridge"
	"github.com/threadloom/threadloom/transforms"
)

// Redis says where the queue of jobs is.
type Redis struct {
	URL   string
	Queue string
}

func (r *Redis) addFlags(flags *pflag.FlagSet) {
	flags.StringVar(&r.URL, "redis", "redis://127.0.0.1:6379", "`URL` of the Redis between the pipeline and its workers (docs/redis.md); the password may be in THREADLOOM_REDIS_PASSWORD")
	flags.StringVar(&r.Queue, "queue", mpsbridge.DefaultQueue, "`name` of the list of jobs in Redis")
}

// Workers says which files workers on other machines embed, and how they get them.
type Workers struct {
	Redis        Redis
	Share        float64 // of the files, or autoShare
	Subreddits   []string
	PathMap      []string
	ClaimTimeout time.Duration
	LostAfter    time.Duration

	redisGiven, shareGiven bool
}

func (w *Workers) addFlags(flags *pflag.FlagSet) {
	w.Share = autoShare
	flags.Var(parsed[float64]{&w.Share, "share", parseShare, shareText}, "mps_share", "`share` of the files that workers on other machines (threadloom-worker) embed: 0 to 1, or auto, which gives each file to whoever is free (default auto if --redis is given, else 0)")
	flags.Lookup("mps_share").DefValue = "" // the usage says what the default is
	flags.Var(list{values: &w.Subreddits}, "mps_subreddits", "comma-separated `subreddits` whose files are all for workers (default, and if empty: none)")
	w.Redis.addFlags(flags)
	flags.Var(list{&w.PathMap, true}, "path_map", "`FROM=TO`: workers see this machine's folder FROM under the path TO (may be repeated)")
	w.ClaimTimeout, w.LostAfter = 10*time.Minute, 2*time.Minute
	flags.Var(duration(&w.ClaimTimeout), "mps_claim_timeout", "`time` (90s, 1m30s, or seconds) after which a file that no worker has begun is embedded here")
	flags.Var(duration(&w.LostAfter), "bridge_lost_after", "`time` (90s, 1m30s, or seconds) after which a file that Redis has forgotten is queued again")
}

func (w *Workers) check() error {
	if w.Share != autoShare && !(w.Share >= 0 && w.Share <= 1) { // NaN is neither
		return Usagef("--mps_share %g: want auto, or 0 to 1", w.Share)
	}
	if w.Asked() {
		if _, err := mpsbridge.ParseURL(w.Redis.URL); err != nil {
			return Usagef("--redis: %w", err)
		}
	}
	if !w.Bridged() {
		return nil
	}
	if w.ClaimTimeout <= 0 || w.LostAfter <= 0 {
		return Usagef("--mps_claim_timeout and --bridge_lost_after: want more than 0")
	}
	if _, err := mpsbridge.ParsePathMaps(w.PathMap); err != nil {
		return Usagef("--path_map: %w", err)
	}
	return nil
}

// checkSubreddits refuses a subreddit of --mps_subreddits that is neither in the list nor has a
// folder: it is misspelt, and its files would not go to the workers.
func (w *Workers) checkSubreddits(files *Files) error {
	for _, name := range w.Subreddits {
		if slices.Contains(files.Names, name) {
			continue
		}
		if _, err := os.Stat(filepath.Join(files.Layout().Chains, name)); err != nil {
			return Usagef("--mps_subreddits: the list of subreddits has no %q%s", name, DidYouMean(name, files.Names))
		}
	}
	return nil
}

// Partition says which files workers may have.
func (w *Workers) Partition() transforms.PartitionOptions {
	return transforms.PartitionOptions{Share: w.share(), Subreddits: w.Subreddits}
}

// Bridged reports whether workers may have any file.
func (w *Workers) Bridged() bool { return w.Partition().Bridged() }

// Asked reports whether somebody has named a Redis, or workers may have files.
func (w *Workers) Asked() bool { return w.redisGiven || w.Bridged() }

// autoShare is the value of --mps_share that gives each file to whoever is free: a worker, or
// this process.
const autoShare = -1

const autoText = "auto"

// share is the share of the files that workers may have. auto means all files if somebody has named
// a Redis or has given the flag itself, and none otherwise.
func (w *Workers) share() float64 {
	switch {
	case w.Share != autoShare:
		return w.Share
	case w.shareGiven || w.redisGiven && len(w.Subreddits) == 0:
		return 1
	}
	return 0
}

func shareText(share float64) string {
	if share == autoShare {
		return autoText
	}
	return strconv.FormatFloat(share, 'g', -1, 64)
}

func parseShare(text string) (float64, error) {
	if text == autoText {
		return autoShare, nil
	}
	number, err := strconv.ParseFloat(text, 64)
	if err != nil || !(number >= 0 && number <= 1) { // NaN is neither
		return 0, errors.New("want auto, or 0 to 1")
	}
	return number, nil
}
