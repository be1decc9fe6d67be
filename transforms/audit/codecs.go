package audit

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

var expanders = map[compress.Compression]func(dst, src []byte) error{
	compress.Codecs.Snappy: expandSnappy,
	compress.Codecs.Gzip:   expandGzip,
	compress.Codecs.Brotli: expandBrotli,
	compress.Codecs.Zstd:   expandZstd,
	compress.Codecs.Lz4Raw: expandLz4,
	compress.Codecs.Lz4:    expandOldLz4,
}

func init() {
	for codec, expand := range expanders {
		compress.RegisterCodec(codec, exact{expand: expand})
	}
}

// known reports whether a codec can be read.
func known(codec compress.Compression) bool {
	return codec == compress.Codecs.Uncompressed || expanders[codec] != nil
}

// exact decompresses into the buffer that it is given and allocates no other. arrow-go's own
// codecs allocate as much as the compressed bytes claim, although arrow-go reads the page from
// the buffer that it passed in, whatever slice a codec returns.
type exact struct {
	compress.Codec // nil: nothing is compressed here
	expand         func(dst, src []byte) error
}

// DecodeWithError implements compress.ErrorCodec.
func (e exact) DecodeWithError(dst, src []byte) ([]byte, error) {
	if err := e.expand(dst, src); err != nil {
		return nil, damaged("a page cannot be decompressed: %w", err)
	}
	return dst, nil
}

var errLength = errors.New("its length differs from the one in the page's header")

func expandSnappy(dst, src []byte) error {
	n, err := snappy.DecodedLen(src)
	if err == nil && n != len(dst) {
		err = errLength
	}
	if err == nil && n > 0 {
		_, err = snappy.Decode(dst, src)
	}
	return err
}

func expandGzip(dst, src []byte) error {
	r, err := gzip.NewReader(bytes.NewReader(src))
	if err != nil {
		return err
	}
	return fill(dst, r)
}

func expandBrotli(dst, src []byte) error {
	return fill(dst, brotli.NewReader(bytes.NewReader(src)))
}

var zstds sync.Pool // of *zstd.Decoder

func expandZstd(dst, src []byte) (err error) {
	r, ok := zstds.Get().(*zstd.Decoder)
	if ok {
		err = r.Reset(bytes.NewReader(src))
	} else {
		r, err = zstd.NewReader(bytes.NewReader(src),
			zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxPageBytes))
	}
	if err != nil {
		return err
	}
	defer zstds.Put(r)
	return fill(dst, r)
}

// fill reads exactly len(dst) bytes.
func fill(dst []byte, r io.Reader) error {
	if _, err := io.ReadFull(r, dst); err != nil {
		return err
	}
	var more [1]byte
	switch n, err := io.ReadFull(r, more[:]); {
	case n > 0:
		return errLength
	case !errors.Is(err, io.EOF):
		return err
	}
	return nil
}

func expandLz4(dst, src []byte) error {
	n, err := lz4.UncompressBlock(src, dst)
	if err == nil && n != len(dst) {
		err = errLength
	}
	return err
}

// expandOldLz4 reads the codec LZ4, which the format deprecates because two layouts share
// its name: Hadoop's, in which each frame begins with its decompressed and its compressed
// length (big-endian), and a bare block. Readers try them in this order.
func expandOldLz4(dst, src []byte) error {
	if expandHadoop(dst, src) == nil {
		return nil
	}
	return expandLz4(dst, src)
}

func expandHadoop(dst, src []byte) error {
	for len(src) > 0 {
		if len(src) < 8 {
			return io.ErrUnexpectedEOF
		}
		expanded, size := binary.BigEndian.Uint32(src), binary.BigEndian.Uint32(src[4:])
		src = src[8:]
		if uint64(expanded) > uint64(len(dst)) || uint64(size) > uint64(len(src)) {
			return errLength
		}
		if err := expandLz4(dst[:expanded], src[:size]); err != nil {
			return err
		}
		dst, src = dst[expanded:], src[size:]
	}
	if len(dst) > 0 {
		return errLength
	}
	return nil
}
