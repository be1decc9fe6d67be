package models

/*
#include <stdint.h>
#include <sys/mman.h>
static int let_go(uintptr_t from, uintptr_t to) { return madvise((void *)from, to - from, MADV_DONTNEED); }
*/
import "C"

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// How /proc/self/maps writes the rights of memory that cannot differ from its file.
const (
	readOnly = "r--p" // of weights; a library's constants may have been written to before
	code     = "r-xp"
)

// mapping is a part of this process's memory that shows a file.
type mapping struct{ from, to uintptr }

// letGoOfFiles drops the pages of mapped files that the process hardly needs any more.
// ONNX Runtime maps the weights, but the matrix products use packed copies of most of
// them by now. And starting the program and opening a model run much code of the program
// and the libraries that embedding does not need. A page that is still needed, such as the
// vector of a word, is read from the file again.
func (e *Engine) letGoOfFiles() {
	letGo(filepath.Dir(e.Folder.file(graphFile)), readOnly) // weights lie beside their graph
	letGo(filepath.Dir(e.library), code)
	letGoOfProgram()
}

// letGoOfProgram drops the pages of the program's own code. Open calls it before it loads
// the libraries, too, because the memory of a run is highest while the model opens.
func letGoOfProgram() {
	if program, err := os.Executable(); err == nil {
		letGo(filepath.Dir(program), code)
	}
}

// letGo drops the pages with certain rights of the files below a folder. It does
// nothing if the system has no /proc.
func letGo(folder, rights string) {
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return
	}
	folder, err = filepath.EvalSymlinks(folder) // as the kernel names it
	if err != nil {
		return
	}
	if folder, err = filepath.Abs(folder); err != nil {
		return
	}
	for _, m := range mappedBelow(folder, rights, string(maps)) {
		// Only memory is lost if the kernel refuses.
		_ = C.let_go(C.uintptr_t(m.from), C.uintptr_t(m.to))
	}
}

// mappedBelow lists the mappings with certain rights of files below a folder in the
// text of /proc/self/maps.
func mappedBelow(folder, wanted, maps string) []mapping {
	var found []mapping
	for line := range strings.Lines(maps) {
		var m mapping
		var rights, offset, device, inode string
		n, err := fmt.Sscanf(line, "%x-%x %s %s %s %s", &m.from, &m.to, &rights, &offset, &device, &inode)
		if err != nil || n != 6 || rights != wanted {
			continue
		}
		_, path, _ := strings.Cut(line, " /")
		if strings.HasPrefix("/"+path, folder+"/") {
			found = append(found, m)
		}
	}
	return found
}
