// Package explore serves a page that shows the clusters: Embedding Atlas. The Python side has its
// scripts and makes its data.
package explore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/threadloom/threadloom/cluster"
	"github.com/threadloom/threadloom/pipeline/config"
	"github.com/threadloom/threadloom/transforms/outputs"
)

const (
	headerTimeout = 10 * time.Second
	stopTimeout   = 2 * time.Second // for downloads that are under way
)

// result is what --json prints.
type result struct {
	URL    string `json:"url,omitempty"`
	Folder string `json:"folder,omitempty"`
	cluster.Page
}

// Run makes the page of the clusters and serves it until a signal comes, or exports it.
func Run(ctx context.Context, c *config.Explore, out, errs io.Writer) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	files, err := outputs.Embedded(c.Files.Layout(), c.Files.Names)
	if err != nil {
		return err
	}
	page, err := cluster.Explore(ctx, c.Python, c.Clusters(), c.Group, files)
	if err != nil {
		return err
	}
	for _, warning := range page.Warnings {
		fmt.Fprintf(errs, "warning: %s\n", warning)
	}
	scripts, data, closeRoots, err := roots(page)
	if err != nil {
		return err
	}
	defer closeRoots()
	if c.Export != "" {
		if err := export(c.Export, scripts.FS(), data.FS()); err != nil {
			return err
		}
		return tell(c.JSON, out, result{Folder: c.Export, Page: page})
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(int(c.Port))))
	if err != nil {
		return config.Usagef("--port %d: %w", c.Port, err)
	}
	url := "http://" + listener.Addr().String() + "/"
	if err := tell(c.JSON, out, result{URL: url, Page: page}); err != nil {
		return errors.Join(err, listener.Close())
	}
	if c.Open {
		openBrowser(url)
	}
	return serve(ctx, listener, newHandler(scripts.FS(), data.FS(), listener.Addr()))
}

// roots opens the folders of the page, so that no link in them leads out.
func roots(page cluster.Page) (scripts, data *os.Root, closeBoth func(), err error) {
	if scripts, err = os.OpenRoot(page.Scripts); err != nil {
		return nil, nil, nil, fmt.Errorf("opening the page's scripts: %w", err)
	}
	if data, err = os.OpenRoot(page.Data); err != nil {
		return nil, nil, nil, errors.Join(fmt.Errorf("opening the page's data: %w", err), scripts.Close())
	}
	return scripts, data, func() { _, _ = scripts.Close(), data.Close() }, nil // both were only read
}

// serve answers until ctx ends.
func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: headerTimeout}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serving the page: %w", err)
	case <-ctx.Done():
	}
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	if server.Shutdown(within) != nil {
		return server.Close()
	}
	return nil
}

// tell says what is shown, and where.
func tell(asJSON bool, out io.Writer, r result) error {
	if asJSON {
		return json.NewEncoder(out).Encode(r)
	}
	chains := humanize.Comma(r.Rows) + " chains"
	if r.Shown < r.Rows {
		chains = fmt.Sprintf("%s of %s, an even sample", humanize.Comma(r.Shown), chains)
	}
	_, err := fmt.Fprintf(out, "chains    %s\nclusters  %s\n", chains, humanize.Comma(r.Clusters))
	if err != nil {
		return err
	}
	if r.Folder != "" {
		_, err = fmt.Fprintf(out, "page      %s, for any web server\n", r.Folder)
	} else {
		_, err = fmt.Fprintf(out, "page      %s  (Ctrl-C ends it)\n", r.URL)
	}
	return err
}
