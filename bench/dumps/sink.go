package main

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
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
	ends  []func() error // in this order
}

func create(path, compression string, window int) (*sink, error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("create a dump: %w", err)
	}
	to, end, err := compressor(file, compression, window)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("compress %s: %w", path, err), file.Close())
	}
	buffer := bufio.NewWriterSize(to, 1<<20)
	return &sink{Writer: buffer, ends: []func() error{buffer.Flush, end, file.Close}}, nil
}

// compressor returns a writer that compresses into the file, and the function that ends it.
func compressor(file *os.File, compression string, window int) (io.Writer, func() error, error) {
	switch {
	case compression == "zst" && window <= mostOfOurs:
		encoder, err := zstd.NewWriter(file, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(1<<window))
		if err != nil {
			return nil, nil, err
		}
		return encoder, encoder.Close, nil
	case compression == "zst":
		return child(file, "zstd", "-1", "-T1", "-q", "-c", "--long="+strconv.Itoa(window))
	case compression == "xz":
		return child(file, "xz", "-0", "-T1", "-c")
	case compression == "bz2":
		return child(file, "bzip2", "-1", "-c")
	case compression == "gz":
		encoder, err := gzip.NewWriterLevel(file, gzip.BestSpeed)
		if err != nil {
			return nil, nil, err
		}
		return encoder, encoder.Close, nil
	default:
		return file, func() error { return nil }, nil
	}
}

// child returns a writer to a program that compresses into the file.
func child(file *os.File, program string, arguments ...string) (io.Writer, func() error, error) {
	command := exec.Command(program, arguments...)
	command.Stdout, command.Stderr = file, os.Stderr
	input, err := command.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := command.Start(); err != nil {
		return nil, nil, err
	}
	return input, func() error { return errors.Join(input.Close(), command.Wait()) }, nil
}

func (s *sink) Write(p []byte) (int, error) {
	s.bytes += int64(len(p))
	return s.Writer.Write(p)
}

// Close writes what is left. It tries each step, so that no program and no file stays open.
func (s *sink) Close() error {
	var all error
	for _, end := range s.ends {
		all = errors.Join(all, end())
	}
	return all
}
