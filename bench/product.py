"""What all benchmarks use: the corpus, and the program of this tree, run, timed and watched."""

import contextlib
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

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


def lay_out(root: Path, files: list[Path]) -> Path:
    """Put copies of chains files into a root of their own, under the suffix "bench"."""
    chains = new_root(root, "bench", *sorted({f.parent.name for f in files}))
    for file in files:
        shutil.copy(file, chains / file.parent.name)
    return root


@contextlib.contextmanager
def scratch(prefix: str = "") -> Iterator[Path]:
    """Make a folder below build/bench, and remove it at the end."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=RESULTS, prefix=prefix) as folder:
        yield Path(folder)


def build() -> None:
    """Build the program."""
    subprocess.run(["go", "build", "-o", BUILT, "./pipeline"], cwd=REPOSITORY, check=True)


def build_benchmarks(binary: Path) -> None:
    """Build the Go benchmarks of transforms/ into a binary of their own."""
    command = ["go", "test", "-c", "-o", binary, "./transforms"]
    subprocess.run(command, cwd=REPOSITORY, check=True)


def run_benchmark(binary: Path, name: str, **environment: object) -> dict[str, float]:
    """Run a Go benchmark once; return its figures by unit, with the time under "seconds"."""
    done = subprocess.run(
        [binary, "-test.run=^$", f"-test.bench=^{name}$", "-test.benchtime=1x"],
        env=os.environ | {key: str(value) for key, value in environment.items()},
        check=True,
        capture_output=True,
        text=True,
    )
    figures = {unit: float(n) for n, unit in re.findall(r"([\d.e+]+) (\S+)", done.stdout)}
    return figures | {"seconds": figures["ns/op"] / 1e9}


def in_turn(steps: dict, number: int) -> dict:
    """Take each step of a round, in an order that rotates; return the results by the same keys."""
    names = list(steps)
    first = number % len(names)
    results = {name: steps[name]() for name in names[first:] + names[:first]}
    return {name: results[name] for name in names}


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


def watched(
    command: list, look: Callable[[int], float], every: float, **popen: object
) -> tuple[str, float, float]:
    """Run a command; return its standard output, its seconds, and the most memory in MB.

    look: returns the memory of a process with a number; it is called every so many seconds.
    """
    with tempfile.TemporaryFile("w+") as out:
        start = time.perf_counter()
        process = subprocess.Popen(list(map(str, command)), stdout=out, **popen)
        peak = 0.0
        while process.returncode is None:
            peak = max(peak, look(process.pid))
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(every)
        seconds = time.perf_counter() - start
        out.seek(0)
        said = out.read()
    if process.returncode != 0:
        sys.exit(f"{command[0]} ended with {process.returncode}:\n{said}")
    return said, seconds, peak


def vectors(path: Path) -> np.ndarray:
    """Return float32[rows, dimension]: the vectors of an output."""
    import pyarrow.parquet as pq  # not above: contenders, whose memory counts, do not use it

    column = pq.read_table(path, columns=["embedding"])["embedding"].combine_chunks()
    return column.values.to_numpy(zero_copy_only=False).reshape(len(column), -1)


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
