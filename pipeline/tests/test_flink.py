"""Runs on a real Flink of two TaskManagers, which dies and is cancelled in the middle."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

REPOSITORY = Path(__file__).parents[2]
CLUSTER = REPOSITORY / "runners" / "flink" / "cluster.sh"
RUN = REPOSITORY / "build" / "flink" / "run"
MASTER = "127.0.0.1:8081"
FILES = 24  # of a run that is long enough to be disturbed
ROWS = 60  # of each


@pytest.fixture(scope="module", autouse=True)
def flink():
    """Start the development cluster for this module and stop it at the end."""
    if not (REPOSITORY / "build" / "flink" / "ready").exists():
        if os.environ.get("CI"):
            pytest.fail("no Flink: run 'make flink' before")
        pytest.skip("no Flink on this machine: 'make flink' gets it")
    subprocess.run([CLUSTER, "up"], check=True)
    yield
    subprocess.run([CLUSTER, "down"], check=True)
    assert not processes("org.apache.flink"), "Flink goes on after 'down'"


def processes(*words: str) -> list[int]:
    """Return the processes in whose command line all the words are."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if all(word in line for word in words):
            found.append(int(folder.name))
    return found


def of_ours() -> list[int]:
    """Return what a job starts on the way: job server, guard, boot programs, workers."""
    return [
        *processes("flink/job-server.jar"),
        *processes("build/flink/boot --"),
        *processes("--worker=true"),
        *processes("threadloom.cluster.server"),
    ]


@pytest.fixture
def long_run(tmp_path) -> Path:
    """Return a root with work for some ten seconds."""
    (tmp_path / "subreddits_list.json").write_text(json.dumps(["one", "two"]))
    for name in ("one", "two"):
        folder = tmp_path / "chains" / "test" / name
        folder.mkdir(parents=True)
        for i in range(FILES // 2):
            texts = [
                f"{name} {i} {j} " + " ".join(f"word{(i * j + k) % 997}" for k in range(150))
                for j in range(ROWS)
            ]
            pq.write_table(
                pa.table({"id": list(range(ROWS)), "text": texts}), folder / f"{i:02d}.parquet"
            )
    return tmp_path


def flags(root: Path, suffix: str, *more: object) -> tuple:
    return (
        *("--runner=flink", f"--flink_master={MASTER}", "--parallelism=2"),
        *("--root", root, "--suffix", suffix, *more),
    )


def outputs(root: Path, suffix: str) -> dict[str, Path]:
    folder = root / "embeddings" / suffix
    return {str(f.relative_to(folder)): f for f in sorted(folder.glob("*/*.parquet"))}


def check_outputs(root: Path) -> None:
    """Check that each input has one whole output, and that nothing half done lies about."""
    found = outputs(root, "test")
    assert len(found) == FILES
    for path in found.values():
        assert pq.read_table(path)["id"].to_pylist() == list(range(ROWS))


def leftovers(root: Path) -> list[Path]:
    return [p for p in root.rglob("*") if p.name.startswith("threadloom-flink-")]


def labels(root: Path) -> pa.Table:
    return pq.read_table(root / "clusters" / "sample" / "labels.parquet")


def test_flink_gives_what_prism_gives(program, copy_sample, until, tmp_path):
    prism, flink, mixed = (copy_sample(tmp_path / n) for n in ("prism", "flink", "mixed"))
    assert program.run("--runner=prism", "--root", prism, "--suffix=sample").code == 0
    ended = program.run(*flags(flink, "sample"))
    assert ended.code == 0, ended.errors
    assert (ended.summary["files_done"], ended.summary["rows"]) == (12, 300)
    assert ended.summary["clustered_rows"] == 300
    assert list(outputs(prism, "sample")) == list(outputs(flink, "sample"))
    for name, path in outputs(prism, "sample").items():
        a, b = pq.read_table(path), pq.read_table(outputs(flink, "sample")[name])
        assert a.drop_columns(["embedding"]).equals(b.drop_columns(["embedding"]))
        a, b = (np.array(t["embedding"].to_pylist()) for t in (a, b))
        assert np.abs(a - b).max() <= 1e-6
    did = ended.summary["processes"]
    assert len(did) == 2
    assert sum(p["files"] for p in did) == 12
    assert min(p["files"] for p in did) > 0
    until(lambda: not of_ours())
    assert leftovers(tmp_path) == []
    # Of the same vectors Flink makes the same clusters. (Of vectors that differ by 1e-7 even two
    # runs on Prism do not.)
    shutil.copytree(prism / "embeddings", mixed / "embeddings")
    ended = program.run(*flags(mixed, "sample"))
    assert (ended.code, ended.summary["files_done"]) == (0, 0), ended.errors
    assert labels(mixed).equals(labels(prism))


def test_a_taskmanager_that_dies_costs_nothing_but_time(program, until, long_run):
    run = program.start(*flags(long_run, "test", "--cluster=false"))
    until(lambda: len(outputs(long_run, "test")) >= 2)
    taskmanager = int((RUN / "taskmanager-1.pid").read_text())
    os.kill(taskmanager, signal.SIGKILL)
    until(lambda: taskmanager not in processes("TaskManagerRunner"))
    subprocess.run([CLUSTER, "up"], check=True)
    ended = program.end(run)
    assert ended.code == 0, ended.errors
    check_outputs(long_run)
    until(lambda: not of_ours())


@pytest.mark.parametrize("sig", [signal.SIGKILL, signal.SIGTERM])
def test_without_its_driver_the_job_ends_and_the_next_run_completes_it(
    program, until, long_run, sig
):
    run = program.start(*flags(long_run, "test", "--cluster=false"))
    until(lambda: len(outputs(long_run, "test")) >= 2)
    run.send_signal(sig)
    ended = program.end(run)
    assert ended.code == (-sig if sig == signal.SIGKILL else 143), ended.errors
    until(lambda: not of_ours())
    done = outputs(long_run, "test")
    assert 0 < len(done) < FILES
    for path in done.values():
        assert pq.read_metadata(path).num_rows == ROWS
    assert leftovers(long_run) == []
    again = program.run(*flags(long_run, "test", "--cluster=false"))
    assert again.code == 0, again.errors
    assert again.summary["files_skipped"] == len(done)
    check_outputs(long_run)


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


def test_a_machine_without_the_model_is_named(program, long_run):
    ended = program.run(*flags(long_run, "test", "--cluster=false", "--model=/nowhere"))
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
        command = [sys.executable, "-m", "threadloom.cluster.server", "--listen", address]
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
    until(lambda: (root / "clusters" / "sample" / "labels.parquet").exists())
    assert len(outputs(root, "sample")) == 12
    assert labels(root).num_rows == 300
    # The driver does the work itself.
    shutil.rmtree(root / "embeddings")
    run = program.start("--runner=flink", *to, "--cluster=false", "--environment_type=LOOPBACK")
    ended = program.end(run)
    assert ended.code == 0, ended.errors
    assert [p["process"].split(":")[1] for p in ended.summary["processes"]] == [str(run.pid)]
    assert (ended.summary["files_done"], len(outputs(root, "sample"))) == (12, 12)


def is_open(address: str) -> bool:
    host, port = address.split(":")
    with socket.socket() as s:
        return s.connect_ex((host, int(port))) == 0


def test_a_job_that_is_cancelled_on_flinks_page_leaves_whole_files(program, until, long_run):
    run = program.start(*flags(long_run, "test", "--cluster=false"))
    until(lambda: len(outputs(long_run, "test")) >= 2)
    with urllib.request.urlopen(f"http://{MASTER}/jobs/overview") as answer:
        (job,) = [j["jid"] for j in json.load(answer)["jobs"] if j["state"] == "RUNNING"]
    cancel = urllib.request.Request(f"http://{MASTER}/jobs/{job}?mode=cancel", method="PATCH")
    urllib.request.urlopen(cancel).close()
    ended = program.end(run)
    assert ended.code == 1
    assert "cancelled" in ended.errors.splitlines()[-1]
    until(lambda: not of_ours())
    assert 0 < len(outputs(long_run, "test")) < FILES
    for path in outputs(long_run, "test").values():
        assert pq.read_metadata(path).num_rows == ROWS
