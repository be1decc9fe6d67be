package mpsbridge

import (
	"embed"

	"github.com/redis/go-redis/v9"
)

//go:embed scripts/*.lua
var scriptFiles embed.FS

// The scripts of a producer. Only worker/ calls those of a worker. A script is called by its hash.
// If Redis does not know the hash, the whole script is sent.
var (
	enqueueScript  = script("enqueue")
	reapScript     = script("reap")
	restlessScript = script("restless")
	retryScript    = script("retry")
	withdrawScript = script("withdraw")
)

// script reads one of scriptFiles. One that is missing is a mistake in this package.
func script(name string) *redis.Script {
	text, err := scriptFiles.ReadFile("scripts/" + name + ".lua")
	if err != nil {
		panic(err)
	}
	return redis.NewScript(string(text))
}
