package config

import (
	"cmp"
	"flag"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/runners" // registers --runner
	"github.com/spf13/pflag"
	"github.com/threadloom/threadloom/runners"
)

// Flink says which runner runs the pipeline, and where Flink is.
type Flink struct {
	Runner string
	runners.Options
}

// addFlags adds the flags that are not Beam's.
func (f *Flink) addFlags(flags *pflag.FlagSet) {
	flags.StringVar(&f.FlinkMaster, "flink_master", "", "`HOST:PORT` of Flink's REST address, such as node1:8081")
	flags.StringVar(&f.JobServer, "flink_job_server", "", "`jar` of Beam's job server for Flink (default: the one that 'make flink' built)")
	flags.StringVar(&f.Boot, "flink_boot", "", "`path`, on Flink's machines, of the program that starts workers (default: the one that 'make flink' built)")
	flags.StringVar(&f.StagingDir, "staging_dir", "", "`folder` for the worker binary, which Flink's machines must see, too (default {root})")
}

// addBeams adds Beam's flags, which its packages register on Go's global flag set; they are shared,
// so that their names are kept.
func (s *Settings) addBeams(beams *flag.FlagSet) {
	s.beams = beams
	s.flags.AddGoFlagSet(s.beams)
	runner := s.flags.Lookup("runner")
	runner.Usage = "`what` runs the pipeline: prism (this machine; the default) or flink"
	setGroup(runner, groupFlink)
	s.flags.VisitAll(func(f *pflag.Flag) { f.Hidden = !isOwn(f) }) // from completion, too: Beam has dozens
}

// readBeams reads what Beam's flags were set to.
func (f *Flink) readBeams(flags *pflag.FlagSet) {
	runner := flags.Lookup("runner").Value
	f.Runner = cmp.Or(runner.String(), "prism")
	_ = runner.Set(f.Runner) // it is a text, which takes every value
	f.Endpoint, f.Async = *jobopts.Endpoint, *jobopts.Async
}

func (f *Flink) fill(home Home, root string) {
	f.JobServer = cmp.Or(f.JobServer, home.path("build", "flink", "job-server.jar"))
	f.Boot = cmp.Or(f.Boot, home.path("build", "flink", "boot"))
	f.StagingDir = cmp.Or(f.StagingDir, root) // every machine sees it
}

// Named returns the runner that is asked for.
func (f *Flink) Named() (runners.Runner, error) {
	runner, err := runners.Named(f.Runner, f.Options)
	if err != nil {
		return nil, Usagef("--runner: %w", err)
	}
	return runner, nil
}
