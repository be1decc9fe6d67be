"""Runs on a real Flink of two TaskManagers, which dies and is cancelled in the middle."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

# There is only one development cluster on a machine, so these tests run one after another.
pytestmark = pytest.mark.flink
REPOSITORY = Path(__file__).parents[2]
CLUSTER = REPOSITORY / "runners" / "flink" / "cluster.sh"
RUN = REPOSITORY / "build" / "flink" / "run"
MASTER = "127.0.0.1:8081"
FILES = 24  # of the invented work
ROWS = 40  # of each


@pytest.fixture(scope="module", autouse=True)
def flink(processes):
    """Start the development cluster for this module and stop it at the end."""
    if not (REPOSITORY / "build" / "flink" / "ready").exists():
        lacks = subprocess.run([CLUSTER.with_name("lacks.sh")], capture_output=True, text=True)
        pytest.skip(lacks.stdout.strip() or "no Flink on this machine: make flink")
    subprocess.run([CLUSTER, "down"], check=True)  # another program may have started a cluster
    subprocess.run([CLUSTER, "up"], check=True)
    yield
    subprocess.run([CLUSTER, "down"], check=True)
    assert not processes("org.apache.flink"), "Flink goes on after 'down'"


STARTED = {  # the processes that a job starts, and a part of the command line of each
    "job server": "flink/job-server.jar",
    "boot program": "build/flink/boot --",
    "worker": "--worker=true",
    "clustering": "threadloom.cluster.beam.server",
}


@pytest.fixture(scope="module")
def of_ours(processes):
    """Return of_ours(): the names in STARTED of the processes that run now."""
    return lambda: {name for name, part in STARTED.items() if processes(part)}


@dataclass(frozen=True)
class Work:
    """Inputs for a run that is long enough to be disturbed. rows: of each file, by its name."""

    root: Path
    suffix: str
    rows: dict[str, int]

    def flags(self, *more: object) -> tuple:
        return flags(self.root, self.suffix, "--cluster=false", *more)

    def outputs(self) -> dict[str, Path]:
        return outputs(self.root, self.suffix)

    def check_whole(self) -> None:
        """Check that no output is half done, and nothing lies about."""
        for name, path in self.outputs().items():
            assert pq.read_metadata(path).num_rows == self.rows[name]
        assert leftovers(self.root) == []

    def check_done(self) -> None:
        """Check that each input has its output."""
        assert self.outputs().keys() == self.rows.keys()
        self.check_whole()


CORPUS = pytest.param("corpus", marks=pytest.mark.long)


@pytest.fixture(params=["invented", CORPUS])
def work(request, tmp_path) -> Work:
    """Return work for some ten seconds, or the newsgroups: for minutes."""
    if request.param == "corpus":
        suffix = "newsgroups"
        copy_list(request.getfixturevalue("corpus"), tmp_path, suffix)
    else:
        suffix = "test"
        invent(tmp_path, suffix)
    chains = tmp_path / "chains" / suffix
    rows = {
        str(f.relative_to(chains)): pq.read_metadata(f).num_rows for f in chains.glob("*/*.parquet")
    }
    return Work(tmp_path, suffix, rows)


def copy_list(corpus: Path, root: Path, suffix: str) -> None:
    root.mkdir(exist_ok=True)
    (root / "chains").symlink_to(corpus / "chains")
    names = sorted(f.name for f in (corpus / "chains" / suffix).iterdir())
    (root / "subreddits_list.json").write_text(json.dumps(names))


def invent(root: Path, suffix: str) -> None:
    (root / "subreddits_list.json").write_text(json.dumps(["one", "two"]))
    for name in ("one", "two"):
        folder = root / "chains" / suffix / name
        folder.mkdir(parents=True)
        for i in range(FILES // 2):
            texts = [
                f"{name} {i} {j} " + " ".join(f"word{(i * j + k) % 997}" for k in range(150))
                for j in range(ROWS)
            ]
            pq.write_table(
                pa.table({"id": list(range(ROWS)), "text": texts}), folder / f"{i:02d}.parquet"
            )


def flags(root: Path, suffix: str, *more: object) -> tuple:
    return (
        *("--runner=flink", f"--flink_master={MASTER}", "--parallelism=2"),
        *("--root", root, "--suffix", suffix, *more),
    )


def outputs(root: Path, suffix: str) -> dict[str, Path]:
    folder = root / "embeddings" / suffix
    return {str(f.relative_to(folder)): f for f in sorted(folder.glob("*/*.parquet"))}


def leftovers(root: Path) -> list[Path]:
    return [p for p in root.rglob("*") if p.name.startswith("threadloom-flink-")]


def labels(root: Path, suffix: str) -> pa.Table:
    return pq.read_table(root / "clusters" / suffix / "labels.parquet")


@pytest.mark.parametrize("data", ["invented", CORPUS])
def test_flink_gives_what_prism_gives(
    program, request, copy_sample, until, of_ours, tmp_path, data
):
    roots = [tmp_path / name for name in ("prism", "flink", "mixed")]
    if data == "corpus":
        suffix, files, rows = "newsgroups", 96, 11_276
        for root in roots:
            copy_list(request.getfixturevalue("corpus"), root, suffix)
    else:
        suffix, files, rows = "sample", 12, 300
        for root in roots:
            copy_sample(root)
    prism, flink, mixed = roots
    ended = program.run("--runner=prism", "--root", prism, "--suffix", suffix)
    assert ended.code == 0, ended.errors
    ended = program.run(*flags(flink, suffix))
    assert ended.code == 0, ended.errors
    assert (ended.summary["files_done"], ended.summary["rows"]) == (files, rows)
    assert ended.summary["clustered_rows"] == rows
    assert list(outputs(prism, suffix)) == list(outputs(flink, suffix))
    for name, path in outputs(prism, suffix).items():
        a, b = pq.read_table(path), pq.read_table(outputs(flink, suffix)[name])
        assert a.drop_columns(["embedding"]).equals(b.drop_columns(["embedding"]))
        a, b = (np.array(t["embedding"].to_pylist()) for t in (a, b))
        assert np.abs(a - b).max() <= 1e-6
    did = ended.summary["processes"]
    assert len(did) == 2
    assert sum(p["files"] for p in did) == files
    assert min(p["files"] for p in did) > 0
    until(lambda: not of_ours())
    assert leftovers(tmp_path) == []
    # From the same vectors Flink makes the same clusters. (If vectors differ by 1e-7, even two runs
    # on Prism do not.)
    shutil.copytree(prism / "embeddings", mixed / "embeddings")
    ended = program.run(*flags(mixed, suffix))
    assert (ended.code, ended.summary["files_done"]) == (0, 0), ended.errors
    assert labels(mixed, suffix).equals(labels(prism, suffix))


def test_an_import_gives_the_same_bytes_as_on_prism(importing, invent, until, of_ours, tmp_path):
    dumps = invent("--bytes=20M", "--months=2006-01,2023-12,2024-01")
    prism = importing(tmp_path / "prism").done("--runner=prism", *dumps)
    to = ("--runner=flink", f"--flink_master={MASTER}", "--parallelism=2")
    flink = importing(tmp_path / "flink").done(*to, *dumps)
    assert flink.parts == prism.parts
    assert flink.counts == prism.counts
    until(lambda: not of_ours())


def test_a_taskmanager_that_dies_costs_nothing_but_time(program, until, processes, of_ours, work):
    run = program.start(*work.flags())
    until(lambda: len(work.outputs()) >= 2)
    assert of_ours() == STARTED.keys() - {"clustering"}
    taskmanager = int((RUN / "taskmanager-1.pid").read_text())
    os.kill(taskmanager, signal.SIGKILL)
    until(lambda: taskmanager not in processes("TaskManagerRunner"))
    subprocess.run([CLUSTER, "up"], check=True)
    ended = program.end(run)
    assert ended.code == 0, ended.errors
    work.check_done()
    counted = ended.summary["files_done"], ended.summary.get("files_uncounted", 0)
    assert sum(counted) == len(work.rows)
    assert counted[1] > 0
    until(lambda: not of_ours())


@pytest.mark.parametrize("sig", [signal.SIGKILL, signal.SIGTERM])
def test_without_its_driver_the_job_ends_and_the_next_run_completes_it(
    program, until, of_ours, work, sig
):
    run = program.start(*work.flags())
    until(lambda: len(work.outputs()) >= 2)
    run.send_signal(sig)
    ended = program.end(run)
    assert ended.code == (-sig if sig == signal.SIGKILL else 143), ended.errors
    until(lambda: not of_ours())
    done = len(work.outputs())
    assert 0 < done < len(work.rows)
    work.check_whole()
    again = program.run(*work.flags())
    assert again.code == 0, again.errors
    assert again.summary["files_skipped"] == done
    work.check_done()


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        (("--endpoint", MASTER), f"use --flink_master={MASTER}"),
        (("--flink_master", "127.0.0.1:9"), "no Flink answers there"),
        ((), "--flink_master=HOST:8081"),
        (("--flink_master", MASTER, "--async", "--cluster=false"), "--endpoint"),
    ],
)
def test_a_wrong_address_is_explained_in_one_line(program, sample, more, wanted):
    ended = program.run("--runner=flink", "--root", sample, "--suffix=sample", *more)
    assert ended.code == 2
    assert wanted in ended.errors
    assert len(ended.errors.strip().splitlines()) == 1


def test_a_machine_without_the_model_is_named(program, copy_sample, tmp_path):
    root = copy_sample(tmp_path / "root")
    ended = program.run(*flags(root, "sample", "--cluster=false", "--model=/nowhere"))
    assert ended.code == 1
    assert "/nowhere" in ended.errors
    assert os.uname().nodename in ended.errors


@pytest.fixture
def job_server(tmp_path):
    """Run a job server that outlives its drivers; return its HOST:PORT."""
    with socket.socket() as a, socket.socket() as b:
        for s in (a, b):
            s.bind(("127.0.0.1", 0))
        ports = [s.getsockname()[1] for s in (a, b)]
    log = tmp_path / "job-server.log"
    with log.open("w") as out:
        server = subprocess.Popen(
            ["java", "-Xmx512m", "-jar", REPOSITORY / "build" / "flink" / "job-server.jar",
             "--job-host=127.0.0.1", f"--job-port={ports[0]}", f"--artifact-port={ports[1]}",
             "--expansion-port=-1", f"--flink-master={MASTER}", f"--artifacts-dir={tmp_path}/jobs"],
            stdout=out, stderr=out,
        )  # fmt: skip
    yield f"127.0.0.1:{ports[0]}"
    server.kill()
    server.wait()


@pytest.fixture
def cluster_service(tmp_path, until):
    """Run the clustering as a service of its own; return its HOST:PORT."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{s.getsockname()[1]}"
    log = tmp_path / "service.log"
    with log.open("w") as out:
        command = [sys.executable, "-m", "threadloom.cluster.beam.server", "--listen", address]
        service = subprocess.Popen(command, stdout=out, stderr=out)
    until(lambda: "ready" in log.read_text())
    yield address
    service.kill()
    service.wait()


def test_a_job_server_and_a_clustering_service_that_run_already(
    program, copy_sample, until, tmp_path, job_server, cluster_service
):
    root = copy_sample(tmp_path / "root")
    to = (f"--endpoint={job_server}", "--parallelism=2", "--root", root, "--suffix=sample")
    until(lambda: is_open(job_server))
    submitted = program.run(
        "--runner=flink", *to, f"--cluster_endpoint={cluster_service}", "--async"
    )
    assert submitted.code == 0, submitted.errors
    assert submitted.summary is None
    until(lambda: (root / "clusters" / "sample" / "labels.parquet").exists(), seconds=180)
    assert len(outputs(root, "sample")) == 12
    assert labels(root, "sample").num_rows == 300
    # The driver does the work of both TaskManagers itself, and without a second try.
    shutil.rmtree(root / "embeddings")
    run = program.start("--runner=flink", *to, "--cluster=false", "--environment_type=LOOPBACK")
    ended = program.end(run)
    assert ended.code == 0, ended.errors
    assert "files_uncounted" not in ended.summary
    assert [p["process"].split(":")[1] for p in ended.summary["processes"]] == [str(run.pid)]
    assert (ended.summary["files_done"], len(outputs(root, "sample"))) == (12, 12)


def is_open(address: str) -> bool:
    host, port = address.split(":")
    with socket.socket() as s:
        return s.connect_ex((host, int(port))) == 0


def test_a_job_that_is_cancelled_on_flinks_page_leaves_whole_files(program, until, of_ours, work):
    run = program.start(*work.flags())
    until(lambda: len(work.outputs()) >= 2)
    with urllib.request.urlopen(f"http://{MASTER}/jobs/overview") as answer:
        (job,) = [j["jid"] for j in json.load(answer)["jobs"] if j["state"] == "RUNNING"]
    cancel = urllib.request.Request(f"http://{MASTER}/jobs/{job}?mode=cancel", method="PATCH")
    urllib.request.urlopen(cancel).close()
    ended = program.end(run)
    assert ended.code == 1
    assert "cancelled" in ended.errors.splitlines()[-1]
    until(lambda: not of_ours())
    assert 0 < len(work.outputs()) < len(work.rows)
    work.check_whole()
