package config

import "github.com/spf13/pflag"

// Assign is what 'assign' does.
type Assign struct {
	*Settings
	Files  Files
	Model  string // folder of the clusters' model
	Grow   bool   // make new clusters of chains that fit none
	Python string // interpreter
}

// ForAssign returns the settings of 'assign'.
func ForAssign() *Assign {
	a := &Assign{}
	a.Settings = newSettings(
		in(groupFiles, func(flags *pflag.FlagSet) {
			flags.StringVar(&a.Model, "model", "", "`folder` of the clusters' model, clusters/{suffix}/model of an earlier run")
			flags.BoolVar(&a.Grow, "grow", false, "make new clusters of chains that fit none; the old ones keep their numbers, and the model with both goes to clusters/{suffix}/grown, for the next 'assign'")
		}, a.Files.addFlags),
		in(groupClusters, func(flags *pflag.FlagSet) { addPython(flags, &a.Python) }),
	)
	a.apart = []string{"model"} // elsewhere a setting of this name is the model that embeds
	return a
}

// Complete fills in what follows from other settings, and checks all of them.
func (a *Assign) Complete() error {
	if a.Model == "" {
		return Usagef("assign: --model is missing: name the folder clusters/{suffix}/model of an earlier run")
	}
	if err := makeAbsolute(&a.Model); err != nil {
		return err
	}
	return a.Files.fillForPython(&a.Python)
}
