"""Run the pipeline as a user does: the built program, real model, real Prism, real Python."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True)
class Ended:
    """A run that has ended. summary: what --json printed, None if it printed nothing."""

    code: int
    summary: dict | None
    errors: str


class Program:
    """The built program."""

    def __init__(self, path: Path):
        self.path = path

    def start(self, *flags: object) -> subprocess.Popen:
        return subprocess.Popen(
            [self.path, "--json", *map(str, flags)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def end(self, process: subprocess.Popen) -> Ended:
        out, errors = process.communicate(timeout=900)
        return Ended(process.returncode, json.loads(out) if out else None, errors)

    def run(self, *flags: object) -> Ended:
        return self.end(self.start(*flags))


@pytest.fixture(scope="session")
def program() -> Program:
    path = REPOSITORY / "build" / "pipeline"
    subprocess.run(["go", "build", "-o", path, "./pipeline"], cwd=REPOSITORY, check=True)
    return Program(path)


@pytest.fixture(scope="session")
def lay_out():
    """Return lay_out(root, texts): one subreddit with one file of texts, suffix "test"."""

    def lay_out(root: Path, texts: list[str | None]) -> None:
        (root / "subreddits_list.json").write_text(json.dumps(["mixed"]))
        chains = root / "chains" / "test" / "mixed" / "all.parquet"
        chains.parent.mkdir(parents=True)
        pq.write_table(pa.table({"text": texts}), chains)

    return lay_out


@pytest.fixture(scope="session")
def corpus() -> Path:
    path = Path(os.environ.get("THREADLOOM_CORPUS") or REPOSITORY.parent / "shared" / "corpus")
    if not (path / "chains").is_dir():
        pytest.skip(f"no corpus at {path}: THREADLOOM_CORPUS says where it is")
    return path


@pytest.fixture(scope="session")
def sample() -> Path:
    """Return the root of the bundled sample, as set-up made it."""
    return REPOSITORY / "build" / "sample"


@pytest.fixture(scope="session")
def copy_sample(sample):
    """Return copy_sample(root): put the sample there, with nothing embedded."""

    def copy_sample(root: Path) -> Path:
        shutil.copytree(sample / "chains", root / "chains")
        shutil.copy(sample / "subreddits_list.json", root)
        return root

    return copy_sample


@pytest.fixture(scope="session")
def sample_rows(sample) -> list[dict]:
    """Return the 300 invented chains, in order."""
    files = sorted((sample / "chains" / "sample").glob("*/*.parquet"))
    return [row for file in files for row in pq.read_table(file).to_pylist()]
