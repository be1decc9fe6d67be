package models

import (
	"path/filepath"
	"slices"
	"testing"
)

func TestProvidersAreReadFromAProfile(t *testing.T) {
	profile := `[{"cat":"Session","name":"model_loading"},
		{"cat":"Node","name":"a","args":{"provider":"OpenVINOExecutionProvider"}},
		{"cat":"Node","name":"b","args":{"provider":"CPUExecutionProvider"}},
		{"cat":"Node","name":"c","args":{"provider":"OpenVINOExecutionProvider"}},
		{"cat":"Node","name":"fence","args":{"op_name":"x"}}]`
	got, err := providersIn([]byte(profile))
	if want := []string{"CPUExecutionProvider", "OpenVINOExecutionProvider"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, error %v, want %v", got, err, want)
	}
	if _, err := providersIn([]byte("half")); err == nil {
		t.Error("half a profile was read")
	}
}

func TestTheGoldenVectorComesOutOfTheProviderThatWasAskedFor(t *testing.T) {
	d, err := Diagnose(t.Context(), Config{Folder: filepath.Join(CompiledIn(), "build", "models", "all-MiniLM-L6-v2")})
	if err != nil {
		t.Fatal(err)
	}
	if !d.Compared || !(d.Cosine >= LeastGolden(d.Precision)) {
		t.Errorf("cosine with the golden vector %v, compared %v", d.Cosine, d.Compared)
	}
	if !slices.Equal(d.Providers, []string{d.Provider()}) {
		t.Errorf("%v ran, want %s alone", d.Providers, d.Provider())
	}
}
