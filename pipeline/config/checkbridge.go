package config

import (
	"errors"
	"strconv"

	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/mpsbridge"
	"github.com/threadloom/threadloom/transforms/outputs"
)

func (c *Config) checkBridge() error {
	if c.MPSShare != autoShare && !(c.MPSShare >= 0 && c.MPSShare <= 1) { // NaN is neither
		return Usagef("--mps_share %g: want auto, or 0 to 1", c.MPSShare)
	}
	if c.Given("redis") || c.Partition().Bridged() {
		if _, err := mpsbridge.ParseURL(c.Redis); err != nil {
			return Usagef("--redis: %w", err)
		}
	}
	if !c.Partition().Bridged() {
		return nil
	}
	if c.Check == outputs.CheckFingerprint && c.Precision != models.FP32 && c.Precision != models.Auto {
		return Usagef("--check=fingerprint: the workers behind the bridge embed in fp32, and what they make would be stale: set --mps_share=0 or --precision=fp32")
	}
	if c.ClaimTimeout <= 0 || c.LostAfter <= 0 {
		return Usagef("--mps_claim_timeout and --bridge_lost_after: want more than 0")
	}
	if _, err := mpsbridge.ParsePathMaps(c.PathMap); err != nil {
		return Usagef("--path_map: %w", err)
	}
	return nil
}

// autoShare is the value of --mps_share with which every file may go to a worker or be embedded
// here, whoever has time for it.
const autoShare = -1

const autoText = "auto"

var errShare = errors.New("want auto, or 0 to 1")

// bridgedShare is the share of the files that workers may have. With auto these are all of them,
// if somebody has named a Redis, or has asked for it in as many words.
func (c *Config) bridgedShare() float64 {
	switch {
	case c.MPSShare != autoShare:
		return c.MPSShare
	case c.Given("mps_share") || c.Given("redis") && len(c.MPSSubreddits) == 0:
		return 1
	}
	return 0
}

// shareFlag is a flag's value: auto, or a number.
type shareFlag struct{ value *float64 }

func (s shareFlag) String() string {
	switch {
	case s.value == nil: // pflag asks a zero value for its default
		return ""
	case *s.value == autoShare:
		return autoText
	}
	return strconv.FormatFloat(*s.value, 'g', -1, 64)
}

// Type is for pflag.
func (s shareFlag) Type() string { return "share" }

func (s shareFlag) Set(text string) error {
	if text == autoText {
		*s.value = autoShare
		return nil
	}
	number, err := strconv.ParseFloat(text, 64)
	if err != nil || !(number >= 0 && number <= 1) { // NaN is neither
		return errShare
	}
	*s.value = number
	return nil
}
