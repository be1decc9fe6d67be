package main

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"

	"github.com/klauspost/compress/zstd"
)

// compressions are the endings of dumps.
var compressions = []string{"zst", "xz", "bz2", "gz", "ndjson"}

// mostOfOurs is the largest window, as a power of two, that the encoder in klauspost/compress has. For
// a larger one this program starts zstd.
const mostOfOurs = 29

// A sink compresses what is written to it into a file, and counts it.
type sink struct {
	*bufio.Writer
	bytes int64
	ends  []io.Closer // in this order
}

func create(path, compression string, window int) (*sink, error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("create a dump: %w", err)
	}
	to, err := compressor(file, compression, window)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("compress %s: %w", path, err), file.Close())
	}
	buffer := bufio.NewWriterSize(to, 1<<20)
	// Without compression the two are one.
	return &sink{Writer: buffer, ends: slices.Compact([]io.Closer{to, file})}, nil
}

// compressor returns a writer that compresses into the file.
func compressor(file *os.File, compression string, window int) (io.WriteCloser, error) {
	switch {
	case compression == "zst" && window <= mostOfOurs:
		return zstd.NewWriter(file, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(1<<window))
	case compression == "zst":
		return started(file, "zstd", "-1", "-T1", "-q", "-c", "--long="+strconv.Itoa(window))
	case compression == "xz":
		return started(file, "xz", "-0", "-T1", "-c")
	case compression == "bz2":
		return started(file, "bzip2", "-1", "-c")
	case compression == "gz":
		return gzip.NewWriterLevel(file, gzip.BestSpeed)
	default:
		return file, nil
	}
}

// A child is the input of a program. Close waits until the program has ended.
type child struct {
	io.WriteCloser
	command *exec.Cmd
}

func (c child) Close() error { return errors.Join(c.WriteCloser.Close(), c.command.Wait()) }

// started starts a program that compresses its input into the file.
func started(file *os.File, program string, arguments ...string) (io.WriteCloser, error) {
	command := exec.Command(program, arguments...)
	command.Stdout, command.Stderr = file, os.Stderr
	input, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	return child{input, command}, command.Start()
}

func (s *sink) Write(p []byte) (int, error) {
	s.bytes += int64(len(p))
	return s.Writer.Write(p)
}

// Close writes what is left. It tries each step, so that no program and no file stays open.
func (s *sink) Close() error {
	all := s.Flush()
	for _, end := range s.ends {
		all = errors.Join(all, end.Close())
	}
	return all
}
