"""Everything fails at once, for twenty minutes: in the end each input has one whole output.

Three pipelines over overlapping lists and three workers share one Redis. They are killed at random,
every few seconds; Redis is killed, wiped and paused; outputs are deleted. STORM_MINUTES says how
long. If the test fails, its output has the seed of the random events.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from threadloom.export.source import packaged

MINUTES = float(os.environ.get("STORM_MINUTES", "20"))
QUEUE = "storm"
SUBREDDITS = [f"s{n}" for n in range(6)]
LISTS = (SUBREDDITS[:4], SUBREDDITS[2:], SUBREDDITS[::2] + SUBREDDITS[1:2])  # each overlaps each
FILES = 40  # of a subreddit
BAD = {"no": b"no Parquet", "empty": b""}  # one each in every subreddit
ALIKE = 0.9999  # least cosine of a worker's vectors to those of a quiet run
# A pipeline may end well, with dead letters, because another is at work, or because Redis is away.
CODES = {0, 2, 3, 4, -signal.SIGKILL}


@dataclass
class Actor:
    """A process that is started again whenever it has ended."""

    command: list[str]
    log: Path
    process: subprocess.Popen | None = None
    codes: list[int] = field(default_factory=list)
    rest_until: float = 0.0

    def tend(self) -> None:
        """Start it if it does not run, a moment after its last end."""
        if self.process:
            if self.process.poll() is None:
                return
            self.codes.append(self.process.returncode)
            self.process, self.rest_until = None, time.monotonic() + 1
        if time.monotonic() < self.rest_until:
            return
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log)

    def send(self, number: int) -> None:
        """Send it a signal, if it runs."""
        if self.process:
            self.process.send_signal(number)

    def end(self) -> None:
        """End it gently, and wait."""
        if self.process:
            self.process.terminate()
            self.process.wait(120)
            self.codes.append(self.process.returncode)


@pytest.fixture
def chains(tmp_path) -> Path:
    """Return a root with the files of all subreddits."""
    words = random.Random(1)
    for subreddit in SUBREDDITS:
        folder = tmp_path / "chains" / "storm" / subreddit
        folder.mkdir(parents=True)
        for number in range(FILES):
            rows = words.choice((1, 5, 20, 60))
            texts = [
                " ".join(words.choices("abcdefgh", k=words.randint(1, 90))) for _ in range(rows)
            ]
            table = pa.table({"chain_id": [f"{subreddit}-{number}-{i}" for i in range(rows)],
                              "text": texts})  # fmt: skip
            pq.write_table(table, folder / f"f{number}.parquet")
        for name, content in BAD.items():
            (folder / f"{name}.parquet").write_bytes(content)
    (tmp_path / "all.json").write_text(json.dumps(SUBREDDITS))
    for number, subreddits in enumerate(LISTS):
        (tmp_path / f"{number}.json").write_text(json.dumps(subreddits))
    return tmp_path


def flags(root: Path, listed: str) -> tuple[object, ...]:
    return ("--root", root, "--suffix=storm", "--cluster=false", "--subreddits", root / listed)


def outputs(folder: Path) -> dict[str, Path]:
    return {f"{p.parent.name}/{p.stem}": p for p in folder.glob("*/*.parquet")}


@pytest.mark.long
def test_each_input_has_one_whole_output_in_the_end(program, start_redis, chains, tmp_path, until):
    quiet = tmp_path / "quiet"
    ended = program.run(*flags(chains, "all.json"), "--embeddings_dir", quiet)
    assert ended.code == 3, ended.errors
    expected = outputs(quiet / "storm")
    assert len(expected) == len(SUBREDDITS) * FILES

    server = start_redis()
    bridge = ("--redis", server.url, "--queue", QUEUE, "--mps_claim_timeout=5s")
    pipelines = [
        Actor([str(a) for a in (program.path, *flags(chains, f"{n}.json"), *bridge)],
              tmp_path / f"pipeline-{n}.log")
        for n in range(len(LISTS))
    ]  # fmt: skip
    worker = (
        *(sys.executable, "-m", "threadloom.worker", "--redis", server.url, "--queue", QUEUE),
        *("--root", chains, "--model", packaged(), "--device=cpu", "--threads=1", "--lease=5s"),
    )
    workers = [Actor([str(a) for a in worker], tmp_path / f"worker-{n}.log") for n in range(3)]
    embeddings = chains / "embeddings" / "storm"
    seed = random.randrange(1 << 32)
    deleted = storm(random.Random(seed), server, pipelines, workers, embeddings)
    print(f"seed {seed}, {deleted} outputs deleted, pipelines ended with",
          [p.codes for p in pipelines], "workers with", [w.codes for w in workers])  # fmt: skip
    for actor in (*pipelines, *workers):
        assert "panic" not in actor.log.read_text(errors="replace")
    assert {code for p in pipelines for code in p.codes} <= CODES | {128 + signal.SIGTERM}
    # On a busy machine perhaps no run ends between two signals, but files do.
    assert deleted, "no output came to be during the storm"

    last = program.run(*flags(chains, "all.json"))
    assert last.code == 3, last.errors
    compare(outputs(embeddings), expected)
    letters = (embeddings / "_dead_letters.jsonl").read_text().splitlines()
    dead = [Path(json.loads(letter)["input"]) for letter in letters]
    assert sorted(f"{p.parent.name}/{p.stem}" for p in dead) == sorted(
        f"{subreddit}/{name}" for subreddit in SUBREDDITS for name in BAD
    )
    files = {p for p in embeddings.rglob("*") if p.is_file()} - set(outputs(embeddings).values())
    apart = [p for p in files if p.parent.name not in ("_runs", "_lease")]
    assert {p.name for p in apart} == {"_dead_letters.jsonl", ".threadloom-nonce"}
    assert {p.suffix for p in files - set(apart)} == {".json", ".free"}  # the lease was given back


def storm(chance: random.Random, server, pipelines, workers, embeddings: Path) -> int:
    """Let everything fail at random; return how many outputs were deleted."""
    end = time.monotonic() + 60 * MINUTES
    deleted = 0
    try:
        while time.monotonic() < end:
            pause = time.monotonic() + chance.uniform(0.5, 8)
            while time.monotonic() < pause:
                for actor in (*pipelines, *workers):
                    actor.tend()
                time.sleep(0.2)
            match chance.choices(("pipeline", "worker", "redis", "wipe", "pause", "delete"),
                                 (4, 4, 1, 1, 1, 2))[0]:  # fmt: skip
                case "pipeline":
                    chance.choice(pipelines).send(signal.SIGKILL)
                case "worker":
                    chance.choice(workers).send(signal.SIGKILL)
                case "redis":
                    server.kill()
                    time.sleep(chance.uniform(0, 3))
                    server.start()
                case "wipe":
                    server.client.flushall()
                case "pause":
                    server.process.send_signal(signal.SIGSTOP)
                    time.sleep(chance.uniform(0, 8))
                    server.process.send_signal(signal.SIGCONT)
                case "delete":
                    there = list(outputs(embeddings).values())
                    for path in chance.sample(there, len(there) // 3):
                        path.unlink(missing_ok=True)
                        deleted += 1
    finally:
        for actor in (*pipelines, *workers):
            actor.end()
    return deleted


def compare(found: dict[str, Path], expected: dict[str, Path]) -> None:
    """Hold outputs to those of a quiet run."""
    assert set(found) == set(expected)
    for name, path in found.items():
        mine, quiet = pq.read_table(path), pq.read_table(expected[name])
        columns = [c for c in quiet.column_names if c != "embedding"]
        assert mine.select(columns).equals(quiet.select(columns)), name
        a, b = (np.array(t["embedding"].to_pylist(), np.float32) for t in (mine, quiet))
        assert (a * b).sum(axis=1).min() >= ALIKE, name
