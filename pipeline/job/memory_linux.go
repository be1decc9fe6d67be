package job

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// freeMemory returns how many bytes this process can still take, as far as the system tells: of the
// machine, and of the control groups (cgroup v2) that it is in.
func freeMemory() int64 {
	free := machineMemory()
	b, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return free
	}
	for line := range strings.Lines(string(b)) {
		group, v2 := strings.CutPrefix(strings.TrimSpace(line), "0::")
		for v2 && group != "" {
			folder := filepath.Join("/sys/fs/cgroup", group)
			if most, used := number(folder, "memory.max"), number(folder, "memory.current"); most >= 0 && used >= 0 {
				free = min(free, max(0, most-used))
			}
			if group == "/" {
				break
			}
			group = filepath.Dir(group)
		}
	}
	return free
}

func number(folder, name string) int64 {
	b, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		return -1
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
	if err != nil { // such as max
		return -1
	}
	return n
}

func machineMemory() int64 {
	f, err := os.Open("/proc/meminfo")
	if err != nil {
		return math.MaxInt64
	}
	defer f.Close() //nolint:errcheck // it was only read
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var kib int64
		if n, _ := fmt.Sscanf(lines.Text(), "MemAvailable: %d kB", &kib); n == 1 {
			return kib << 10
		}
	}
	return math.MaxInt64
}
