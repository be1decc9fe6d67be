package chainfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/threadloom/threadloom/transforms/rooted"
)

// The steps of writing an output after which a process is stopped.
const (
	created  = "created"
	begun    = "half of it written"
	finished = "finished and not on the disk"
	stored   = "on the disk and not renamed"
	placed   = "renamed and not counted"
)

// stepVariable makes this program write an output, from its first argument to its second,
// and wait after a step.
const stepVariable = "CHAINFILE_TEST_STEP"

func TestMain(m *testing.M) {
	step := os.Getenv(stepVariable)
	if step == "" {
		os.Exit(m.Run())
	}
	ends := make(chan os.Signal, 1) // ends this program as the second signal ends a run
	signal.Notify(ends, syscall.SIGTERM, syscall.SIGINT)
	go func() { os.Exit(128 + int((<-ends).(syscall.Signal))) }()
	if step == sweeps {
		sweepAll(os.Args[1])
		return
	}
	if err := writeTo(step, os.Args[1], os.Args[2]); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// writeTo writes an output, and after a step waits until standard input ends.
func writeTo(step, input, output string) error {
	reach := func(s string) {
		if s == step {
			fmt.Println(s)
			_, _ = io.Copy(io.Discard, os.Stdin)
			step = ""
		}
	}
	in, err := Open(at(input), "text", nil)
	if err != nil {
		return err
	}
	out, err := Start(at(output))
	if err != nil {
		return err
	}
	out.Begin(in, false)
	reach(created)
	for {
		chunk, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		n := len(chunk.Texts)
		e := Embeddings{Vectors: make([]float32, n*dimension), Tokens: make([]int32, n), Truncated: make([]bool, n)}
		for i := range e.Vectors { // zeros would compress so well that nothing leaves the writer's buffer
			e.Vectors[i] = rand.Float32()
		}
		if err := out.Write(chunk, e); err != nil {
			return err
		}
		if info, err := out.file.Stat(); err == nil && info.Size() > 0 {
			reach(begun)
		}
	}
	if err := out.finish(Fingerprint{InputRows: in.Rows}); err != nil {
		return err
	}
	reach(finished)
	if err := out.store(); err != nil {
		return err
	}
	reach(stored)
	if err := out.place(); err != nil {
		return err
	}
	reach(placed)
	return in.Close()
}

// stopped is a process that waits after a step.
type stopped struct {
	*exec.Cmd
	goOn io.Closer
}

// stopAt starts a process that stops after a step. in is the command that starts it, unless this
// process starts it itself.
func stopAt(t *testing.T, step, input, output string, in ...string) stopped {
	t.Helper()
	command := slices.Concat(in, []string{os.Args[0], input, output})
	s := stopped{Cmd: exec.Command(command[0], command[1:]...)}
	s.Env = append(os.Environ(), stepVariable+"="+step)
	said, err := s.StdoutPipe()
	if err == nil {
		s.goOn, err = s.StdinPipe()
	}
	if err == nil {
		err = s.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Process.Kill() }) // needed if the test failed
	if line, err := bufio.NewReader(said).ReadString('\n'); line != step+"\n" {
		t.Fatalf("%q, error %v, want %q", line, err, step)
	}
	return s
}

// leftIn returns the outputs and the unfinished files of a folder. There must be nothing else.
func leftIn(t *testing.T, folder string) (outputs, unfinished []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if IsUnfinished([]byte(e.Name())) {
			unfinished = append(unfinished, e.Name())
		} else {
			outputs = append(outputs, e.Name())
		}
	}
	return outputs, unfinished
}

func TestAWriterThatEndsAfterAnyStepLeavesNoHalfOutput(t *testing.T) {
	input := filepath.Join(t.TempDir(), "in.parquet")
	rows := someChains(rowGroupRows+300, "a") // more than are held in memory
	writeChains(t, input, rows, int64(len(rows)))
	for _, step := range []string{created, begun, finished, stored, placed} {
		for _, sig := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM, syscall.SIGINT, syscall.SIGSTOP} {
			t.Run(fmt.Sprintf("%s, %v", step, sig), func(t *testing.T) {
				folder := t.TempDir()
				output := filepath.Join(folder, "out.parquet")
				child := stopAt(t, step, input, output)
				whole := func() {
					t.Helper()
					if got, err := Check(at(output)); err != nil || got != int64(len(rows)) {
						t.Fatalf("%d rows, error %v, want %d", got, err, len(rows))
					}
				}
				outputs, unfinished := leftIn(t, folder)
				if want := step == placed; len(outputs) > 0 != want || len(unfinished) > 0 == want {
					t.Fatalf("the folder has the outputs %v and the unfinished %v", outputs, unfinished)
				}
				if err := child.Process.Signal(sig); err != nil {
					t.Fatal(err)
				}
				if sig == syscall.SIGSTOP { // the process must be continued; the other signals end it at once
					if n := Sweep(rooted.Path{Root: folder, Path: folder}, unfinished); len(n) > 0 {
						t.Fatal("the file of a process that is stopped was swept")
					}
					if err := errors.Join(child.Process.Signal(syscall.SIGCONT), child.goOn.Close(), child.Wait()); err != nil {
						t.Fatal(err)
					}
				} else {
					if err := child.Wait(); err == nil {
						t.Fatal("it did not end by the signal")
					}
					if now, left := leftIn(t, folder); !slices.Equal(now, outputs) || !slices.Equal(left, unfinished) {
						t.Fatalf("its end left the outputs %v and the unfinished %v", now, left)
					}
					if step == placed {
						whole()
					}
					// The next run sweeps, and makes what is missing.
					if n := Sweep(rooted.Path{Root: folder, Path: folder}, unfinished); len(n) != len(unfinished) {
						t.Fatalf("%v of %v were swept", n, unfinished)
					}
					copyFile(t, input, output)
				}
				whole()
				if outputs, unfinished := leftIn(t, folder); len(outputs) != 1 || len(unfinished) > 0 {
					t.Fatalf("left are the outputs %v and the unfinished %v", outputs, unfinished)
				}
			})
		}
	}
}
