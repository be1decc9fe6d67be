"""A folder of bad files among good ones: the run goes on, and says what is wrong with each."""

import re
from dataclasses import dataclass

import pyarrow.parquet as pq
import pytest

GOOD = 12
#: The model takes some 350 MB; any one of the bombs would take gigabytes.
MEMORY = 1500  # MB
NOISE = "\n|panic|runtime error|goroutine|0x"  # must not be in a reason, which a person reads


@dataclass
class Bad:
    """How the run over all bad files ended."""

    root: object
    ended: object
    memory: float  # MB
    codes: dict[str, set[str]]  # of each file, those that it may have


@pytest.fixture(scope="module")
def bad(program, bad_files, spoil, new_root, tmp_path_factory) -> Bad:
    root = new_root(tmp_path_factory.mktemp("bad"))
    codes = {}
    for part, some in bad_files.CODES.items():
        files = part()
        root.put(files)
        codes |= dict.fromkeys(files, some)
    for name, code in bad_files.EXACTLY.items():
        assert code in codes[name]
        codes[name] = {code}
    root.put({f"good {n}": spoil.good() for n in range(GOOD)})
    ended, memory = program.watched(*root.flags)
    return Bad(root, ended, memory, codes)


def test_the_run_goes_on_and_ends_with_3(bad):
    assert bad.ended.code == 3, bad.ended.errors[-2000:]
    assert bad.ended.summary["files_dead_lettered"] == len(bad.root.letters)
    assert "panic" not in bad.ended.errors
    assert "goroutine" not in bad.ended.errors
    assert "parquet: warning" not in bad.ended.errors  # what the library prints when it is misled


def test_every_bad_file_has_a_code_and_a_reason_in_one_line(bad, bad_files):
    wrong = {}
    for name, expected in bad.codes.items():
        reason, code = bad.root.letters.get(name), bad.root.codes.get(name)
        if reason is None:
            harmless = name in bad_files.HARMLESS or name.startswith("flipped")
            if not harmless or name not in bad.root.outputs:
                wrong[name] = "no dead letter"
        elif code not in expected or re.search(NOISE, reason):
            wrong[name] = code, reason
    assert wrong == {}


def test_what_is_embedded_is_whole(bad, spoil):
    assert {f"good {n}" for n in range(GOOD)} <= set(bad.root.outputs)
    for name, path in bad.root.outputs.items():
        assert name not in bad.root.letters
        assert pq.read_table(path)["embedding"].null_count == 0
        assert pq.read_metadata(path).num_rows == len(spoil.TEXTS), name


def test_nothing_unfinished_is_left(bad):
    assert bad.root.unfinished == []


def test_no_bomb_takes_the_memory(bad):
    assert bad.memory < MEMORY
