//go:build !linux && !darwin

package process

const hasNamespaces = false

func boot() string { return "" }
