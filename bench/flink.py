"""Compare Flink with Prism: both embed the newsgroups, in turn.

    python bench/flink.py [--rounds 3] [--share 1]

This uses the development cluster (`make flink-up`), and starts it if needed: two TaskManagers of
one slot and one core each. Flink says how long its job ran. In the rest of its time the driver
submits the job: it starts the job server, and sends the program and the jar. The vectors must be
the same. The peak memory of each process is printed, too.

In the end it computes how long 100,000 files of these sizes would take on N machines like this one
(see `simulate`).
"""

import argparse
import json
import shutil
import subprocess
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import product
import pyarrow.parquet as pq

MASTER = "127.0.0.1:8081"
CLUSTER = product.REPOSITORY / "runners" / "flink" / "cluster.sh"
ALIKE = 1e-6  # the most that a number of a vector may differ
# Words in the command line of each process.
PROCESSES = {
    "driver": ("build/pipeline", "--runner=flink"),
    "watchdog": ("guard-flink-job",),
    "job server": ("-jar", "job-server.jar"),
    "JobManager": ("StandaloneSessionClusterEntrypoint",),
    "TaskManager": ("TaskManagerRunner",),
    "boot": ("build/flink/boot",),
    "worker": ("--worker=true",),
}
MACHINES = (1, 2, 10, 50, 100, 200, 500)
FILES_ON_PAPER = 100_000
NETWORK = 125e6  # bytes/s of a machine: 1 Gbit/s


@dataclass
class OnFlink:
    """One run on Flink: the seconds of the driver and of the job, the bytes of its shuffle."""

    all: float
    job: float
    shuffled: int


def main() -> None:
    """Run the rounds and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--share", type=float, default=1, help="share of the files to embed")
    options = parser.parse_args()
    chains = product.corpus() / "chains" / product.SUFFIX
    product.build()
    ran_before = is_up()
    subprocess.run([CLUSTER, "up"], check=True)
    try:
        with product.scratch() as root:
            files = [file for f in sorted(chains.iterdir()) for file in share(f, options.share)]
            compare(product.lay_out(root, files), options.rounds)
    finally:
        if not ran_before:
            subprocess.run([CLUSTER, "down"], check=True)


def compare(root: Path, rounds: int) -> None:
    """Run the rounds, print a line for each, then the ratios, the memory and the simulation."""
    on_prism, on_flink, peaks = [], [], {}
    for number in range(rounds):
        steps = {"prism": partial(prism, root), "flink": partial(flink, root, peaks)}
        done = product.in_turn(steps, number)
        on_prism.append(done["prism"])
        on_flink.append(done["flink"])
        files, apart = compare_outputs(root)
        line = f"Prism {on_prism[-1]:.1f} s, Flink {on_flink[-1].all:.1f} s"
        print(
            f"round {number + 1}: {files} files, {line}, vectors differ by {apart:.1e}", flush=True
        )
    pairs = list(zip(on_flink, on_prism, strict=True))
    print(f"Flink's job / Prism, time: {product.spread([f.job / p for f, p in pairs])}")
    print(f"Flink's driver / Prism, time: {product.spread([f.all / p for f, p in pairs])}")
    print(f"submission: {product.spread([f.all - f.job for f in on_flink], '.1f')} s")
    for name in PROCESSES:
        print(f"memory of the {name}: {peaks[name]:.0f} MB")
    simulate(root, on_flink)


def share(folder: Path, part: float) -> list[Path]:
    """Return a part of a subreddit's files, at least one."""
    files = sorted(folder.glob("*.parquet"))
    return files[: max(1, round(part * len(files)))]


def flags(root: Path, name: str) -> tuple:
    """Return the flags of a run on a runner, and remove its earlier outputs."""
    out = root / name
    shutil.rmtree(out, ignore_errors=True)
    return (
        *("--root", root, "--suffix=bench", "--embeddings_dir", out, "--cluster=false"),
        f"--runner={name}",
    )


def prism(root: Path) -> float:
    """Run the program on Prism; return its seconds."""
    return product.measured(*flags(root, "prism"))[1]


def flink(root: Path, peaks: dict[str, float]) -> OnFlink:
    """Run the program on Flink; update `peaks`, the peak MB of each kind of process."""
    ended = threading.Event()
    watch = threading.Thread(target=watch_memory, args=(peaks, ended))
    watch.start()
    try:
        more = (f"--flink_master={MASTER}", "--parallelism=2")
        _, seconds, _ = product.measured(*flags(root, "flink"), *more)
    finally:
        ended.set()
        watch.join()
    job = max(ask("/jobs/overview")["jobs"], key=lambda j: j["start-time"])
    vertices = ask(f"/jobs/{job['jid']}")["vertices"]
    sent = sum(v["metrics"]["write-bytes"] for v in vertices)
    return OnFlink(seconds, job["duration"] / 1000, sent)


def ask(path: str) -> dict:
    """Return the answer of Flink's REST interface."""
    with urllib.request.urlopen(f"http://{MASTER}{path}", timeout=5) as answer:
        return json.load(answer)


def is_up() -> bool:
    """Return whether a Flink answers."""
    try:
        return bool(ask("/config"))
    except (urllib.error.URLError, OSError):
        return False


def watch_memory(peaks: dict[str, float], ended: threading.Event) -> None:
    """Update the peak MB of each kind of process until `ended` is set."""
    while not ended.wait(0.2):
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                status = (folder / "status").read_text()
            except (OSError, UnicodeDecodeError):
                continue
            peak = next((x.split()[1] for x in status.splitlines() if x.startswith("VmHWM")), 0)
            for name, words in PROCESSES.items():
                if all(word in line for word in words) and ("guard" in line) == (
                    name == "watchdog"
                ):
                    peaks[name] = max(peaks.get(name, 0), int(peak) / 1024)


def compare_outputs(root: Path) -> tuple[int, float]:
    """Return the files that both runs wrote, and by how much their vectors differ at most."""
    mine, theirs = (sorted((root / n).glob("*/*/*.parquet")) for n in ("prism", "flink"))
    names = [f.relative_to(root / "prism") for f in mine]
    assert names == [f.relative_to(root / "flink") for f in theirs], "other files"
    apart = 0.0
    for a, b in zip(mine, theirs, strict=True):
        x, y = pq.read_table(a), pq.read_table(b)
        assert x.drop_columns(["embedding"]).equals(y.drop_columns(["embedding"])), f"{a} and {b}"
        x, y = (t["embedding"].combine_chunks().flatten().to_numpy() for t in (x, y))
        apart = max(apart, float(np.abs(x - y).max()))
    assert apart <= ALIKE, f"the vectors differ by {apart}"
    return len(names), apart


def simulate(root: Path, runs: list[OnFlink]) -> None:
    """Print how long many files would take on N machines, and what bounds that.

    Files are drawn from those measured. A file costs its tokens times the seconds per token of one
    machine; both TaskManagers here together are one machine. Flink deals the files out in turn,
    whatever they cost, so the machine with the largest sum is the last. Submission comes first. It
    takes the same time for any N, except that one machine sends the jar and the program to all
    others. In the shuffle each file is a path, with the bytes that were measured.
    """
    outputs = sorted((root / "flink").glob("*/*/*.parquet"))
    tokens = np.array(
        [sum(pq.read_table(f, columns=["n_tokens"])["n_tokens"].to_pylist()) for f in outputs]
    )
    job = float(np.median([r.job for r in runs]))
    submission = float(np.median([r.all - r.job for r in runs]))
    shuffled = float(np.median([r.shuffled for r in runs])) / len(outputs)
    staged = product.BUILT.stat().st_size
    staged += (product.REPOSITORY / "build" / "flink" / "job-server.jar").stat().st_size
    costs = np.random.default_rng(0).choice(tokens, FILES_ON_PAPER) * (job / tokens.sum())
    alone = submission + costs.sum()
    print(
        f"on paper: {FILES_ON_PAPER:,} files of {tokens.mean():.0f} tokens (up to {tokens.max()}),"
    )
    print(
        f"{shuffled:.0f} bytes of each in the shuffle, {staged / 1e6:.0f} MB sent to each machine"
    )
    print("| machines | hours | × one machine | of N | staging, s | shuffle, s |")
    print("|---|---|---|---|---|---|")
    for n in MACHINES:
        last = max(costs[i::n].sum() for i in range(n))
        staging, shuffle = staged * n / NETWORK, FILES_ON_PAPER * shuffled / NETWORK
        whole = submission + staging + shuffle + last
        print(
            f"| {n} | {whole / 3600:.2f} | {alone / whole:.1f} | {alone / whole / n:.0%} "
            f"| {staging:.1f} | {shuffle:.2f} |"
        )


if __name__ == "__main__":
    main()
