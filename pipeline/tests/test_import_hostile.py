"""Imports that are killed, whose dumps are broken off or broken, whose disk is full."""

import hashlib
import json
import random
import re
import subprocess
import time

import pyarrow.parquet as pq
import pytest
import zstandard

LARGE = ("--months=2023-12,2024-01", "--bytes=150M", "--subreddits=40")


@pytest.fixture(scope="module")
def dumps(invent) -> list:
    return invent("--bytes=1M")


@pytest.fixture
def imports(importing, tmp_path):
    return importing(tmp_path)


def visible(imports) -> list[str]:
    """Return what can be seen in the folder of chains."""
    return sorted(p.name for p in imports.folder.glob("[!.]*"))


def check_one_line(ended, *words: str) -> None:
    """Check that an import ended with one line, the last, that has the words."""
    assert ended.code not in (0, -9), ended.out
    last = ended.errors.splitlines()[-1]
    for word in words:
        assert word in last, ended.errors
    assert "goroutine" not in ended.errors


@pytest.mark.parametrize("kind", ["zst", "gz", "bz2", "xz"])
def test_a_dump_that_breaks_off_ends_it_and_publishes_nothing(imports, invent, tmp_path, kind):
    whole = invent("--bytes=1M", f"--compression={kind}")
    broken = tmp_path / whole[0].name
    content = whole[0].read_bytes()
    broken.write_bytes(content[: len(content) * 2 // 3])
    check_one_line(imports.run(broken, *whole[1:]), broken.name)
    assert visible(imports) == []
    done = imports.done("--partial", broken, *whole[1:])
    assert done.counts["not_json"] > 0
    # With the whole dump it is another import, and may have more subreddits.
    imports.done(*whole).check(whole)


def test_what_came_before_the_break_counts(imports, dumps, plainimport, tmp_path):
    """The first frame is whole, and nothing of the second can be read."""
    lines = plainimport.lines(dumps[0])
    frames = [zstandard.compress(b"\n".join(part) + b"\n") for part in (lines[:100], lines[100:])]
    broken, whole = tmp_path / "broken.zst", tmp_path / "whole.zst"
    broken.write_bytes(frames[0] + frames[1][:9])
    whole.write_bytes(frames[0])
    assert imports.run(broken).code != 0
    imports.done("--partial", broken).check([whole])


def test_an_empty_dump_and_one_of_no_bytes(imports, tmp_path, dumps):
    """No dump has a name that counts."""
    (tmp_path / "empty").touch()
    imports.done(tmp_path / "empty", *dumps).check([tmp_path / "empty", *dumps])


@pytest.mark.parametrize("content", [b"PK\x03\x04" + bytes(5000), b"\x28\xb5\x2f\xfd\xff\xff\xff"])
def test_what_is_no_dump_is_named(imports, tmp_path, content):
    path = tmp_path / "RC_2024-01.zst"
    path.write_bytes(content)
    check_one_line(imports.run(path), "RC_2024-01.zst")
    assert visible(imports) == []


def test_a_dump_that_is_missing_is_named(imports, tmp_path, dumps):
    check_one_line(imports.run(*dumps, tmp_path / "absent.zst"), "absent.zst", "no such file")


def test_more_broken_lines_than_max_bad_end_it(imports, tmp_path, plainimport, dumps):
    lines = plainimport.lines(dumps[0])[:200]
    bad = [b"{broken" if n % 10 == 0 else line for n, line in enumerate(lines)]
    path = tmp_path / "bad.ndjson"
    path.write_bytes(b"\n".join(bad))
    ended = imports.run(path)
    check_one_line(ended, "bad.ndjson")
    assert "--max_bad" in ended.errors
    assert visible(imports) == []
    ended = imports.run("--max_bad=20%", path)
    assert ended.code == 0, ended.errors
    counts = imports.check([path])
    assert counts["not_json"] >= 20
    # The first ten are named by the place of their first byte.
    text = ended.out + ended.errors
    ends = [0]
    for line in bad:
        ends.append(ends[-1] + len(line) + 1)
    found = {int(n) for n in re.findall(r"\d+", re.sub("(?<=\\d),(?=\\d{3})", "", text))}
    assert {ends[n] for n in range(0, 100, 10)} - found == set(), text


def test_killed_five_times_it_gives_the_same_bytes(importing, invent, tmp_path):
    dumps = invent(*LARGE)
    flags = ("--memory=128MiB", *dumps)
    start = time.monotonic()
    wanted = importing(tmp_path / "undisturbed").done(*flags).parts
    seconds = time.monotonic() - start
    disturbed = importing(tmp_path / "disturbed")
    moments = random.Random(time.time_ns())
    for _ in range(5):
        process = disturbed.start(*flags)
        time.sleep(moments.uniform(0.1, 0.9) * seconds)
        process.kill()
        process.communicate()
        # All files that can be seen are whole.
        assert disturbed.parts.items() <= wanted.items()
    assert disturbed.done(*flags).parts == wanted
    left = list(disturbed.folder.glob(".import/[!_]*"))
    assert not left, "work that nobody needs lies about"


def test_a_second_time_it_does_nothing(imports, dumps):
    before = imports.done(*dumps).parts
    times = {p: p.stat().st_mtime_ns for p in imports.folder.glob("*/*.parquet")}
    assert imports.done(*dumps).parts == before
    assert {p: p.stat().st_mtime_ns for p in imports.folder.glob("*/*.parquet")} == times


def test_other_dumps_take_the_place_of_those_of_before(imports, dumps):
    """The folder holds only chains of an import, and nobody has edited the list."""
    imports.done("--chains=comment", *dumps)
    imports.done(*dumps[1:]).check(dumps[1:])


def test_files_of_others_are_not_replaced_without_replace(imports, dumps):
    other = imports.folder / "Sourdough" / "mine.parquet"
    other.parent.mkdir(parents=True)
    other.write_bytes(b"mine")
    check_one_line(imports.run(*dumps), "--replace")
    assert other.read_bytes() == b"mine"
    assert visible(imports) == ["Sourdough"]
    imports.done("--replace", *dumps).check(dumps)
    assert not other.exists()


class TestSubreddits:
    """Which subreddits are imported, with and without a list."""

    def test_those_of_the_roots_list(self, imports, dumps):
        (imports.root / "subreddits_list.json").write_text('["sourdough", "CATS"]')
        imports.done(*dumps).check(dumps, subreddits=["sourdough", "CATS"])
        assert {p.name for p in imports.folder.glob("[!._]*")} <= {"sourdough", "CATS"}

    def test_those_of_a_file_come_before_the_roots_list(self, imports, dumps, tmp_path):
        (imports.root / "subreddits_list.json").write_text('["Cats"]')
        (tmp_path / "other.json").write_text('["Sourdough"]')
        done = imports.done(f"--subreddits={tmp_path / 'other.json'}", *dumps)
        done.check(dumps, subreddits=["Sourdough"])
        assert json.loads((imports.root / "subreddits_list.json").read_text()) == ["Cats"]

    def test_names_come_before_the_roots_list(self, imports, dumps):
        (imports.root / "subreddits_list.json").write_text('["Cats"]')
        imports.done("--subreddits=Sourdough", *dumps).check(dumps, subreddits=["Sourdough"])

    def test_without_a_list_all_are_imported_and_the_list_is_written(self, imports, dumps):
        imports.done(*dumps).check(dumps)
        written = json.loads((imports.root / "subreddits_list.json").read_text())
        assert written.keys() == {"subreddits", "imported"}  # it says that an import wrote it
        listed = written["subreddits"]
        assert listed == sorted(listed)
        assert set(listed) >= {p.name for p in imports.folder.glob("[!._]*")}


def test_a_disk_that_is_too_small_is_refused_before_anything_is_read(imports, invent, mount):
    mount(imports.root / "chains", "size=4m")
    check_one_line(imports.run(*invent(*LARGE)), "disk", "--subreddits")
    assert visible(imports) == []


def test_a_full_disk_is_one_line_and_the_next_import_goes_on(imports, invent, mount, plainimport):
    """An import of named subreddits takes less than the dumps, so it starts on any disk."""
    dumps = invent(*LARGE)
    lines = b"\n".join(line for d in dumps for line in plainimport.lines(d))
    names = {name.decode().lower() for name in re.findall(rb'"subreddit": ?"(\w+)"', lines)}
    mount(imports.root / "chains", "size=4m")
    check_one_line(imports.run("--subreddits=" + ",".join(sorted(names)), *dumps), "space")
    assert visible(imports) == []
    remount = ["mount", "-o", "remount,size=2g", imports.root / "chains"]
    subprocess.run(remount, check=True)
    imports.done(*dumps).check(dumps)


def test_more_memory_than_the_machine_has_is_refused(imports, dumps):
    check_one_line(imports.run("--memory=100TiB", *dumps), "memory")
    assert visible(imports) == []


def test_the_footer_holds_the_dumps(imports, dumps):
    imports.done(*dumps)
    for path in imports.folder.glob("*/*.parquet"):
        text = pq.read_metadata(path).metadata[b"threadloom.import"].decode()
        for dump in dumps:
            content = dump.read_bytes()
            assert dump.name in text
            assert hashlib.sha256(content).hexdigest() in text
            assert str(len(content)) in text
        assert str(imports.root) not in text, "another place would give other bytes"


def test_from_a_dump_to_a_map_in_three_commands(program, importing, invent, tmp_path):
    """Make the dumps, import them, run."""
    dumps = invent()
    imports = importing(tmp_path)
    imports.done(*dumps).check(dumps)
    ended = program.run("--root", tmp_path, "--suffix=test")
    assert ended.code == 0, ended.errors
    assert ended.summary["rows"] == sum(
        pq.read_metadata(p).num_rows for p in imports.folder.glob("[!._]*/*")
    )
    clusters = tmp_path / "clusters" / "test"
    assert (clusters / "map.html").exists()
    assert (clusters / "map.png").exists()


@pytest.mark.long
def test_a_window_of_two_gib_that_is_filled(importing, invent, tmp_path):
    """4.5 GB in one frame: what was said 2 GiB ago is still referred to."""
    dumps = invent("--months=2024-01", "--bytes=4500M", "--window=31", "--subreddits=300")
    done = importing(tmp_path).done("--subreddits=Sourdough", *dumps)
    plain = invent("--months=2024-01", "--bytes=4500M", "--window=27", "--subreddits=300")
    other = importing(tmp_path / "other").done("--subreddits=Sourdough", *plain)
    assert done.counts == other.counts
    assert done.rows == other.rows
