package audit

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/apache/arrow-go/v18/parquet"
)

// textBytes is how much of a text counts: as much as the run reads of it.
const textBytes = 1<<20 + 4

// texts reads the input's texts: for their hash and for the sample.
func (c *comparison) texts() error {
	found := c.in.named(c.TextColumn)
	if len(found) != 1 {
		return fmt.Errorf("its input has %d columns named %q", len(found), c.TextColumn)
	}
	if !isText(found[0]) {
		return fmt.Errorf("its input's column %q holds no texts", c.TextColumn)
	}
	column := c.in.column(found[0].leaves[0])
	defer column.abandon()
	hash, length := sha256.New(), make([]byte, 4)
	for {
		if c.TextsSHA == "" && column.rows > c.sample.Index {
			return nil // nothing to compare a hash with
		}
		cells, err := column.next()
		if err != nil {
			return ofInput(err)
		}
		if len(cells) == 0 {
			break
		}
		for i, x := range cells {
			text := x.bytes[:min(len(x.bytes), textBytes)]
			if column.kind.name == "NULL" {
				text = nil // whatever bytes are stored
			}
			binary.LittleEndian.PutUint32(length, uint32(len(text)))
			hash.Write(length)
			hash.Write(text)
			if column.rows-int64(len(cells)-i) == c.sample.Index {
				c.sample.Text = string(text)
			}
		}
	}
	if c.TextsSHA != "" && hex.EncodeToString(hash.Sum(nil)) != c.TextsSHA {
		return errors.New("the texts that were embedded are not those of the input")
	}
	return nil
}

// isText reports whether a column holds texts.
func isText(f field) bool {
	if f.scalar == nil {
		return false
	}
	switch meaningOf(f.scalar).name {
	case "NULL":
		return true
	case "STRING", "ENUM", "JSON", "BYTE_ARRAY":
		return f.scalar.PhysicalType() == parquet.Types.ByteArray
	}
	return false
}
