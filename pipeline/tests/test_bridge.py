"""Files go over the bridge to real workers, and come back like those embedded here."""

import json
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from threadloom.export.source import packaged
from threadloom.worker.queue import Queue, connect

ALIKE = 0.9999  # least cosine of a worker's vectors to those embedded here


@pytest.fixture(scope="module")
def server(start_redis):
    return start_redis()


@pytest.fixture
def start_worker(server, until):
    """Return a function that starts a real worker on the CPU, on this module's Redis or another."""
    running = []

    def start(root: Path, queue: str, *flags: object, on=server) -> subprocess.Popen:
        command = [
            *(sys.executable, "-m", "threadloom.worker", "--redis", on.url, "--queue", queue),
            *("--root", root, "--model", packaged(), "--device=cpu", "--threads=1", *flags),
        ]
        before = on.client.zcard(f"{queue}:workers")
        running.append(
            subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE, text=True)
        )
        until(lambda: on.client.zcard(f"{queue}:workers") > before)
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.wait()


@pytest.fixture
def bridged(server, program):
    """Return a function that runs the pipeline over the bridge."""

    def run(root: Path, suffix: str, queue: str, *flags: object):
        return program.run(
            *("--root", root, "--suffix", suffix, "--cluster=false", "--redis", server.url),
            *("--queue", queue, *flags),
        )

    return run


def mark(path: Path) -> dict:
    return json.loads(pq.read_schema(path).metadata[b"threadloom.fingerprint"])


def columns(path: Path) -> list[tuple]:
    """Return the columns with their types, and whether and how often they may be there."""
    schema = pq.ParquetFile(path).schema
    return [
        (c.path, c.physical_type, c.max_definition_level, c.max_repetition_level)
        for c in (schema.column(i) for i in range(len(schema.names)))
    ]


def test_workers_files_are_like_those_embedded_here(
    bridged, program, start_worker, sample, copy_sample, tmp_path
):
    here = tmp_path / "here"
    code = program.run("--root", sample, "--suffix=sample", "--cluster=false",
                       "--embeddings_dir", here).code  # fmt: skip
    assert code == 0
    copy_sample(tmp_path / "root")
    start_worker(tmp_path / "root", "alike")
    # The pipeline embeds only the files that it takes back.
    ended = bridged(tmp_path / "root", "sample", "alike", "--mps_share=1")
    assert ended.code == 0, ended.errors
    files = sorted((here / "sample").glob("*/*.parquet"))
    assert ended.summary["files_done"] == len(files)
    assert ended.summary["files_by_workers"] > 0
    theirs = 0
    for file in files:
        other = tmp_path / "root" / "embeddings" / "sample" / file.parent.name / file.name
        mine, got = pq.read_table(file), pq.read_table(other)
        names = [c for c in mine.column_names if c != "embedding"]
        assert got.select(names).equals(mine.select(names))
        assert columns(other) == columns(file)
        assert got.schema.remove_metadata() == mine.schema.remove_metadata()
        a, b = (np.array(t["embedding"].to_pylist(), np.float32) for t in (mine, got))
        assert (a * b).sum(axis=1).min() >= ALIKE
        same = ("input_rows", "input_size", "weights_sha256", "tokenizer_sha256", "pooling",
                "normalized", "max_seq_length", "dimension", "long_text", "precision", "version",
                "model")  # fmt: skip
        assert {k: mark(file)[k] for k in same} == {k: mark(other)[k] for k in same}
        assert list(mark(file)) == list(mark(other))
        theirs += mark(other)["backend"] == "sentence-transformers-cpu"
    assert theirs == ended.summary["files_by_workers"]


def test_workers_chunk_long_texts_as_they_are_chunked_here(
    bridged, program, start_worker, lay_out, tmp_path
):
    texts = [" ".join(f"word{i * j % 997}" for j in range(40 * i)) for i in range(1, 30)]
    lay_out(tmp_path, [*texts, "", None, "\u0301" * 500 + " end"])
    flags = ("--long_text=chunk", "--prompt=query: ", "--fixed_size_lists",
             "--mps_claim_timeout=1h")  # fmt: skip
    here = tmp_path / "here"
    code = program.run("--root", tmp_path, "--suffix=test", "--cluster=false", "--embeddings_dir",
                       here, *flags).code  # fmt: skip
    assert code == 0
    start_worker(tmp_path, "chunks")
    ended = bridged(tmp_path, "test", "chunks", *flags)
    assert ended.code == 0, ended.errors
    assert ended.summary["files_by_workers"] == 1
    (mine,) = (here / "test").glob("*/*.parquet")
    theirs = tmp_path / "embeddings" / "test" / mine.parent.name / mine.name
    a, b = pq.read_table(mine), pq.read_table(theirs)
    names = [name for name in a.column_names if name != "embedding"]
    assert "n_chunks" in names and max(a["n_chunks"].to_pylist()) > 3
    assert b.select(names).equals(a.select(names))
    assert columns(theirs) == columns(mine)
    assert a.schema.field("embedding").type == pa.list_(pa.float32(), 384)
    assert b.schema.remove_metadata() == a.schema.remove_metadata()
    x, y = (np.array(t["embedding"].to_pylist(), np.float32) for t in (a, b))
    assert np.abs(x - y).max() < 1e-4
    assert mark(theirs)["long_text"] == "chunk"


def test_a_stale_output_is_replaced_by_a_worker(bridged, program, start_worker, lay_out, tmp_path):
    lay_out(tmp_path, ["a text", "another"])
    flags = ("--root", tmp_path, "--suffix=test", "--cluster=false")
    assert program.run(*flags).code == 0
    (output,) = (tmp_path / "embeddings" / "test").glob("*/*.parquet")
    assert "prompt" not in mark(output)
    start_worker(tmp_path, "stale")
    ended = bridged(tmp_path, "test", "stale", "--check=fingerprint", "--prompt=query: ")
    assert ended.code == 0, ended.errors
    assert ended.summary["files_by_workers"] == 1
    assert mark(output)["prompt"] == "query: "
    assert mark(output)["backend"] == "sentence-transformers-cpu"


def test_without_any_worker_everything_is_embedded_here(bridged, server, copy_sample, tmp_path):
    copy_sample(tmp_path)
    ended = bridged(tmp_path, "sample", "nobody", "--mps_share=1")
    assert ended.code == 0, ended.errors
    assert ended.summary["rows"] == 300
    assert ended.summary["files_by_workers"] == 0
    assert server.client.llen("nobody") == 0


def test_a_job_that_a_plain_consumer_lost_is_done_all_the_same(bridged, server, lay_out, tmp_path):
    lay_out(tmp_path, ["a text", None])
    popped = []

    taker = threading.Thread(target=lambda: popped.append(server.client.blpop("plain", timeout=20)))
    taker.start()
    ended = bridged(tmp_path, "test", "plain", "--mps_share=1", "--bridge_lost_after=4s")
    taker.join()
    assert ended.code == 0, ended.errors
    job = json.loads(popped[0][1])
    assert list(job) == ["input_path", "output_path"]
    assert pq.read_metadata(job["output_path"]).num_rows == 2


def test_a_file_that_workers_cannot_read_is_a_dead_letter(
    bridged, start_worker, lay_out, tmp_path, server
):
    lay_out(tmp_path, ["a text"] * 4)
    bad = tmp_path / "chains" / "test" / "mixed" / "bad.parquet"
    bad.write_bytes(b"PAR1 this is none PAR1")
    ended = bridged(tmp_path, "test", "poison", "--mps_share=1")
    assert ended.code == 3, ended.errors
    assert ended.summary["files_done"] == 1
    letters = (tmp_path / "embeddings" / "test" / "_dead_letters.jsonl").read_text().splitlines()
    assert [json.loads(line)["input"] for line in letters] == [str(bad)]


@pytest.mark.parametrize("fate", ["wiped", "killed", "restarted"])
def test_the_run_ends_well_though_redis_is(
    fate, program, start_redis, start_worker, lay_out, until, tmp_path
):
    lay_out(tmp_path, ["a text"])
    folder = tmp_path / "chains" / "test" / "mixed"
    for i in range(12):  # some seconds of work
        texts = [f"{i} {j} " + " ".join(f"{i * j + k} words" for k in range(60)) for j in range(50)]
        pq.write_table(pa.table({"text": texts}), folder / f"part-{i:02d}.parquet")
    redis = start_redis()
    start_worker(tmp_path, "q", on=redis)
    run = program.start(
        *("--root", tmp_path, "--suffix=test", "--cluster=false", "--redis", redis.url),
        *("--queue=q", "--mps_share=1", "--bridge_lost_after=3s"),
    )
    until(lambda: redis.client.xlen("q:events"))  # the worker has done something
    assert run.poll() is None
    if fate == "wiped":
        redis.client.flushall()
    else:
        redis.kill()
    if fate == "restarted":
        time.sleep(1)
        redis.start()
    ended = program.end(run)
    assert ended.code == 0, ended.errors
    assert ended.summary["files_done"] == 13
    outputs = list((tmp_path / "embeddings" / "test" / "mixed").iterdir())
    assert len(outputs) == 13
    assert sum(pq.read_metadata(f).num_rows for f in outputs) == 12 * 50 + 1


@pytest.mark.parametrize("code", ["damaged", "unsupported_codec", "unsupported_encoding"])
def test_a_file_that_only_a_worker_cannot_read_is_embedded_here(
    code, bridged, server, lay_out, tmp_path
):
    lay_out(tmp_path, ["a text"])

    def fail():
        queue = Queue(connect(server.url), code)
        queue.heartbeat("mac", 60, first=True)
        job = queue.take("mac", 20)
        queue.begin("mac", job)
        queue.nack("mac", job, code, "Arrow cannot read it", most=0, delay=0)

    worker = threading.Thread(target=fail)
    worker.start()
    ended = bridged(tmp_path, "test", code, "--mps_share=1")
    worker.join()
    assert ended.code == 0, ended.errors
    assert ended.summary["files_done"] == 1
    assert ended.summary["files_by_workers"] == 0
    assert server.client.hlen(f"{code}:dead") == 0


def test_a_job_that_died_is_a_dead_letter_and_the_queue_command_knows_it(
    bridged, program, server, lay_out, tmp_path
):
    lay_out(tmp_path, ["a text"])

    def fail():
        queue = Queue(connect(server.url), "dying")
        queue.heartbeat("mac", 60, first=True)
        job = queue.take("mac", 20)
        queue.begin("mac", job)
        queue.nack("mac", job, "cannot_read", "the disk failed", most=1, delay=0)

    worker = threading.Thread(target=fail)
    worker.start()
    ended = bridged(tmp_path, "test", "dying", "--mps_share=1")
    worker.join()
    assert ended.code == 3, ended.errors
    letters = (tmp_path / "embeddings" / "test" / "_dead_letters.jsonl").read_text().splitlines()
    assert len(letters) == 1 and "worker mac: the disk failed" in letters[0]

    def queue(*arguments: object) -> dict:
        command = [
            program.path,
            "queue",
            *arguments,
            "--json",
            "--redis",
            server.url,
            "--queue=dying",
        ]
        return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)

    (dead,) = queue()["dead"]
    assert dead["worker"] == "mac" and dead["attempts"] == 1
    assert (dead["code"], dead["reason"]) == ("cannot_read", "the disk failed")
    assert queue("retry") == {"retried": 1}
    assert (queue()["dead"], server.client.llen("dying")) == ([], 1)


def test_no_redis_is_told_in_one_line(program, lay_out, tmp_path):
    lay_out(tmp_path, ["a text"])
    ended = program.run("--root", tmp_path, "--suffix=test", "--cluster=false", "--mps_share=0.5",
                        "--redis=redis://user:secret@127.0.0.1:9")  # fmt: skip
    assert ended.code == 2
    assert "127.0.0.1:9" in ended.errors and "--mps_share=0" in ended.errors
    assert "secret" not in ended.errors


@pytest.mark.long
def test_the_corpus_over_the_bridge_with_two_workers(bridged, start_worker, corpus, tmp_path):
    (tmp_path / "chains").mkdir()
    (tmp_path / "chains" / "newsgroups").symlink_to(corpus / "chains" / "newsgroups")
    shutil.copy(corpus / "subreddits_list.newsgroups.json", tmp_path / "subreddits_list.json")
    for _ in range(2):
        start_worker(tmp_path, "corpus", "--root", corpus)
    ended = bridged(tmp_path, "newsgroups", "corpus", "--mps_share=0.5")
    assert ended.code == 0, ended.errors
    assert (ended.summary["files_done"], ended.summary["rows"]) == (96, 11276)
    outputs = list((tmp_path / "embeddings" / "newsgroups").glob("*/*.parquet"))
    assert len(outputs) == 96
    assert sum(pq.read_metadata(f).num_rows for f in outputs) == 11276
    backends = [mark(f)["backend"] for f in outputs]
    assert backends.count("sentence-transformers-cpu") == ended.summary["files_by_workers"] > 0
