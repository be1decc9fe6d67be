package doctor

import (
	"context"

	"github.com/threadloom/threadloom/pipeline/config"
)

func checkHome(_ context.Context, c *config.Config) []Finding {
	by, missing := c.FoundHome()
	if by == "" {
		return []Finding{warn("name the folder in which 'make setup' was run with --home, or model and libraries with --model, --native_dir and --python",
			"no home%s", missing)}
	}
	return []Finding{ok("%s (%s)", c.Home, by)}
}

// checkSettings checks the rest of what a run checks before it starts.
func checkSettings(_ context.Context, c *config.Config) []Finding {
	if err := c.Validate(); err != nil {
		return []Finding{fail("change that setting", "%v", err)}
	}
	return []Finding{ok("a run with these flags starts")}
}
