package config

import (
	"cmp"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"
	"github.com/threadloom/threadloom/models"
)

// Model says what embeds, and how.
type Model struct{ models.Config }

func longTexts() []string { return []string{models.Truncate, models.Chunk} }

func (m *Model) addFlags(flags *pflag.FlagSet) {
	flags.StringVar(&m.Folder, "model", "", "model `folder` (default: the one that 'make setup' exported)")
	flags.StringVar(&m.Library, "onnxruntime_lib", "", "ONNX Runtime `library` (default: the one from 'make setup')")
	flags.StringVar(&m.NativeDir, "native_dir", "", "`folder` of the native libraries on the machines that embed (default {home}/build/lib)")
	choice(flags, &m.Precision, "precision", models.Precisions(), "`precision`: "+strings.Join(models.Precisions(), ", "))
	choice(flags, &m.Accelerator, "accelerator", models.Accelerators(), "`device` that embeds: "+strings.Join(models.Accelerators(), ", "))
	flags.IntVar(&m.TokenBudget, "token_budget", 0, "`tokens` in one batch, padding included (default: measured at the start)")
	choice(flags, &m.LongText, "long_text", longTexts(), "`what` to do with texts longer than the model reads: truncate, or chunk (the mean of overlapping chunks)")
	flags.StringVar(&m.Prompt, "prompt", "", "`text` to put before every text, for models that want one")
	flags.IntVar(&m.DedupMB, "dedup_cache_mb", 32, "`megabytes` for vectors of texts seen before; 0 keeps none")
}

func (m *Model) fill(home Home) error {
	if err := makeAbsolute(&m.Folder, &m.NativeDir, &m.Library); err != nil {
		return err
	}
	m.Folder = cmp.Or(m.Folder, home.path("build", "models", "all-MiniLM-L6-v2"))
	m.NativeDir = cmp.Or(m.NativeDir, home.path("build", "lib"))
	return nil
}

func (m *Model) check() error {
	if m.DedupMB < 0 {
		return Usagef("--dedup_cache_mb %d: want 0 or more", m.DedupMB)
	}
	if m.TokenBudget < 0 {
		return Usagef("--token_budget %d: want a positive number", m.TokenBudget)
	}
	return cmp.Or(
		checkChoice("long_text", m.LongText, longTexts()),
		checkChoice("precision", m.Precision, models.Precisions()),
		checkChoice("accelerator", m.Accelerator, models.Accelerators()),
	)
}

// checkFolder looks for the model on this machine, and for the library if one is named.
func (m *Model) checkFolder(home Home) error {
	if _, err := os.Stat(filepath.Join(m.Folder, "manifest.json")); err != nil {
		return Usagef("--model %s: %w: run 'make setup', or make one with 'python -m threadloom.export'%s", m.Folder, models.ErrNoModel, home.Missing())
	}
	if m.Library != "" {
		if _, err := os.Stat(m.Library); err != nil {
			return Usagef("--onnxruntime_lib %s: no such file", m.Library)
		}
	}
	return nil
}

// checkNative looks for the libraries on this machine.
func (m *Model) checkNative(home Home) error {
	if _, err := os.Stat(m.NativeDir); err != nil && m.Library == "" {
		return Usagef("--native_dir %s: no such folder: run 'make setup', or name the folder of the libraries%s", m.NativeDir, home.Missing())
	}
	return nil
}
