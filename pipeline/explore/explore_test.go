package explore

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

var (
	scripts = fstest.MapFS{
		"index.html":        {Data: []byte("<!doctype html>\n<html>\n  <head>\n    <title>page</title></head></html>")},
		"assets/page.js":    {Data: []byte("run()")},
		"assets/page.wasm":  {Data: []byte("\x00asm")},
		"data/dataset.json": {Data: []byte("not of the page")},
	}
	data = fstest.MapFS{
		"metadata.json":   {Data: []byte(`{"props": {}}`)},
		"dataset.parquet": {Data: []byte("PAR1 0123456789 PAR1")},
		"secret":          {Data: []byte("secret")},
	}
)

// started serves the page until the test ends, and returns its address.
func started(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- serve(ctx, listener, newHandler(scripts, data, listener.Addr())) }()
	t.Cleanup(func() {
		stop()
		select {
		case err := <-ended:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(10 * time.Second):
			t.Error("the server does not end")
		}
	})
	return listener.Addr().String()
}

// ask sends raw bytes, because http.Client would clean the path, and returns the answer.
func ask(t *testing.T, at, method, path, host string, more ...string) (*http.Response, string) {
	t.Helper()
	conn, err := net.Dial("tcp4", at)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	lines := append([]string{method + " " + path + " HTTP/1.1", "Host: " + host, "Connection: close"}, more...)
	if _, err := io.WriteString(conn, strings.Join(lines, "\r\n")+"\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(body)
}

func TestServesThePageAndItsData(t *testing.T) {
	at := started(t)
	for path, want := range map[string]struct{ kind, body string }{
		"/":                     {"text/html; charset=utf-8", string(scripts["index.html"].Data)},
		"/assets/page.js":       {"text/javascript; charset=utf-8", "run()"},
		"/assets/page.wasm":     {"application/wasm", "\x00asm"},
		"/data/metadata.json":   {"application/json", `{"props": {}}`},
		"/data/dataset.parquet": {"application/octet-stream", "PAR1 0123456789 PAR1"},
	} {
		answer, body := ask(t, at, "GET", path, at)
		if answer.StatusCode != http.StatusOK || body != want.body || answer.Header.Get("Content-Type") != want.kind {
			t.Errorf("GET %s: %d %q %q", path, answer.StatusCode, answer.Header.Get("Content-Type"), body)
		}
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'"} {
			if !strings.Contains(answer.Header.Get(name), want) {
				t.Errorf("GET %s: %s: %q", path, name, answer.Header.Get(name))
			}
		}
	}
	if answer, body := ask(t, at, "HEAD", "/data/dataset.parquet", at); answer.ContentLength != 20 || body != "" {
		t.Errorf("HEAD: length %d, body %q", answer.ContentLength, body)
	}
	if answer, body := ask(t, at, "GET", "/data/dataset.parquet", at, "Range: bytes=5-9"); answer.StatusCode != http.StatusPartialContent || body != "01234" {
		t.Errorf("a range: %d %q", answer.StatusCode, body)
	}
}

func TestRefuses(t *testing.T) {
	at := started(t)
	_, port, _ := net.SplitHostPort(at)
	for _, c := range []struct {
		method, path, host string
		want               int
	}{
		{"GET", "/", "localhost:" + port, http.StatusOK},
		{"GET", "/", "evil.example:" + port, http.StatusMisdirectedRequest},
		{"GET", "/", "evil.example", http.StatusMisdirectedRequest},
		{"GET", "/", "127.0.0.1", http.StatusMisdirectedRequest},
		{"GET", "/", "127.0.0.1.evil.example:" + port, http.StatusMisdirectedRequest},
		{"GET", "/data/dataset.parquet", "localhost:1", http.StatusMisdirectedRequest},
		{"POST", "/", at, http.StatusMethodNotAllowed},
		{"POST", "/data/cache/x", at, http.StatusMethodNotAllowed},
		{"PUT", "/data/metadata.json", at, http.StatusMethodNotAllowed},
		{"DELETE", "/data/metadata.json", at, http.StatusMethodNotAllowed},
		{"OPTIONS", "/", at, http.StatusMethodNotAllowed},
		{"GET", "/assets", at, http.StatusNotFound},
		{"GET", "/assets/", at, http.StatusNotFound},
		{"GET", "/data/", at, http.StatusNotFound},
		{"GET", "/data/secret", at, http.StatusNotFound},
		{"GET", "/data/../secret", at, http.StatusNotFound},
		{"GET", "/secret", at, http.StatusNotFound},
		{"GET", "/../../../../etc/passwd", at, http.StatusNotFound},
		{"GET", "/%2e%2e/%2e%2e/etc/passwd", at, http.StatusNotFound},
		{"GET", "/data/cache/x", at, http.StatusNotFound},
	} {
		answer, body := ask(t, at, c.method, c.path, c.host)
		if answer.StatusCode != c.want || c.want != http.StatusOK && strings.Contains(body, "PAR1") {
			t.Errorf("%s %s for %s: %d %q, want %d", c.method, c.path, c.host, answer.StatusCode, body, c.want)
		}
	}
}

func TestExportIsTheWholePage(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "new", "page")
	if err := export(folder, scripts, data); err != nil {
		t.Fatal(err)
	}
	var got []string
	_ = fs.WalkDir(os.DirFS(folder), ".", func(name string, entry fs.DirEntry, _ error) error {
		if !entry.IsDir() {
			got = append(got, name)
		}
		return nil
	})
	if want := "assets/page.js assets/page.wasm data/dataset.json data/dataset.parquet data/metadata.json index.html"; strings.Join(got, " ") != want {
		t.Errorf("files: %q, want %q", got, want)
	}
	page, _ := os.ReadFile(filepath.Join(folder, "index.html"))
	if !bytes.Contains(page, []byte(`<meta http-equiv="Content-Security-Policy" content="default-src 'none'; `)) || !bytes.HasSuffix(page, []byte("<title>page</title></head></html>")) {
		t.Errorf("the page: %s", page)
	}
	if held, _ := os.ReadFile(filepath.Join(folder, "data", "dataset.parquet")); !bytes.Equal(held, data["dataset.parquet"].Data) {
		t.Errorf("the data: %q", held)
	}
	if beside, _ := os.ReadDir(filepath.Dir(folder)); len(beside) != 1 {
		t.Errorf("left beside it: %v", beside)
	}
}

func TestExportReplacesNothing(t *testing.T) {
	folder := t.TempDir()
	mine := filepath.Join(folder, "mine")
	if err := os.WriteFile(mine, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := export(folder, scripts, data); err == nil || !strings.Contains(err.Error(), "exists") {
		t.Errorf("error %v", err)
	}
	if err := export(filepath.Join(folder, "page"), scripts, fstest.MapFS{}); err == nil {
		t.Error("a page without data was exported")
	}
	if left, _ := os.ReadDir(folder); len(left) != 1 || left[0].Name() != "mine" {
		t.Errorf("left: %v", left)
	}
	if err := export(filepath.Join(mine, "page"), scripts, data); err == nil {
		t.Error("exported below a file")
	}
}
