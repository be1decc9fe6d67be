package job

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/threadloom/threadloom/cluster"
	"github.com/threadloom/threadloom/pipeline/config"
)

// leftOutNamed is how many of the files that clustering left out are named.
const leftOutNamed = 3

// nameLeftOut adds the first files that clustering left out. It reads what the
// clustering has written, because that may have run in another process.
func (s *summary) nameLeftOut(c *config.Run) (err error) {
	if s.FilesLeftOut == 0 {
		return nil
	}
	folders := []string{c.Files.Clusters()}
	if c.Clustering.By != config.ByAll {
		folders = folders[:0]
		for _, name := range c.Files.Names {
			folders = append(folders, filepath.Join(c.Files.Clusters(), name))
		}
	}
	s.LeftOut, s.leftOutList, err = cluster.FirstLeftOut(folders, leftOutNamed)
	return err
}

// nothingClustered is an error if there were files to cluster and none could take part.
func nothingClustered(s *summary, counts map[string]int64) error {
	if s.FilesLeftOut == 0 || counts["clustered_files"] > 0 {
		return nil
	}
	return fmt.Errorf("no file can be clustered: %s", cluster.Sentence(s.FilesLeftOut, s.LeftOut))
}

// reportLeftOut says in one line which files clustering left out, if that is all that
// went wrong in the run, and returns the exit code.
func reportLeftOut(code int, errs io.Writer, count int64, first []cluster.LeftOut, list string) int {
	if count == 0 || code != ExitDone && code != ExitDeadLetters {
		return code
	}
	line := cluster.Sentence(count, first)
	if list != "" {
		line += "; the list is " + list
	}
	fmt.Fprintln(errs, line)
	return ExitDeadLetters
}
