package config

import (
	"errors"
	"testing"
)

func TestAnErrorSaysWhereItsSettingIsFrom(t *testing.T) {
	from := map[string]string{"precision": fromVariable, "keep": "/data/threadloom.toml", "root": "flag"}
	for text, want := range map[string]string{
		`--precision "int8": want fp32`:      `--precision "int8": want fp32 (--precision is from THREADLOOM_PRECISION)`,
		"--keep: no column; see --keep":      "--keep: no column; see --keep (--keep is from /data/threadloom.toml)",
		"check --root and --suffix":          "check --root and --suffix",
		"--keep and --precision":             "--keep and --precision (--keep is from /data/threadloom.toml, --precision is from THREADLOOM_PRECISION)",
		"no folder a--keep-b and no setting": "no folder a--keep-b and no setting",
		"--keep_all is no setting of a user": "--keep_all is no setting of a user",
	} {
		err := WithOrigins(Usagef("%s", text), from)
		var usage UsageError
		if !errors.As(err, &usage) || err.Error() != want {
			t.Errorf("got %q, want %q", err, want)
		}
	}
	failed := errors.New("--keep: the disk is full")
	if got := WithOrigins(failed, from); got.Error() != failed.Error() {
		t.Errorf("what is no wrong setting becomes %q", got)
	}
	if WithOrigins(nil, from) != nil {
		t.Error("no error becomes one")
	}
}
