package models

/*
#cgo LDFLAGS: -L${SRCDIR}/../build/lib
#if !__has_include("../build/lib/ready.h")
#error "Threadloom's native libraries are not set up: run 'make setup' in the repository's top folder"
#endif

#include <stdlib.h>
#if defined(__GLIBC__)
#include <malloc.h>
static void few_arenas(int n) { mallopt(M_ARENA_MAX, n); }
static void give_back(void) { malloc_trim(0); }
#else
static void few_arenas(int n) { (void)n; }
static void give_back(void) {}
#endif
*/
import "C"

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	ort "github.com/yalue/onnxruntime_go"
)

// libraryName is what set-up calls ONNX Runtime's shared library on every system.
const libraryName = "libonnxruntime.so"

// nativeDir is where the shared libraries lie.
func (c Config) nativeDir() string {
	return cmp.Or(c.NativeDir, filepath.Join(CompiledIn(), "build", "lib"))
}

// library is ONNX Runtime's shared library.
func (c Config) library() string {
	return cmp.Or(c.Library, filepath.Join(c.nativeDir(), libraryName))
}

// CompiledIn is the folder this program was compiled in, below which set-up puts what it makes;
// empty if the build did not record it (-trimpath).
func CompiledIn() string {
	_, file, _, ok := runtime.Caller(0)
	if !ok || !filepath.IsAbs(file) {
		return ""
	}
	return filepath.Dir(filepath.Dir(file))
}

// library is ONNX Runtime's, which can be loaded once in a process.
type library struct {
	mu   sync.Mutex
	path string // empty: it is not loaded
}

// coresPerArena is how many cores share one heap of glibc's.
const coresPerArena = 4

// Go calls C from many threads. glibc would make up to eight heaps for each core, and what the
// tokenizer has freed stays in its heap: 100 MB more on two cores.
func init() { C.few_arenas(C.int(max(1, runtime.NumCPU()/coresPerArena))) }

// giveBackFreed returns freed memory to the system: opening a model takes several
// times its size for a moment.
func giveBackFreed() { C.give_back() }

// load loads ONNX Runtime from path. It fails if it was loaded from another path before.
func (l *library) load(path string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.path == path {
		return nil
	}
	if l.path != "" {
		return fmt.Errorf("ONNX Runtime is already loaded from %s", l.path)
	}
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("no ONNX Runtime library at %s: run 'make setup' or name one with --onnxruntime_lib", path)
	}
	ort.SetSharedLibraryPath(path)
	if err := ort.InitializeEnvironment(ort.WithLogLevelError()); err != nil {
		return fmt.Errorf("loading ONNX Runtime from %s: %w", path, err)
	}
	l.path = path
	return nil
}

// loadedFrom returns where ONNX Runtime was loaded from.
func (l *library) loadedFrom() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.path
}
