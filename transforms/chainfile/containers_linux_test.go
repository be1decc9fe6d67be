package chainfile

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/threadloom/threadloom/transforms/rooted"
)

// sweeps is the step in which this program sweeps the folder in its first argument.
const sweeps = "sweep"

func sweepAll(folder string) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		panic(err)
	}
	var unfinished []string
	for _, e := range entries {
		if IsUnfinished([]byte(e.Name())) {
			unfinished = append(unfinished, e.Name())
		}
	}
	Sweep(rooted.Path{Root: folder, Path: folder}, unfinished)
}

// container returns a command that starts another one in a PID namespace of its own. It first
// starts before others, so that the PIDs in two containers differ.
func container(t *testing.T, before string) []string {
	t.Helper()
	unshare := []string{"unshare", "--pid", "--fork", "--mount-proc", "--kill-child"}
	if out, err := exec.Command(unshare[0], append(unshare[1:], "true")...).CombinedOutput(); err != nil {
		why := "no PID namespaces (unshare --pid --mount-proc wants root): " + string(out)
		if os.Getenv("CI") != "" {
			t.Fatal(why)
		}
		t.Skip(why)
	}
	const script = `i=0; while [ $i -lt "$0" ]; do /bin/true; i=$((i+1)); done; "$@"; exit $?`
	return append(unshare, "sh", "-c", script, before)
}

func TestTwoContainersOfOneHostNameDeleteNothingOfEachOther(t *testing.T) {
	here, there := container(t, "300"), container(t, "0")
	input, folder := filepath.Join(t.TempDir(), "in.parquet"), t.TempDir()
	rows := someChains(rowGroupRows+300, "a")
	writeChains(t, input, rows, int64(len(rows)))
	writer := stopAt(t, begun, input, filepath.Join(folder, "out.parquet"), here...)
	sweeper := exec.Command(there[0], append(there[1:], os.Args[0], folder)...)
	sweeper.Env = append(os.Environ(), stepVariable+"="+sweeps)
	if out, err := sweeper.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if _, unfinished := leftIn(t, folder); len(unfinished) != 1 {
		t.Error("the file of a process that lives in another container was swept")
	}
	if err := errors.Join(writer.goOn.Close(), writer.Wait()); err != nil {
		t.Fatal(err)
	}
	if outputs, unfinished := leftIn(t, folder); len(outputs) != 1 || len(unfinished) > 0 {
		t.Errorf("left are the outputs %v and the unfinished %v", outputs, unfinished)
	}
}
