package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// askPython runs a Python module, gives it the request as JSON on standard input, and reads the
// JSON that it prints into answer. doing begins each error. Cancelling ctx ends the module.
func askPython(ctx context.Context, python, module, doing string, request, answer any) (warnings []string, err error) {
	input, err := json.Marshal(request)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(ctx, python, "-m", module)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(input), &out, &errs
	// It ends as at Ctrl-C; results are renamed into place only when they are complete.
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = stopTimeout + time.Second
	err = cmd.Run()
	if ctx.Err() != nil {
		return nil, fmt.Errorf("%s: %w", doing, context.Cause(ctx))
	}
	said := strings.TrimSpace(errs.String())
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		lines := strings.Split(said, "\n")
		return nil, fmt.Errorf("%s: %s", doing, lines[len(lines)-1]) // a traceback's last line says what went wrong
	}
	if err != nil {
		return nil, fmt.Errorf("%s: starting %s: %w", doing, python, err)
	}
	if err := json.Unmarshal(out.Bytes(), answer); err != nil {
		return nil, fmt.Errorf("%s: reading the answer of %s: %w", doing, module, err)
	}
	if said != "" {
		warnings = strings.Split(said, "\n")
	}
	return warnings, nil
}
