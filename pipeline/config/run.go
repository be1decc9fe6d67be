// Package config holds everything that can be set: flags, environment, the settings' file, defaults, and
// the checks that settings go together.
//
// A part is a struct with the settings of one subject. Its file has their flags (addFlags), what
// follows from other settings (fill), and what is refused (check). A command is a struct of the parts
// that it needs, with a function that returns it with its flags: ForRun, ForAssign, ForQueue.
package config

import (
	"context"
	"flag"
	"slices"

	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/runners"
	"github.com/threadloom/threadloom/transforms/embedding"
	"github.com/threadloom/threadloom/transforms/outputs"
	"github.com/threadloom/threadloom/transforms/remote"
)

// Run has the settings of a run, and of the commands that say what a run would do.
type Run struct {
	*Settings
	Files      Files
	Outputs    Outputs
	Model      Model
	Workers    Workers
	Clustering Clustering
	Flink      Flink
	Watching   Watching
}

// ForRun returns the settings of a run, and of the commands that say what a run would do.
func ForRun() *Run {
	r := &Run{}
	r.Settings = newSettings(
		in(groupFiles, r.Files.addFlags, r.Outputs.addFlags),
		in(groupModel, r.Model.addFlags),
		in(groupWorkers, r.Workers.addFlags),
		in(groupClusters, r.Clustering.addFlags),
		in(groupFlink, r.Flink.addFlags),
		in(groupWatch, r.Watching.addFlags),
	)
	r.addBeams(flag.CommandLine)
	return r
}

// Read reads the settings that parsed flags override: the environment (NAME=VALUE) and the
// settings' file.
func (r *Run) Read(environ func() []string) error {
	if err := r.Settings.Read(environ); err != nil {
		return err
	}
	r.Flink.readBeams(r.flags)
	r.Workers.redisGiven, r.Workers.shareGiven = r.given("redis"), r.given("mps_share")
	if slices.Contains(r.Outputs.Keep, r.Files.TextColumn) {
		return Usagef("--keep: the text column %q is not kept", r.Files.TextColumn)
	}
	return nil
}

// Complete fills in what follows from other settings and checks all of them
// before anything runs.
func (r *Run) Complete() error { return firstError(r.Fill, r.Validate) }

// CompleteAlone completes the settings of a command that looks at files here and needs neither a
// cluster nor the clustering.
func (r *Run) CompleteAlone() error {
	r.Flink.Runner, r.Flink.Async, r.Clustering.On = "prism", false, false
	return r.Complete()
}

// Fill fills in what follows from other settings.
func (r *Run) Fill() error {
	if err := r.Files.fill(); err != nil {
		return err
	}
	r.Clustering.fill(r.Files.Home)
	r.Flink.fill(r.Files.Home, r.Files.Root)
	return r.Model.fill(r.Files.Home)
}

// Validate refuses wrong settings before anything runs.
func (r *Run) Validate() error {
	runner, err := r.Flink.Named()
	if err != nil {
		return err
	}
	return firstError(
		r.Model.check, r.Outputs.check, r.Clustering.check, r.Watching.check, r.Workers.check, r.checkTogether, r.Files.check,
		func() error { return r.checkMachine(runner) },
		func() error { return r.Workers.checkSubreddits(&r.Files) },
		func() error { return r.Outputs.checkKept(&r.Files) },
		func() error { return usage(runner.Check(context.Background())) },
	)
}

// checkTogether refuses settings of several parts that do not go together.
func (r *Run) checkTogether() error {
	if r.Workers.Bridged() && r.Outputs.Check == outputs.CheckFingerprint && r.Model.Precision != models.FP32 && r.Model.Precision != models.Auto {
		return Usagef("--check=fingerprint: the workers on other machines embed in fp32, and their outputs would be stale: set --mps_share=0 or --precision=fp32")
	}
	if r.Clustering.StartsPython() && r.Flink.Async {
		return Usagef("--async: the clustering service would end with this program: name one that stays with --cluster_endpoint, or skip clustering with --cluster=false")
	}
	return nil
}

// checkMachine looks for what the run needs on this machine. Other machines that embed check themselves.
func (r *Run) checkMachine(runner runners.Runner) error {
	if runner.InProcess() || r.Workers.Bridged() {
		if err := r.Model.checkFolder(r.Files.Home); err != nil {
			return err
		}
	}
	if runner.InProcess() {
		if err := r.Model.checkNative(r.Files.Home); err != nil {
			return err
		}
	}
	if r.Clustering.StartsPython() {
		return checkPython(r.Clustering.Python, r.Files.Home, ", or skip clustering with --cluster=false")
	}
	return nil
}

// Embedding says how files are embedded.
func (r *Run) Embedding() embedding.Options {
	return embedding.Options{
		Layout: r.Files.Layout(), Model: r.Model.Config, TextColumn: r.Files.TextColumn, Keep: r.Outputs.Keep,
		FixedSizeLists: r.Outputs.FixedSizeLists,
	}
}

// Checking says how closely an output that exists is checked.
func (r *Run) Checking() outputs.CheckOptions {
	return outputs.CheckOptions{Kind: r.Outputs.Check, Model: r.Model.Config}
}

// Bridge says how files reach workers on other machines.
func (r *Run) Bridge() remote.Options {
	runner, err := r.Flink.Named() // Validate has refused an unknown one
	w := &r.Workers
	return remote.Options{
		Embed: r.Embedding(), Redis: w.Redis.URL, Queue: w.Redis.Queue, PathMap: w.PathMap,
		ClaimTimeout: w.ClaimTimeout, LostAfter: w.LostAfter, Spread: err == nil && !runner.InProcess(),
	}
}
