package doctor

import (
	"strings"
	"testing"
)

func TestMountOfIsTheNearest(t *testing.T) {
	mounts := `overlay / overlay rw 0 0
node1:/data /data nfs4 rw 0 0
/dev/sdb1 /data/fast ext4 rw 0 0
server:/old /mnt/with\040space nfs rw 0 0
server:/new /mnt/with\040space nfs4 rw 0 0
half a
`
	for path, want := range map[string]string{
		"/data/chains/2026":   " (nfs4 on /data)",
		"/data":               " (nfs4 on /data)",
		"/data/fast/chains":   " (ext4 on /data/fast)",
		"/database":           " (overlay on /)",
		"/mnt/with space/one": " (nfs4 on /mnt/with space)",
	} {
		if got := mountOf(path, mounts); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	if got := mountOf("/data", ""); got != "" {
		t.Errorf("where mounts are not known: %q", got)
	}
}

func TestFindingsAreALineEachAndOneForWhatToDo(t *testing.T) {
	text := Text([]Finding{
		{fine, "cpu", "2 cores", ""}, {fails, "python", "no such\nfile", "run 'make setup'"},
	})
	want := "ok    cpu       2 cores\nfail  python    no such file\n                → run 'make setup'\n"
	if text != want || strings.Count(text, "\n") != 3 {
		t.Errorf("got\n%swant\n%s", text, want)
	}
}
