"""Links inside a root are followed, and those out of it never, even if they are swapped in."""

import ctypes
import json
import os
import threading

import pyarrow.parquet as pq
import pytest

AT_FDCWD, RENAME_EXCHANGE = -100, 2  # see renameat2(2)


@pytest.fixture
def root(new_root, tmp_path):
    return new_root(tmp_path / "root")


@pytest.fixture
def outside(tmp_path, spoil):
    """Return a folder outside the root with a good file."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "secret.parquet").write_bytes(spoil.good())
    return folder


@pytest.fixture
def swapping():
    """Return swapping(a, b): swap two names again and again, until the test ends."""
    end, threads = threading.Event(), []
    rename = ctypes.CDLL(None, use_errno=True).renameat2

    def swapping(a, b):
        names = (os.fsencode(a), os.fsencode(b))
        if rename(AT_FDCWD, names[0], AT_FDCWD, names[1], RENAME_EXCHANGE):
            pytest.skip(f"no swapping of names here: {os.strerror(ctypes.get_errno())}")

        def swap():
            while not end.wait(0.0005):
                rename(AT_FDCWD, names[0], AT_FDCWD, names[1], RENAME_EXCHANGE)

        threads.append(threading.Thread(target=swap))
        threads[-1].start()

    def stop():
        end.set()
        for thread in threads:
            thread.join()

    swapping.stop = stop
    yield swapping
    stop()


def listed(root, *names) -> None:
    (root.path / "subreddits_list.json").write_text(json.dumps(names))


def test_the_folders_of_a_run_and_links_inside_them_are_followed(program, root, spoil, tmp_path):
    root.put({"good": spoil.good()})
    for name in ("chains", "embeddings"):
        disk = tmp_path / f"disk of {name}"
        disk.mkdir()
        if (root.path / name).exists():
            (root.path / name / "test").rename(disk / "test")
            (root.path / name).rmdir()
        (root.path / name).symlink_to(disk)
    (root.chains.parent / "relative").symlink_to("all")
    (root.chains.parent / "absolute").symlink_to(root.chains)
    outputs = root.path / "embeddings" / "test"
    (outputs / "elsewhere").mkdir(parents=True)
    (outputs / "absolute").symlink_to(outputs / "elsewhere")
    listed(root, "all", "relative", "absolute")
    ended = program.run(*root.flags)
    assert ended.code == 0, ended.errors
    for name in ("all", "relative", "elsewhere"):
        good = outputs / name / "good.parquet"
        assert pq.read_metadata(good).num_rows == len(spoil.TEXTS)
    assert program.run(*root.flags).summary["files_skipped"] == 3


def test_folders_that_lead_out_are_dead_letters(program, root, spoil, outside):
    root.put({"good": spoil.good()})
    chains, outputs = root.chains.parent, root.path / "embeddings" / "test"
    outputs.mkdir(parents=True)
    (chains / "absolute").symlink_to(outside)
    (chains / "relative").symlink_to("../../../outside")
    (chains / "written").mkdir()
    (chains / "written" / "a.parquet").write_bytes(spoil.good())
    (outputs / "written").symlink_to(outside)
    listed(root, "all", "absolute", "relative", "written")
    for _ in range(2):  # the links are still there at the second run
        ended = program.run(*root.flags)
        assert ended.code == 3, ended.errors
        assert set(root.outputs) == {"good"}
        assert root.codes == dict.fromkeys(("absolute", "relative", "written"), "leads_outside")
        for reason in root.letters.values():
            assert "through a symbolic link: move its folder there, or bind-mount it" in reason
    assert [p.name for p in outside.iterdir()] == ["secret.parquet"]
    (outputs / "written").unlink()
    for name in ("absolute", "relative"):
        (chains / name).unlink()
    assert program.run(*root.flags).code == 0
    assert root.letters == {}


def test_nothing_is_written_outside_while_a_folder_and_a_link_are_swapped(
    program, root, spoil, outside, swapping
):
    root.put({f"f{n}": spoil.good() for n in range(60)})
    outputs = root.path / "embeddings" / "test"
    (outputs / "all").mkdir(parents=True)
    (outputs / "other").symlink_to(outside)
    left = outside / ".old.parquet.tmp"
    left.touch()
    os.utime(left, (1, 1))  # a sweep of the folder would remove it
    swapping(outputs / "all", outputs / "other")
    codes = {program.run(*root.flags).code for _ in range(4)}
    swapping.stop()
    assert {p.name for p in outside.iterdir()} == {"secret.parquet", left.name}
    assert codes <= {0, 3}
    if (outputs / "all").is_symlink():
        (outputs / "other").rename(outputs / "folder")
        (outputs / "all").unlink()
        (outputs / "folder").rename(outputs / "all")
    ended = program.run(*root.flags)
    assert ended.code == 0, ended.errors
    assert len(root.outputs) == 60
    assert root.unfinished == []


def test_nothing_outside_is_read_while_a_folder_and_a_link_are_swapped(
    program, root, spoil, outside, swapping
):
    root.put({f"f{n}": spoil.good() for n in range(60)})
    (root.chains.parent / "other").symlink_to(outside)
    swapping(root.chains, root.chains.parent / "other")
    for _ in range(4):
        assert program.run(*root.flags).code in (0, 3)
    assert "secret" not in root.outputs
