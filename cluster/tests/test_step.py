"""The whole step, from files to labels and report."""

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from threadloom.cluster.beam.transform import ClusterFn
from threadloom.cluster.files.lease import Superseded
from threadloom.cluster.files.left_out import NothingLeft
from threadloom.cluster.settings import Settings, outputs
from threadloom.cluster.step import cluster_files


@pytest.fixture
def settings(tmp_path):
    return Settings(clusters_dir=str(tmp_path / "clusters"), seed=7)


def test_labels_and_report(folder, settings):
    sources = folder.write_topics()
    summary = cluster_files(sources, settings)
    assert (summary["rows"], summary["clusters"], summary["files"]) == (120, 3, 3)
    labels = pq.read_table(summary["labels"])
    report = json.loads(Path(summary["report"]).read_text())
    levels = range(1, len(report["levels"]) + 1)
    kinds = ("label", "strength", "nearest")
    assert labels.column_names == [
        *("chain_id", "subreddit", "label", "probability"),
        *("outlier_score", "nearest_label", "nearest_distance"),
        *(f"{kind}_level_{level}" for level in levels for kind in kinds),
    ]
    # Topic i % 3 is the blob, and rows are in the order of the files' paths.
    got = labels["label"].to_numpy()
    rows = [int(i.rsplit("/", 1)[1]) for i in labels["chain_id"].to_pylist()]
    starts = {"astronomy": 80, "baking": 0, "cycling": 40}
    topic = np.array(
        [(starts[s] + r) % 3 for s, r in zip(labels["subreddit"].to_pylist(), rows, strict=True)]
    )
    for label in range(3):
        assert len(set(topic[got == label])) == 1
    assert sum(c["size"] for c in report["clusters"]) + report["noise_rows"] == 120
    firsts = {c["words"][0] for c in report["clusters"]}
    assert len(firsts) == 3
    for cluster in report["clusters"]:
        assert len(cluster["typical"]) == 3
        assert "I don't think" in cluster["typical"][0]["text"]
    assert "| label |" in Path(summary["table"]).read_text()
    left = [p for p in Path(settings.clusters_dir).iterdir()]
    assert sorted(p.name for p in left) == [
        *("clusters.json", "clusters.md", "labels.parquet", "map.html", "map.png", "model"),
        "points.parquet",
    ]


def test_the_order_of_the_files_does_not_matter(folder, settings, tmp_path):
    sources = folder.write_topics()
    first = cluster_files(sources, settings)
    other = replace(settings, clusters_dir=str(tmp_path / "other"))
    second = cluster_files(sources[::-1], other)
    assert pq.read_table(first["labels"]).equals(pq.read_table(second["labels"]))


def test_nothing_is_computed_twice(folder, settings):
    sources = folder.write_topics()
    assert not cluster_files(sources, settings)["reused"]
    stamp = os.stat(outputs(settings, "all").labels).st_mtime_ns
    assert cluster_files(sources, settings)["reused"]
    assert os.stat(outputs(settings, "all").labels).st_mtime_ns == stamp
    os.utime(sources[0].embeddings)
    assert not cluster_files(sources, settings)["reused"]
    os.remove(outputs(settings, "all").table)
    assert not cluster_files(sources, settings)["reused"]


def test_each_subreddit_has_its_own_folder(folder, settings, make_blobs):
    source = folder.write("part.parquet", make_blobs(60)[0], subreddit="baking")
    summary = cluster_files([source], replace(settings, by="subreddit"), "baking")
    assert summary["labels"] == os.path.join(settings.clusters_dir, "baking", "labels.parquet")
    with pytest.raises(ValueError, match="cannot be the name of a folder"):
        cluster_files([source], replace(settings, by="subreddit"), "..")


def test_too_few_rows_are_all_noise(folder, settings, make_blobs):
    summary = cluster_files([folder.write("part.parquet", make_blobs(4)[0])], settings)
    assert (summary["rows"], summary["clusters"], summary["noise_rows"]) == (4, 0, 4)
    assert pq.read_table(summary["labels"])["label"].to_pylist() == [-1] * 4


def test_files_that_cannot_take_part_are_named_and_left_out(folder, settings, make_blobs, made_by):
    good = folder.write_topics()
    other = folder.write("x.parquet", make_blobs(30)[0], model=made_by | {"precision": "bf16"})
    broken = [folder.write(f"y{i}.parquet", make_blobs(3)[0]) for i in range(3)]
    for source in broken:
        Path(source.embeddings).write_bytes(b"PAR1")
    silent = folder.write("z.parquet", make_blobs(30)[0])
    Path(silent.chains).write_bytes(b"PAR1")
    summary = cluster_files([other, *broken, silent, *good], settings)
    assert (summary["rows"], summary["files"], summary["files_left_out"]) == (150, 4, 5)
    report = json.loads(Path(summary["report"]).read_text())
    (warning,) = report["warnings"]
    assert warning.startswith("5 files are left out: ") and warning.endswith("; and 2 more")
    assert broken[0].embeddings in warning and "\n" not in warning
    assert "5 files are left out" in Path(summary["table"]).read_text()
    content = json.loads(Path(outputs(settings, "all").left_out).read_text())
    listed = {f["file"]: (f["part"], f["reason"]) for f in content["left_out"]}
    assert set(listed) == {other.embeddings, silent.chains, *(s.embeddings for s in broken)}
    assert listed[silent.chains][0] == "texts" and "bf16" in listed[other.embeddings][1]
    again = cluster_files([other, *broken, silent, *good], settings)
    assert again["reused"] and again["files_left_out"] == 5
    assert not cluster_files(good, settings)["files_left_out"]
    assert not os.path.exists(outputs(settings, "all").left_out)


def test_what_the_system_refused_is_tried_again(folder, settings, monkeypatch):
    sources = folder.write_topics()
    refused = sources[0].embeddings

    def refuse(path, *args, **kwargs):
        if path == refused:
            raise PermissionError(13, "Permission denied", path)
        return whole(path, *args, **kwargs)

    whole = pq.ParquetFile
    with monkeypatch.context() as patch:
        patch.setattr(pq, "ParquetFile", refuse)
        assert cluster_files(sources, settings)["files_left_out"] == 1
    again = cluster_files(sources, settings)
    assert (again["reused"], again["files_left_out"], again["files"]) == (False, 0, 3)


def test_without_any_file_it_is_one_line(folder, settings, make_blobs):
    source = folder.write("a.parquet", make_blobs(3)[0])
    Path(source.embeddings).write_bytes(b"PAR1")
    with pytest.raises(NothingLeft, match=r"no file can take part: 1 file is left out") as error:
        cluster_files([source], settings)
    assert source.embeddings in str(error.value) and "\n" not in str(error.value)
    assert os.listdir(settings.clusters_dir) == ["left_out.json"]


def test_a_group_without_any_file_ends_no_other(folder, settings, make_blobs):
    bad, good = (folder.write(f"{n}.parquet", make_blobs(3)[0], subreddit=n) for n in "ab")
    Path(bad.embeddings).write_bytes(b"PAR1")
    step = ClusterFn(replace(settings, by="subreddit"))
    summaries = {}
    for source in (bad, good):
        job = {"subreddit": source.subreddit, "input": source.chains, "output": source.embeddings}
        ((group, summary),) = step.process((source.subreddit, [json.dumps(job).encode()]))
        summaries[group] = json.loads(summary)
    assert summaries["a"]["files_left_out"] == 1 and "no file" in summaries["a"]["error"]
    assert summaries["b"]["files"] == 1 and "error" not in summaries["b"]


def test_a_run_that_was_succeeded_writes_nothing(folder, settings, tmp_path):
    leases = tmp_path / "clusters" / "_lease"
    leases.mkdir(parents=True)
    for name in ("00000006.free", "00000007.lease", ".lease-123"):
        (leases / name).touch()
    mine = replace(settings, lease=str(leases / "00000007.lease"))
    sources = folder.write_topics()
    (leases / "00000008.lease").touch()
    with pytest.raises(Superseded, match=r"another run has taken over: .*00000008\.lease"):
        cluster_files(sources, mine)
    summary = json.loads(next(iter(ClusterFn(mine).process(("all", []))))[1])
    assert "another run has taken over" in summary["error"]
    assert os.listdir(tmp_path / "clusters") == ["_lease"]
    (leases / "00000008.lease").unlink()
    assert cluster_files(sources, mine)["rows"] == 120
    # The result does not depend on who holds the lease.
    assert cluster_files(sources, settings)["reused"]
