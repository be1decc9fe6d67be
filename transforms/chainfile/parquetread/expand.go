package parquetread

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/format"
	"github.com/pierrec/lz4/v4"
	"github.com/threadloom/threadloom/transforms/deadletter"
)

// expand decompresses src into dst, which has the length that the page's header gives. It
// fails if the content has any other length.
func expand(codec format.CompressionCodec, dst, src []byte) error {
	if len(dst) == 0 { // some writers store no bytes at all, which is not a frame of the codec
		return nil
	}
	switch codec {
	case format.Snappy:
		n, size := binary.Uvarint(src)
		if size <= 0 || n != uint64(len(dst)) {
			return damaged("a page of %d bytes says that it has %d", n, len(dst))
		}
		_, err := snappy.Decode(dst, src)
		return broken(err)
	case format.Lz4Raw:
		return broken(expandBlock(dst, src))
	case format.Lz4: // older writers use it
		return broken(expandOldLZ4(dst, src))
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
	return deadletter.UnsupportedCodec.Errorf("the compression %s (%d) is not supported: write the file with zstd or snappy", codec, codec)
}

// expandBlock decompresses one LZ4 block.
func expandBlock(dst, src []byte) error {
	n, err := lz4.UncompressBlock(src, dst)
	if err == nil && n != len(dst) {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// expandOldLZ4 decompresses the codec LZ4, whose layout the format never defined: Hadoop
// puts the sizes of each block before it, others write one block, or a frame.
func expandOldLZ4(dst, src []byte) error {
	if expandHadoop(dst, src) == nil {
		return nil
	}
	if bytes.HasPrefix(src, []byte{0x04, 0x22, 0x4d, 0x18}) { // a frame's magic number
		_, err := io.ReadFull(lz4.NewReader(bytes.NewReader(src)), dst)
		return err
	}
	return expandBlock(dst, src)
}

// expandHadoop decompresses blocks, each after its decompressed and its compressed size,
// big endian.
func expandHadoop(dst, src []byte) error {
	const sizes = 8
	for len(dst) > 0 {
		if len(src) < sizes {
			return io.ErrUnexpectedEOF
		}
		plain, packed := int64(binary.BigEndian.Uint32(src)), int64(binary.BigEndian.Uint32(src[4:]))
		src = src[sizes:]
		if plain > int64(len(dst)) || packed > int64(len(src)) {
			return io.ErrUnexpectedEOF
		}
		if err := expandBlock(dst[:plain], src[:packed]); err != nil {
			return err
		}
		dst, src = dst[plain:], src[packed:]
	}
	return nil
}

// fill reads exactly len(dst) bytes.
func fill(dst []byte, r io.Reader) error {
	if _, err := io.ReadFull(r, dst); err != nil {
		return broken(err)
	}
	var more [1]byte
	switch n, err := io.ReadFull(r, more[:]); {
	case n > 0:
		return damaged("a page expands to more than the %d bytes that its header gives", len(dst))
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
