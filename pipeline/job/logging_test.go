package job

import (
	"bytes"
	"context"
	"log"
	"log/slog"
	"testing"

	beamlog "github.com/apache/beam/sdks/v2/go/pkg/beam/log"
)

func TestWhatIsLogged(t *testing.T) {
	var written bytes.Buffer
	handler := slog.NewTextHandler(&written, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	})
	old := slog.Default()
	defer slog.SetDefault(old)
	slog.SetDefault(slog.New(beamHandler{handler}))
	for _, c := range []struct {
		name string
		say  func()
		want string
	}{
		{"ours", func() { slog.Info("Redis answers again") }, "level=INFO msg=\"Redis answers again\"\n"},
		{"our error", func() { slog.Error("a library panicked") }, "level=ERROR msg=\"a library panicked\"\n"},
		{"a DoFn's warning", func() { slog.Warn("[SDK] dead letter") }, "level=WARN msg=\"dead letter\"\n"},
		{"the harness's errors", func() { slog.Error("[SDK] bundle failed") }, ""},
		{"the harness's connections", func() { slog.Warn("[SDK] dataWriter[e1;1] error on send: rpc error: code = Canceled") }, ""},
		{"the harness's work", func() { slog.Info("[SDK] connected") }, ""},
		{"Beam's warning", func() { beamlog.Warn(context.Background(), "additional bundle response") }, ""},
		{"a library's", func() { log.Print("something") }, ""},
	} {
		written.Reset()
		c.say()
		if got := written.String(); got != c.want {
			t.Errorf("%s: logged %q, want %q", c.name, got, c.want)
		}
	}
}
