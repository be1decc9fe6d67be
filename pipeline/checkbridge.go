package main

import (
	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/mpsbridge"
	"github.com/threadloom/threadloom/transforms"
)

func (c *Config) checkBridge() error {
	if !(c.MPSShare >= 0 && c.MPSShare <= 1) { // NaN is neither
		return usagef("--mps_share %g: want 0 to 1", c.MPSShare)
	}
	if c.given("redis") || c.partition().Bridged() {
		if _, err := mpsbridge.ParseURL(c.Redis); err != nil {
			return usagef("--redis: %w", err)
		}
	}
	if !c.partition().Bridged() {
		return nil
	}
	if c.LongText == models.Chunk {
		return usagef("--long_text=chunk: the workers behind the bridge do not chunk; set --mps_share=0")
	}
	if c.Check == transforms.CheckFingerprint && c.Precision != models.FP32 && c.Precision != models.Auto {
		return usagef("--check=fingerprint: the workers behind the bridge embed in fp32, and what they make would be stale: set --mps_share=0 or --precision=fp32")
	}
	if c.ClaimTimeout <= 0 || c.LostAfter <= 0 {
		return usagef("--mps_claim_timeout and --bridge_lost_after: want more than 0")
	}
	if _, err := mpsbridge.ParsePathMaps(c.PathMap); err != nil {
		return usagef("--path_map: %w", err)
	}
	return nil
}
