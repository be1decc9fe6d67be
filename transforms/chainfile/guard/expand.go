package guard

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/format"
	"github.com/pierrec/lz4/v4"
)

// expand decompresses src into dst, whose length is what the page says. It is an error
// if it has another one: the library would go on and take what it needs.
func expand(codec format.CompressionCodec, dst, src []byte) error {
	switch codec {
	case format.Snappy:
		n, size := binary.Uvarint(src)
		if size <= 0 || n != uint64(len(dst)) {
			return damaged("a page of %d bytes says that it has %d", n, len(dst))
		}
		_, err := snappy.Decode(dst, src)
		return broken(err)
	case format.Lz4Raw:
		n, err := lz4.UncompressBlock(src, dst)
		if err == nil && n != len(dst) {
			err = io.ErrUnexpectedEOF
		}
		return broken(err)
	case format.Gzip:
		r, err := gzip.NewReader(bytes.NewReader(src))
		if err != nil {
			return broken(err)
		}
		return fill(dst, r)
	case format.Brotli:
		return fill(dst, brotli.NewReader(bytes.NewReader(src)))
	case format.Zstd:
		r, err := zstdReader(src)
		if err != nil {
			return broken(err)
		}
		defer zstds.Put(r)
		return fill(dst, r)
	}
	return fmt.Errorf("the compression %s (%d) is not supported", codec, codec)
}

// fill reads exactly len(dst) bytes.
func fill(dst []byte, r io.Reader) error {
	if _, err := io.ReadFull(r, dst); err != nil {
		return broken(err)
	}
	var more [1]byte
	switch n, err := io.ReadFull(r, more[:]); {
	case n > 0:
		return damaged("a page expands to more than the %d bytes that it says", len(dst))
	case !errors.Is(err, io.EOF):
		return broken(err)
	}
	return nil
}

func broken(err error) error {
	if err == nil {
		return nil
	}
	return damaged("a page cannot be decompressed: %w", err)
}

var zstds sync.Pool // of *zstd.Decoder

func zstdReader(src []byte) (*zstd.Decoder, error) {
	if r, ok := zstds.Get().(*zstd.Decoder); ok {
		return r, r.Reset(bytes.NewReader(src))
	}
	return zstd.NewReader(bytes.NewReader(src),
		zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxPageBytes))
}
