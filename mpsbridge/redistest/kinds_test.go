package redistest

import (
	"strings"
	"testing"
)

func TestAServerIsFound(t *testing.T) {
	t.Chdir(t.TempDir()) // no .venv is above it
	t.Setenv("PATH", "")
	t.Setenv("REDIS_SERVER", "")
	t.Setenv("VALKEY_SERVER", "")
	if program, err := find(kinds); err == nil || !strings.Contains(err.Error(), "apt-get install redis-server") {
		t.Errorf("without any server: %q, %v, want an error that names the command", program, err)
	}
	t.Setenv("VALKEY_SERVER", "/there/valkey-server")
	if program, err := find(kinds); err != nil || program != "/there/valkey-server" {
		t.Errorf("with a variable: %q, %v", program, err)
	}
	if program, err := find(kinds[:1]); err == nil {
		t.Errorf("%s is taken for Redis", program)
	}
}
