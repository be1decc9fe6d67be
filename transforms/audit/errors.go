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
	// errUnsupported is wrapped if this package cannot read something that another reader may be able to read.
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

// ofInput marks err as a fault of the input: what cannot be read there was not audited.
func ofInput(err error) error {
	if err == nil {
		return nil
	}
	return notAudited{fmt.Errorf("its input: %w", err)}
}

// ofOutput marks err as a fault of the output, which is wrong unless only this package cannot read it.
func ofOutput(err error) error {
	if errors.Is(err, errUnsupported) || errors.Is(err, errTooLarge) {
		return notAudited{err}
	}
	return err
}

// contain turns a panic of the Parquet library into an error. It must be deferred.
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
	*err = damaged("its content contradicts itself")
}

func tooLarge(format string, args ...any) error {
	return fmt.Errorf("%w: %w", errTooLarge, fmt.Errorf(format, args...))
}
