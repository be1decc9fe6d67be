package explore

import (
	"cmp"
	"io/fs"
	"mime"
	"net"
	"net/http"
	"path"
	"strings"
)

// policy lets the page run its own scripts and DuckDB's WebAssembly, and fetch from its own server
// only. Whatever a chain's text contains, none of it runs, and nothing leaves the machine. Inline
// styles are allowed, because the page writes styles into its elements.
const policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; " +
	"connect-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; " +
	"base-uri 'none'; form-action 'none'"

// dataFiles are the files that cluster.Explore makes. The page looks for them in data/.
var dataFiles = []string{"metadata.json", "dataset.parquet"}

// handler serves a page and its data to the browsers of this machine.
type handler struct {
	scripts, data fs.FS
	hosts         map[string]bool // what a browser calls this server
}

// newHandler returns the handler for a server at an address.
func newHandler(scripts, data fs.FS, at net.Addr) http.Handler {
	_, port, _ := net.SplitHostPort(at.String())
	hosts := map[string]bool{"127.0.0.1:" + port: true, "localhost:" + port: true}
	if port == "80" { // browsers leave it out
		hosts["127.0.0.1"], hosts["localhost"] = true, true
	}
	return &handler{scripts: scripts, data: data, hosts: hosts}
}

// ServeHTTP answers GET and HEAD, and only to a browser that asked for this machine. A site that
// has made its own name point to 127.0.0.1 gets nothing (DNS rebinding).
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	head := w.Header()
	head.Set("Content-Security-Policy", policy+"; frame-ancestors 'none'")
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("Referrer-Policy", "no-referrer")
	head.Set("Cross-Origin-Resource-Policy", "same-origin")
	head.Set("Cross-Origin-Opener-Policy", "same-origin")
	head.Set("Cache-Control", "no-cache")
	if !h.hosts[r.Host] {
		http.Error(w, "this server answers only at 127.0.0.1", http.StatusMisdirectedRequest)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		head.Set("Allow", "GET, HEAD")
		http.Error(w, "this server only reads", http.StatusMethodNotAllowed)
		return
	}
	tree, name := h.find(r.URL.Path)
	if info, err := fs.Stat(tree, name); err != nil || !info.Mode().IsRegular() {
		http.NotFound(w, r)
		return
	}
	head.Set("Content-Type", cmp.Or(contentTypes[path.Ext(name)], mime.TypeByExtension(path.Ext(name)), unknownType))
	http.ServeFileFS(w, r, tree, name)
}

// find returns the folder that holds the file of a URL's path, and its name in there.
func (h *handler) find(url string) (fs.FS, string) {
	name := strings.TrimPrefix(path.Clean("/"+url), "/")
	for _, file := range dataFiles {
		if name == "data/"+file {
			return h.data, file
		}
	}
	if name == "" {
		name = indexName
	}
	return h.scripts, name
}

// contentTypes are the types of the page's files, because the system's table may have others.
var contentTypes = map[string]string{
	".html":    "text/html; charset=utf-8",
	".js":      "text/javascript; charset=utf-8",
	".css":     "text/css; charset=utf-8",
	".json":    "application/json",
	".wasm":    "application/wasm",
	".parquet": unknownType,
}

const unknownType = "application/octet-stream"
