package mpsbridge

import (
	"embed"

	"github.com/redis/go-redis/v9"
)

//go:embed scripts/*.lua
var scriptFiles embed.FS

// The scripts of a producer; those of a worker are called by worker/ alone. Each runs by
// its hash, and is sent whole where Redis does not have it (any more).
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
