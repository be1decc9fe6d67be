package plan

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/pipeline/config"
	"github.com/threadloom/threadloom/transforms/inputs"
)

// speedTrial is about how long the engine's speed is measured.
const speedTrial = 3 * time.Second

// speedTexts is how many texts are embedded at a time: enough for full batches on all cores.
const speedTexts = 64

// measureSpeed counts the tokens of the samples and embeds some of their texts.
func (p *Plan) measureSpeed(ctx context.Context, engineConfig models.Config, parts []inputs.Part) error {
	engine, err := models.Shared(engineConfig)
	if err != nil {
		return config.Usagef("%w", err)
	}
	p.Backend, p.Precision = engine.Backend.Name, engine.Backend.Precision
	var texts []string
	for i := range parts {
		for j := range parts[i].Samples {
			s := &parts[i].Samples[j]
			counts, err := engine.CountTokens(ctx, s.Texts)
			if err != nil {
				return err
			}
			for _, n := range counts {
				s.Tokens += int64(n)
			}
			texts = append(texts, s.Texts...)
		}
	}
	p.TokensPerSec, err = speed(ctx, engine, interleaved(texts))
	return err
}

// speed returns the tokens per second of embedding some of the texts. The first ones are
// not counted if there are others, because the engine is still cold.
func speed(ctx context.Context, engine *models.Engine, texts []string) (float64, error) {
	var tokens int64
	var took time.Duration
	cold := true
	for some := range slices.Chunk(texts, speedTexts) {
		start := time.Now()
		result, err := engine.Embed(ctx, some)
		if err != nil {
			return 0, fmt.Errorf("measuring the engine's speed: %w", err)
		}
		took += time.Since(start)
		for _, n := range result.Tokens {
			tokens += int64(n)
		}
		if cold && len(texts) > len(some) {
			tokens, took = 0, 0
		}
		cold = false
		if took > speedTrial {
			break
		}
	}
	return float64(tokens) / took.Seconds(), nil
}

// interleaved returns texts in an order in which neighbours come from different files, so
// that the first ones are like all.
func interleaved(texts []string) []string {
	const stride = 16
	mixed := make([]string, 0, len(texts))
	for start := range min(stride, len(texts)) {
		for i := start; i < len(texts); i += stride {
			mixed = append(mixed, texts[i])
		}
	}
	return mixed
}
