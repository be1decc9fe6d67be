package config

import (
	"os"

	"github.com/threadloom/threadloom/transforms/subreddits"
)

// CompleteAlone completes the configuration of a command that looks at files here and
// needs neither a cluster nor the clustering.
func (c *Config) CompleteAlone() error {
	if err := c.Read(os.Environ); err != nil {
		return err
	}
	c.Runner, c.Flink.Async, c.Cluster = "prism", false, false
	return c.Complete()
}

// CompleteAssign fills in what follows from other settings, and checks them.
func (c *Config) CompleteAssign() (err error) {
	if c.Model == "" {
		return Usagef("assign: --model is missing: name the folder clusters/{suffix}/model of an earlier run")
	}
	if err := c.Read(os.Environ); err != nil {
		return err
	}
	defer func() { err = WithOrigins(err, c.From()) }()
	if err := c.Fill(); err != nil {
		return err
	}
	if c.Names, err = subreddits.Read(c.Subreddits); err != nil {
		return Usagef("%w (--subreddits names the list)", err)
	}
	if _, err := os.Stat(c.Python); err != nil {
		return Usagef("--python %s: no such file: run 'make setup'%s", c.Python, c.home.missing())
	}
	return nil
}
