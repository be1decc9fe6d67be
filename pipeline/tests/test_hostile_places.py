"""Names, links, permissions, full and read-only disks, files that change while they are read."""

import json
import os
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

SUBREDDITS = (
    "all",
    "two words",
    "umläut 🍞",
    "new\nline",
    "quote\"'",
    "x" * 255,
    "-dash",
    "*",
    "%2e%2e",
)
NAMES = ("two words", "é 🍞", "new\nline", "y" * 247, "-n", "tab\t", "*", "a..", "bad\udcff")


@pytest.fixture
def root(new_root, tmp_path):
    return new_root(tmp_path)


@pytest.fixture
def unprivileged(tmp_path):
    """Return the settings of a child process without rights, and let it enter `tmp_path`."""
    if os.geteuid() != 0:
        return {}
    for folder in (tmp_path, *tmp_path.parents):
        if folder.owner() == "root" and str(folder).startswith("/tmp/"):
            folder.chmod(0o755)
    return {"user": 65534, "group": 65534, "extra_groups": []}


def test_names_of_every_kind_are_kept(program, root, spoil):
    chains = root.chains.parent
    (root.path / "subreddits_list.json").write_text(json.dumps(SUBREDDITS))
    for subreddit in SUBREDDITS:
        (chains / subreddit).mkdir(exist_ok=True)
        for name in NAMES:
            (chains / subreddit / f"{name}.parquet").write_bytes(spoil.good())
    (chains / "all" / "two words.parquet").write_bytes(b"no Parquet")
    ended = program.run(*root.flags)
    assert ended.code == 3, ended.errors
    assert ended.summary["files_done"] == len(SUBREDDITS) * len(NAMES) - 1
    outputs = root.path / "embeddings" / "test"
    for subreddit in SUBREDDITS:
        names = {p.stem for p in (outputs / subreddit).iterdir()}
        assert names == set(NAMES) - ({"two words"} if subreddit == "all" else set())
    assert set(root.letters) == {"two words"}


@pytest.mark.parametrize(
    "name", ["..", "../all", "/etc", "a/../../b", "_dead_letters.jsonl", "a\0b"]
)
def test_a_name_that_leaves_the_folder_is_refused(program, root, name):
    (root.path / "subreddits_list.json").write_text(json.dumps([name]))
    ended = program.run(*root.flags)
    assert ended.code == 2
    assert len(ended.errors.splitlines()) == 1
    assert "entry 1" in ended.errors


def test_folders_that_cannot_be_listed_do_not_stop_the_others(program, root, spoil):
    root.put({"good": spoil.good()})
    chains = root.chains.parent
    (chains / "loop").symlink_to("loop")
    (chains / "file").touch()
    (chains / "itself").mkdir()
    (chains / "itself" / "again").symlink_to(".")
    (chains / "itself" / "again.parquet").symlink_to(".")
    (chains / "behind").mkdir()
    (chains / "behind" / "a.parquet").write_bytes(spoil.good())
    (root.path / "embeddings" / "test").mkdir(parents=True)
    (root.path / "embeddings" / "test" / "behind").touch()  # a file where its outputs belong
    names = ["all", "loop", "file", "itself", "behind", "none", "z" * 300]
    (root.path / "subreddits_list.json").write_text(json.dumps(names))
    ended = program.run(*root.flags)
    assert ended.code == 3, ended.errors
    assert set(root.outputs) == {"good"}
    assert set(root.letters) == {"loop", "file", "behind", "z" * 300}
    assert root.codes["loop"] == root.codes["file"] == "cannot_list"
    assert "too many levels of symbolic links" in root.letters["loop"]
    assert "not a directory" in root.letters["file"]


def test_links_among_the_files_are_not_followed(program, root, spoil, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "secret.parquet").write_bytes(spoil.good())
    root.put({"good": spoil.good()})
    (root.chains / "secret.parquet").symlink_to(elsewhere / "secret.parquet")
    (root.chains / "loop.parquet").symlink_to("loop.parquet")
    outputs = root.path / "embeddings" / "test" / "all"
    outputs.mkdir(parents=True)
    (outputs / "good.parquet").symlink_to(elsewhere / "written.parquet")
    ended = program.run(*root.flags)
    assert ended.code == 0, ended.errors
    assert set(root.outputs) == {"good"}
    assert not (outputs / "good.parquet").is_symlink()
    assert {p.name for p in elsewhere.iterdir()} == {"secret.parquet"}


def test_without_the_right_to_read_or_write_a_file_the_others_are_done(
    program, root, spoil, unprivileged
):
    chains = root.chains.parent
    (root.path / "subreddits_list.json").write_text(json.dumps(["all", "closed", "output", "open"]))
    root.put({"good": spoil.good(), "unreadable": spoil.good()})
    for name in ("closed", "output", "open"):
        (chains / name).mkdir()
        (chains / name / "a.parquet").write_bytes(spoil.good())
    outputs = root.path / "embeddings" / "test"
    (outputs / "output").mkdir(parents=True)
    for path in (root.path / "embeddings", outputs):
        path.chmod(0o777)
    (outputs / "output").chmod(0o555)
    (root.chains / "unreadable.parquet").chmod(0)
    (chains / "closed").chmod(0)
    ended, _ = program.watched(*root.flags, **unprivileged)
    assert ended.code == 3, ended.errors
    assert set(root.outputs) == {"good"}
    assert (outputs / "open" / "a.parquet").exists()
    assert set(root.letters) == {"unreadable", "closed", "a"}
    assert all("permission denied" in reason for reason in root.letters.values())
    assert root.codes == {
        "unreadable": "cannot_open", "closed": "cannot_list", "a": "output_not_written",
    }  # fmt: skip


@pytest.mark.parametrize("folder", ["embeddings", "clusters"])
def test_a_read_only_folder_is_one_line_before_anything_runs(program, root, spoil, mount, folder):
    root.put({"good": spoil.good()})
    mount(root.path / folder, "ro,size=1m")
    ended = program.run(*root.flags, "--cluster=true")
    assert ended.code == 2
    (line,) = ended.errors.splitlines()
    assert f"{root.path / folder} cannot be written to: read-only file system" in line
    assert f"--{folder}_dir" in line
    assert root.outputs == {}


def test_without_the_right_to_write_any_output_nothing_runs(program, root, spoil, unprivileged):
    root.put({"good": spoil.good()})
    (root.path / "embeddings").mkdir(mode=0o555)
    ended, _ = program.watched(*root.flags, **unprivileged)
    assert ended.code == 2
    (line,) = ended.errors.splitlines()
    assert f"{root.path / 'embeddings'} cannot be written to: permission denied" in line


def test_a_full_disk_leaves_nothing_half_done(program, root, spoil, mount):
    texts = pa.table({"text": [f"reply {n} of many" for n in range(2000)]})
    files = {f"large {n}": spoil.written(texts) for n in range(6)}
    root.put(files)
    mount(root.path / "embeddings", "size=6m")  # room for two
    ended = program.run(*root.flags)
    assert ended.code == 3, ended.errors
    assert 1 <= len(root.outputs) < len(files)
    assert all(pq.read_metadata(p).num_rows == 2000 for p in root.outputs.values())
    assert root.unfinished == []
    assert set(root.letters) == set(files) - set(root.outputs)
    assert all("no space left on device" in reason for reason in root.letters.values())
    assert set(root.codes.values()) == {"output_not_written"}


def test_the_lease_of_another_run_ends_the_second_with_4(program, root, spoil, until):
    root.put({f"f{n}": spoil.good() for n in range(300)})
    first = program.start(*root.flags)
    until(lambda: list((root.path / "embeddings").rglob("*.lease")))
    second = program.run(*root.flags)
    assert program.end(first).code == 0
    assert second.code == 4
    assert len(root.outputs) == 300


def test_times_in_the_future_stop_nothing(program, root, spoil):
    """If the clock was set back, inputs, a dead run's lease and its files are from tomorrow."""
    root.put({"good": spoil.good()})
    tomorrow = time.time() + 86400
    os.utime(root.chains / "good.parquet", (tomorrow, tomorrow))
    outputs = root.path / "embeddings" / "test" / "all"
    outputs.mkdir(parents=True)
    lease = outputs.parent / "_lease" / "00000001.lease"
    lease.parent.mkdir()
    lease.write_text(json.dumps({"host": "gone", "machine": "another", "pid": 1}))
    left = outputs / ".gone-1-1.parquet.tmp"
    left.touch()
    for path in (lease, left):
        os.utime(path, (tomorrow + 9, tomorrow + 9))
    ended = program.run(*root.flags)
    assert ended.code == 0, ended.errors
    assert set(root.outputs) == {"good"}
    assert root.unfinished == []
    assert not lease.exists()
