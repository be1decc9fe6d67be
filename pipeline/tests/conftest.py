"""Run the pipeline as a user does: the built program, real model, real Prism, real Python."""

import functools
import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from threadloom.export.source import packaged

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

    def verify(self, *flags: object) -> tuple[int, dict]:
        """Run verify; return its exit code and its verdict."""
        done = subprocess.run(
            [self.path, "verify", "--json", *map(str, flags)], capture_output=True, text=True
        )
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    def found(self, root: "Root") -> tuple[int, dict, dict[str, str]]:
        """Run verify; return its exit code, its verdict and its reasons by the output's name."""
        code, verdict = self.verify(*root.flags)
        return code, verdict, {Path(p["output"]).stem: p["reason"] for p in verdict["problems"]}

    def watched(self, *flags: object, **options: object) -> tuple[Ended, float]:
        """Run it; return how it ended and the most memory that it had, in MB."""
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
            command = [self.path, "--json", *map(str, flags)]
            process = subprocess.Popen(command, stdout=out, stderr=errors, **options)
            peak = 0.0
            while process.poll() is None:
                peak = max(peak, peak_mb(process.pid))
                time.sleep(0.02)
            out.seek(0), errors.seek(0)
            summary = json.loads(out.read() or "null")
            return Ended(process.returncode, summary, errors.read()), peak


def peak_mb(pid: int) -> float:
    """Return the most memory that a process has had, in MB; 0 once it is gone.

    wait4 would include the memory that this process had when it started the other one.
    """
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


@pytest.fixture(scope="session")
def program() -> Program:
    path = REPOSITORY / "build" / "pipeline"
    subprocess.run(["go", "build", "-o", path, "./pipeline"], cwd=REPOSITORY, check=True)
    return Program(path)


@pytest.fixture(scope="session")
def bad_files():
    """Return the module that makes bad files."""
    return load("bad_files")


@pytest.fixture(scope="session")
def spoil():
    """Return the module that makes a file and changes a part of it."""
    return load("spoil")


@pytest.fixture(scope="session")
def neighbour():
    """Return neighbour(name): a module in the folder of the tests."""
    return load


@pytest.fixture(scope="module")
def work(start_redis):
    """Return work(root): have a worker, and nobody else, embed all files of a root.

    The summary is the codes of the files that it could not embed.
    """

    def work(root: Root) -> Ended:
        redis = start_redis()
        outputs = root.path / "embeddings" / "test" / "all"
        outputs.mkdir(parents=True)
        for path in sorted(root.chains.iterdir()):
            job = {"input_path": str(path), "output_path": str(outputs / path.name)}
            redis.client.rpush("q", json.dumps(job))
        command = [
            *(sys.executable, "-m", "threadloom.worker", "--redis", redis.url, "--queue=q"),
            *("--root", root.path, "--model", packaged(), "--device=cpu", "--threads=1"),
            "--until_idle=2",
        ]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=900)
        dead = {json.loads(k)["input_path"]: v for k, v in redis.client.hgetall("q:dead").items()}
        codes = {Path(path).stem: json.loads(value)["code"] for path, value in dead.items()}
        return Ended(done.returncode, codes, done.stderr)

    return work


@pytest.fixture(scope="session")
def made():
    """Return the module that makes right and wrong outputs."""
    return load("spoiled_outputs")


@pytest.fixture(scope="session")
def run(tmp_path_factory, new_root, program, made) -> dict:
    """Embed two files of made.chains, "a" and "other"."""
    root = new_root(tmp_path_factory.mktemp("run"))
    sources = {name: made.chains(name) for name in ("a", "other")}
    for name, source in sources.items():
        pq.write_table(source, root.chains / f"{name}.parquet")
    assert program.run(*root.flags).code == 0
    return {n: made.Embedded(sources[n], pq.read_table(root.outputs[n])) for n in sources}


def load(name: str):
    """Import a module from this folder, and the modules in this folder that it needs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(Path(__file__).parent)
        return importlib.import_module(name)


@dataclass
class Root:
    """A folder with one subreddit, to be embedded."""

    path: Path
    flags: tuple[object, ...]

    @property
    def chains(self) -> Path:
        return self.path / "chains" / "test" / "all"

    @property
    def outputs(self) -> dict[str, Path]:
        """Return the embeddings files by name, without their suffix."""
        return {p.stem: p for p in (self.path / "embeddings" / "test" / "all").glob("*.parquet")}

    @property
    def letters(self) -> dict[str, str]:
        """Return the reasons of the dead letters by the input's name, without its suffix."""
        return self._of_letters("error")

    @property
    def codes(self) -> dict[str, str]:
        """Return the codes of the dead letters by the input's name, without its suffix."""
        return self._of_letters("code")

    def _of_letters(self, key: str) -> dict[str, str]:
        path = self.path / "embeddings" / "test" / "_dead_letters.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        return {Path(d["input"]).stem: d[key] for d in map(json.loads, lines)}

    @property
    def unfinished(self) -> list[Path]:
        return list((self.path / "embeddings").rglob("*.tmp"))

    def put(self, files: dict[str, bytes]) -> None:
        for name, content in files.items():
            (self.chains / f"{name}.parquet").write_bytes(content)


@pytest.fixture(scope="session")
def new_root():
    """Return new_root(path): make a root with an empty subreddit."""

    def new_root(path: Path) -> Root:
        root = Root(path, ("--root", path, "--suffix", "test", "--cluster=false"))
        root.chains.mkdir(parents=True)
        (path / "subreddits_list.json").write_text(json.dumps(["all"]))
        return root

    return new_root


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
def importing(program):
    """Return importing(root): the command 'import', into a root."""
    module = load("importing")
    return lambda root: module.Import(program.path, root)


@pytest.fixture(scope="session")
def plainimport():
    """Return the plain program with whose chains those of 'import' are compared."""
    return load("plainimport")


@pytest.fixture(scope="session")
def invent(tmp_path_factory):
    """Return invent(flag, …): make dumps with bench/dumps, once for the same flags."""
    generator = tmp_path_factory.mktemp("generator") / "dumps"
    subprocess.run(["go", "build", "-o", generator, "./bench/dumps"], cwd=REPOSITORY, check=True)

    programs = {"--compression=xz": "xz", "--compression=bz2": "bzip2", "--window=31": "zstd"}

    @functools.cache
    def invent(*flags: str) -> list[Path]:
        for lacking in (programs[f] for f in flags if f in programs):
            if not shutil.which(lacking):
                pytest.skip(f"no {lacking} on this machine: apt-get install zstd xz-utils bzip2")
        folder = tmp_path_factory.mktemp("dumps")
        subprocess.run([generator, "--out", folder, *flags], check=True)
        return sorted(folder.iterdir())

    return invent


@pytest.fixture(scope="session")
def sample_dumps() -> list[Path]:
    """Return real dumps: three months of comments, and two of submissions."""
    folder = Path(os.environ.get("THREADLOOM_DUMPS") or REPOSITORY.parent / "shared" / "dumps")
    if not folder.is_dir():
        pytest.skip(f"no dumps at {folder}: THREADLOOM_DUMPS says where they are")
    return sorted(folder.glob("*.zst"))


@pytest.fixture
def mount():
    """Return mount(folder, options): mount a tmpfs there; it goes with the test."""
    mounted = []

    def mount(folder: Path, options: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        command = ["mount", "-t", "tmpfs", "-o", options, "none", folder]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"mounts are not allowed here: {done.stderr.strip()}")
        mounted.append(folder)

    yield mount
    for folder in mounted:
        subprocess.run(["umount", folder], check=True)


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
