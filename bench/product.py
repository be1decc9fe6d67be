"""The corpus, and the program that is built from this tree; all benchmarks use them."""

import json
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
BUILT = REPOSITORY / "build" / "pipeline"
MODEL = REPOSITORY / "build" / "models" / "all-MiniLM-L6-v2"
RESULTS = REPOSITORY / "build" / "bench"
SUFFIX = "newsgroups"


def corpus(*suffixes: str) -> Path:
    """Return the folder of the corpus; if there is none, print that and exit with 0."""
    path = Path(os.environ.get("THREADLOOM_CORPUS") or REPOSITORY.parent / "shared" / "corpus")
    if not all((path / "chains" / suffix).is_dir() for suffix in suffixes or [SUFFIX]):
        print(f"skipped: no corpus at {path}; THREADLOOM_CORPUS says where it is")
        sys.exit(0)
    return path


def new_root(root: Path, suffix: str, *subreddits: str) -> Path:
    """Make a root with its list and the folders of its chains; return the folder above these."""
    (root / "subreddits_list.json").write_text(json.dumps(subreddits))
    chains = root / "chains" / suffix
    for name in subreddits:
        (chains / name).mkdir(parents=True)
    return chains


def build() -> None:
    """Build the program."""
    subprocess.run(["go", "build", "-o", BUILT, "./pipeline"], cwd=REPOSITORY, check=True)


def build_benchmarks(binary: Path) -> None:
    """Build the Go benchmarks of transforms/ into a binary of their own."""
    command = ["go", "test", "-c", "-o", binary, "./transforms"]
    subprocess.run(command, cwd=REPOSITORY, check=True)


def spread(values: list[float], form: str = ".2f") -> str:
    """Return the median and the range as text."""
    return f"{statistics.median(values):{form}} ({min(values):{form}}–{max(values):{form}})"


def run(*flags: object) -> dict:
    """Run the program with --json and return its summary; logs go to standard error."""
    done = subprocess.run(
        [BUILT, "--json", *map(str, flags)], check=True, stdout=subprocess.PIPE, text=True
    )
    return json.loads(done.stdout)


def measured(*flags: object) -> tuple[dict, float, float]:
    """Run the program; return its summary, its seconds and its peak memory in MB."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [BUILT, "--json", *map(str, flags)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    out = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"the program ended with {process.returncode}")
    return json.loads(out), seconds, usage.ru_maxrss / 1024


def family(pid: int) -> list[int]:
    """Return a process and all that it started, directly or not."""
    found = [pid]
    for one in found:
        for task in Path(f"/proc/{one}/task").glob("*/children"):
            try:
                found += map(int, task.read_text().split())
            except OSError:  # it has just ended
                continue
    return found


def memory(pid: int, kind: str = "VmRSS") -> float:
    """Return a process's memory in MB, 0 if it is gone.

    kind: VmRSS, VmHWM or RssAnon; see proc_pid_status(5).
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    found = re.search(rf"{kind}:\s+(\d+)", status)
    return int(found[1]) * 1024 / 1e6 if found else 0.0
