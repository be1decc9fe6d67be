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

// readOnly is how /proc/self/maps writes the rights of what may only be read.
const readOnly = "r--p"

// mapping is a part of this process's memory that shows a file.
type mapping struct{ from, to uintptr }

// letGoOfFiles drops the pages of the files below a folder from this process's
// memory. ONNX Runtime maps the weights, and what multiplies matrices has its own,
// packed copy of most by now: what is still needed (the rows of the words met) comes
// back from the file when it is read. Nothing is done where the system has no /proc.
func letGoOfFiles(folder string) {
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
	for _, m := range mappedBelow(folder, string(maps)) {
		// Only memory is lost if the kernel refuses.
		_ = C.let_go(C.uintptr_t(m.from), C.uintptr_t(m.to))
	}
}

// mappedBelow lists the mappings of files below a folder in the text of
// /proc/self/maps. A mapping that may be written to, or that runs, is left out: its
// pages may hold what the file does not.
func mappedBelow(folder, maps string) []mapping {
	var found []mapping
	for line := range strings.Lines(maps) {
		var m mapping
		var rights, offset, device, inode string
		n, err := fmt.Sscanf(line, "%x-%x %s %s %s %s", &m.from, &m.to, &rights, &offset, &device, &inode)
		if err != nil || n != 6 || rights != readOnly {
			continue
		}
		_, path, _ := strings.Cut(line, " /")
		if strings.HasPrefix("/"+path, folder+"/") {
			found = append(found, m)
		}
	}
	return found
}
