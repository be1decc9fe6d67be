"""One story, as it happens at night: killed, stopped, bad files, mended, run again.

It is told once on invented chains and, where the corpus is, once on its newsgroups; the tests look
at what each chapter left behind.
"""

import json
import shutil
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

BAD = ("truncated.parquet", "zero.parquet", "no_text.parquet")
NULLS = "nulls.parquet"
DELETED = 3


@dataclass
class Night:
    """Where the files lie, and what there was after each chapter."""

    chains: Path
    embeddings: Path
    spoiled: str  # the subreddit with the bad files
    at_kill: dict[str, int] = field(default_factory=dict)  # rows of the outputs
    unfinished_at_kill: list[Path] = field(default_factory=list)
    stopped: object = None  # how each run ended: conftest's Ended
    at_stop: dict[str, int] = field(default_factory=dict)
    unfinished_at_stop: list[Path] = field(default_factory=list)
    finished: object = None
    letters: list[dict] = field(default_factory=list)
    letters_mended: bool = True  # the file is still there
    mended: object = None
    again: object = None
    healed: object = None
    changed: set[str] = field(default_factory=set)

    def inputs(self) -> dict[str, Path]:
        return files_below(self.chains)

    def outputs(self) -> dict[str, Path]:
        return files_below(self.embeddings)

    def unfinished(self) -> list[Path]:
        return sorted(self.embeddings.rglob("*.tmp"))


@pytest.fixture(
    scope="module", params=["invented", pytest.param("newsgroups", marks=pytest.mark.long)]
)
def night(request, program, tmp_path_factory) -> Night:
    root = tmp_path_factory.mktemp(request.param)
    chains = root / "chains" / "night"
    if request.param == "invented":
        invent(chains, request.getfixturevalue("sample_rows"))
    else:
        shutil.copytree(request.getfixturevalue("corpus") / "chains" / "newsgroups", chains)
    subreddits = sorted(p.name for p in chains.iterdir())
    (root / "subreddits_list.json").write_text(json.dumps(subreddits))
    story = Night(chains, root / "embeddings" / "night", subreddits[0])
    good = spoil(chains / story.spoiled)
    flags = ("--root", root, "--suffix", "night", "--cluster=false")

    process = program.start(*flags)
    wait_for_outputs(process, story, 3)
    process.kill()
    process.communicate()
    story.at_kill = {name: pq.read_table(p).num_rows for name, p in story.outputs().items()}
    story.unfinished_at_kill = story.unfinished()

    process = program.start(*flags)
    wait_for_outputs(process, story, len(story.at_kill) + 3)
    process.send_signal(signal.SIGTERM)
    story.stopped = program.end(process)
    story.at_stop = {name: pq.read_table(p).num_rows for name, p in story.outputs().items()}
    story.unfinished_at_stop = story.unfinished()

    story.finished = program.run(*flags)
    dead_letters = story.embeddings / "_dead_letters.jsonl"
    story.letters = [json.loads(line) for line in dead_letters.read_text().splitlines()]

    for name in BAD:
        shutil.copyfile(good, chains / story.spoiled / name)
    story.mended = program.run(*flags)
    story.letters_mended = dead_letters.exists()
    story.again = program.run(*flags)

    before = {name: p.stat().st_mtime_ns for name, p in story.outputs().items()}
    for name in list(before)[:: len(before) // DELETED][:DELETED]:
        story.outputs()[name].unlink()
    story.healed = program.run(*flags)
    after = {name: p.stat().st_mtime_ns for name, p in story.outputs().items()}
    story.changed = {name for name in after if after[name] != before[name]}
    return story


def files_below(folder: Path) -> dict[str, Path]:
    """Return the files that a reader of `folder` would find, by relative path."""
    return {str(p.relative_to(folder)): p for p in sorted(folder.glob("*/*.parquet"))}


def invent(chains: Path, rows: list[dict]) -> None:
    """Write 60 files of 50 invented chains: ten times the sample."""
    schema = pa.schema(
        [("chain_id", pa.string()), ("subreddit", pa.string()), ("n_turns", pa.int64()),
         ("text", pa.string())]
    )  # fmt: skip
    for number in range(60):
        part = [
            {
                "chain_id": f"{number}-{i}",
                "subreddit": f"night{number % 6}",
                "n_turns": row["n_turns"],
                "text": f"{number} {row['text']}",
            }
            for i, row in enumerate(rows[number % 6 * 50 :][:50])
        ]
        folder = chains / f"night{number % 6}"
        folder.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(part, schema), folder / f"part-{number:05}.parquet")


def spoil(folder: Path) -> Path:
    """Put three bad files and one with nulls into a folder; returns a good file in it."""
    good = sorted(folder.glob("*.parquet"))[0]
    table = pq.read_table(good)
    content = good.read_bytes()
    truncated, zero, no_text = (folder / name for name in BAD)
    truncated.write_bytes(content[: len(content) * 2 // 3])
    zero.touch()
    pq.write_table(table.drop_columns(["text"]), no_text)
    texts = [None if i % 3 == 0 else t for i, t in enumerate(table["text"].to_pylist())]
    index = table.column_names.index("text")
    nulls = table.set_column(index, "text", pa.array(texts, pa.string()))
    pq.write_table(nulls, folder / NULLS)
    return good


def wait_for_outputs(process, story: Night, number: int) -> None:
    """Wait until the run has finished some files; it must still have others to do."""
    while len(story.outputs()) < number:
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.01)
    assert len(story.outputs()) < len(story.inputs()) - len(BAD)


def test_a_killed_run_leaves_only_whole_outputs(night):
    assert night.at_kill
    for name, rows in night.at_kill.items():
        assert rows == pq.read_metadata(night.inputs()[name]).num_rows
    # It was killed in the middle of files, and no pattern for outputs finds the unfinished ones.
    assert night.unfinished_at_kill
    assert all(p.name.startswith(".") and p.suffix == ".tmp" for p in night.unfinished_at_kill)


def test_sigterm_finishes_the_open_files_and_exits_143(night):
    assert night.stopped.code == 143, night.stopped.errors
    assert len(night.at_stop) < len(night.inputs()) - len(BAD)
    assert len(night.at_stop) == len(night.at_kill) + night.stopped.summary["files_done"]
    for name, rows in night.at_stop.items():
        assert rows == pq.read_metadata(night.inputs()[name]).num_rows
    # No unfinished files are left, neither its own nor those of the killed run.
    assert night.unfinished_at_stop == []


def test_the_next_run_completes_all_but_the_bad_files(night):
    assert night.finished.code == 3, night.finished.errors
    assert night.finished.summary["files_dead_lettered"] == len(BAD)
    assert night.finished.summary["files_skipped"] == len(night.at_stop)
    done = night.finished.summary["files_done"]
    assert done + len(night.at_stop) == len(night.inputs()) - len(BAD)


def test_dead_letters_say_what_is_wrong_with_each_bad_file(night):
    reasons = {Path(letter["input"]).name: letter["error"] for letter in night.letters}
    assert set(reasons) == set(BAD)
    assert "not a readable Parquet file" in reasons["truncated.parquet"]
    assert "empty (0 bytes)" in reasons["zero.parquet"]
    assert 'no text column "text"' in reasons["no_text.parquet"]


def test_after_mending_the_next_run_embeds_only_those_and_exits_0(night):
    assert night.mended.code == 0, night.mended.errors
    assert night.mended.summary["files_done"] == len(BAD)
    assert not night.letters_mended


def test_another_run_embeds_nothing(night):
    assert night.again.code == 0
    assert night.again.summary["files_done"] == 0
    assert night.again.summary["files_skipped"] == len(night.inputs())


def test_after_deleting_three_outputs_only_those_come_back(night):
    assert night.healed.code == 0
    assert night.healed.summary["files_done"] == DELETED
    assert len(night.changed) == DELETED


def test_each_output_has_its_inputs_rows_and_keys(night):
    inputs, outputs = night.inputs(), night.outputs()
    assert set(outputs) == set(inputs)
    for name, path in outputs.items():
        keys = pq.read_table(inputs[name]).drop_columns(["text"])
        output = pq.read_table(path)
        assert output.column_names == [*keys.column_names, "n_tokens", "truncated", "embedding"]
        # The corpus has strings of Arrow's large type, which look the same on the disk.
        assert output.select(keys.column_names).cast(keys.schema).equals(keys), name


def test_pyarrow_and_polars_read_lists_of_384_unit_floats(night):
    for path in night.outputs().values():
        table = pq.read_table(path, columns=["embedding"])
        assert table.schema.field("embedding").type == pa.list_(pa.float32())
        assert table["embedding"].null_count == 0
        frame = pl.read_parquet(path, columns=["embedding"])
        assert frame.schema["embedding"] == pl.List(pl.Float32)
        assert set(frame["embedding"].list.len()) == {384}
        vectors = frame["embedding"].to_list()
        assert vectors == table["embedding"].to_pylist()
        for vector in vectors:
            assert sum(x * x for x in vector) == pytest.approx(1, abs=1e-5)


def test_null_texts_keep_their_rows(night):
    path = night.embeddings / night.spoiled / NULLS
    tokens = pq.read_table(path)["n_tokens"].to_pylist()
    assert tokens[0] == 2  # [CLS] and [SEP]
    assert tokens[1] > 2


def test_the_fingerprint_says_how_each_output_was_made(night):
    for name, path in night.outputs().items():
        mark = json.loads(pq.read_metadata(path).metadata[b"threadloom.fingerprint"])
        assert mark["model"] == "sentence-transformers/all-MiniLM-L6-v2"
        assert (mark["dimension"], mark["max_seq_length"], mark["precision"]) == (384, 256, "fp32")
        assert mark["input_size"] == night.inputs()[name].stat().st_size


def test_the_newsgroups_are_all_there(night):
    if len(night.inputs()) != 96 + len(BAD) + 1:
        pytest.skip("the invented chains: nothing to compare with")
    own = [p for n, p in night.outputs().items() if Path(n).name not in (*BAD, NULLS)]
    assert len(own) == 96
    assert sum(pq.read_metadata(p).num_rows for p in own) == 11276
