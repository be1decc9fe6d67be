package audit

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
)

var (
	errDamaged  = errors.New("it is damaged")
	errTooLarge = errors.New("reading it would take too much memory")
	// errUnsupported is wrapped where this package cannot read what another reader may.
	errUnsupported = errors.New("verify's own reader does not support it")
)

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %w", errDamaged, fmt.Errorf(format, args...))
}

func unsupported(format string, args ...any) error {
	return fmt.Errorf("%w: %w", errUnsupported, fmt.Errorf(format, args...))
}

// notAudited is an error that says what could not be compared, and is no evidence against
// the output.
type notAudited struct{ error }

func (n notAudited) Unwrap() error { return n.error }

// ofInput makes err one about the input: what cannot be read there was not audited.
func ofInput(err error) error {
	if err == nil {
		return nil
	}
	return notAudited{fmt.Errorf("its input: %w", err)}
}

// ofOutput makes err one about the output. It is wrong unless only this package cannot read it.
func ofOutput(err error) error {
	if errors.Is(err, errUnsupported) || errors.Is(err, errTooLarge) {
		return notAudited{err}
	}
	return err
}

// contain is to be deferred: it makes a panic of the Parquet library an error.
func contain(err *error) {
	p := recover()
	if p == nil {
		return
	}
	slog.Debug("panic in the Parquet library", "panic", p, "stack", string(debug.Stack()))
	if e, ok := p.(error); ok && errors.Is(e, errTooLarge) {
		*err = e
		return
	}
	*err = damaged("its content does not fit together")
}

func tooLarge(format string, args ...any) error {
	return fmt.Errorf("%w: %w", errTooLarge, fmt.Errorf(format, args...))
}
