package doctor

import (
	"context"
	"encoding/json"
	"os/exec"
	"strings"

	"github.com/threadloom/threadloom/pipeline/config"
	"github.com/threadloom/threadloom/transforms/version"
)

// pythonVersions prints the packages that the Python side consists of, with their versions,
// without importing them. What they are is what pyproject.toml says that clustering needs:
// it stands in the metadata of the installed package.
const pythonVersions = `
import importlib.metadata as m, importlib.util as u, json, platform, re
def version(name):
    try: return m.version(name) or ""
    except m.PackageNotFoundError: return ""
found = [("python", platform.python_version()), ("threadloom", version("threadloom"))]
try: there = u.find_spec("threadloom.cluster") is not None
except ModuleNotFoundError: there = False # of threadloom itself
if not there: found[1] = ("threadloom", "")
if found[1][1]:
    for line in m.requires("threadloom") or []:
        what, _, when = line.partition(";")
        if not when or re.search(r"extra *== *.cluster\b", when):
            name = re.match(r"[\w.-]+", what).group()
            found.append((name, version(name)))
print(json.dumps([{"name": name, "version": version} for name, version in found]))
`

// pythonPackage is a package of the Python side; version is empty where it is missing.
type pythonPackage struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

func checkPython(ctx context.Context, c config.Clustering) []Finding {
	const do = "run 'make setup', name another with --python, or skip clustering with --cluster=false"
	if !c.StartsPython() {
		return nil
	}
	out, err := exec.CommandContext(ctx, c.Python, "-c", pythonVersions).Output()
	if err != nil {
		return []Finding{fail(do, "--python %s: %v", c.Python, err)}
	}
	var found []pythonPackage
	if err := json.Unmarshal(out, &found); err != nil {
		return []Finding{fail(do, "--python %s says %q", c.Python, out)}
	}
	var parts, missing []string
	threadloom := ""
	for _, p := range found {
		parts = append(parts, p.Name+" "+p.Version)
		if p.Version == "" {
			missing = append(missing, p.Name)
		}
		if p.Name == "threadloom" {
			threadloom = p.Version
		}
	}
	switch {
	case len(missing) > 0:
		return []Finding{fail(do, "%s lacks %s", c.Python, strings.Join(missing, ", "))}
	case threadloom != version.Version:
		return []Finding{warn("install threadloom "+version.Version+" there: 'make setup'", "%s has threadloom %s, this program is %s", c.Python, threadloom, version.Version)}
	}
	return []Finding{ok("%s: %s", c.Python, strings.Join(parts, ", "))}
}
