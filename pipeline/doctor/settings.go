package doctor

import "github.com/threadloom/threadloom/pipeline/config"

func checkHome(home config.Home) []Finding {
	if home.FoundBy() == "" {
		return []Finding{warn("name the folder in which 'make setup' was run with --home, or model and libraries with --model, --native_dir and --python",
			"no home%s", home.Missing())}
	}
	return []Finding{ok("%s (%s)", home.Folder, home.FoundBy())}
}

// checkSettings makes the other checks that a run makes before it starts.
func checkSettings(c *config.Run) []Finding {
	if err := c.Validate(); err != nil {
		return []Finding{fail("change that setting", "%v", err)}
	}
	return []Finding{ok("a run with these flags starts")}
}
