//go:build !darwin

package process

import (
	"os"
	"strings"
)

func boot() string {
	id, _ := os.ReadFile("/proc/sys/kernel/random/boot_id") // some sandboxes, and other systems than Linux, have none
	return strings.TrimSpace(string(id))
}
