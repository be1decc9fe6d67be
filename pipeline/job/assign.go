package job

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/threadloom/threadloom/cluster"
	"github.com/threadloom/threadloom/pipeline/config"
)

// Assigned is the result of an assignment.
type Assigned struct {
	cluster.Assignment
	folder string // of the clusters
}

// Assign puts the embedded chains of a suffix into the clusters of an earlier run.
func Assign(ctx context.Context, c *config.Assign) (a Assigned, err error) {
	a.folder = c.Files.Clusters()
	files, err := c.Files.Embedded()
	if err != nil {
		return a, err
	}
	held, err := takeLeases(a.folder) // a run writes there, too
	if err != nil {
		return a, err
	}
	defer held.release()
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	held.whenLost(ctx, stop)
	a.Assignment, err = cluster.Assign(ctx, c.Python, c.Model, a.folder, held.of(a.folder).Path(), c.Files.TextColumn, c.Grow, files)
	if lost := held.held(); lost != nil {
		return a, lost
	}
	return a, err
}

// Text is an assignment for readers.
func (a Assigned) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "assigned  %d rows of %d files in %.1f s\n", a.Rows, a.Files, a.Seconds)
	fmt.Fprintf(&b, "noise     %.1f %%; expected %.1f %%, as among the rows that the clusters were found with\n", 100*a.NoiseShare, 100*a.FittedNoiseShare)
	for _, k := range a.Clusters {
		before := fmt.Sprintf("then %4.1f %%", 100*k.FittedShare)
		if k.New {
			before = "new        "
		}
		fmt.Fprintf(&b, "%9d  %4.1f %%, %s  %s\n", k.Rows, 100*k.Share, before, k.Name)
	}
	for _, w := range a.Warnings {
		fmt.Fprintf(&b, "warning   %s\n", w)
	}
	if a.Grown != "" {
		fmt.Fprintf(&b, "model     %s, with the new clusters, for the next 'assign --model'\n", a.Grown)
	}
	fmt.Fprintf(&b, "labels    %s\n", filepath.Join(a.folder, "assigned.parquet"))
	return b.String()
}

// ReportLeftOut says in one line which files were left out, and returns the exit code.
func (a Assigned) ReportLeftOut(errs io.Writer) int {
	first := a.LeftOut[:min(len(a.LeftOut), leftOutNamed)]
	return reportLeftOut(ExitDone, errs, a.FilesLeftOut, first, filepath.Join(a.folder, "assigned.json"))
}
