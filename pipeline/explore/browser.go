package explore

import (
	"os"
	"os/exec"
	"runtime"
)

// openBrowser opens a page in the user's browser, if there is one. The address is printed anyway.
func openBrowser(url string) {
	name := "xdg-open"
	switch {
	case runtime.GOOS == "darwin":
		name = "open"
	case os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "":
		return // xdg-open would start a browser in this terminal
	}
	cmd := exec.Command(name, url)
	if cmd.Start() == nil {
		go func() { _ = cmd.Wait() }()
	}
}
