"""What `pipeline plan` says, that it writes nothing, and what --check makes a run do again."""

import json
import subprocess
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

FILES = 12
ROWS = 300


def snapshot(root: Path) -> dict[str, tuple]:
    """Return every file and folder below a root, with the attributes that a write changes."""
    return {
        str(path): (path.stat().st_mtime_ns, path.stat().st_size, path.stat().st_ino)
        for path in [root, *root.rglob("*")]
    }


def flags(root: Path, *more: object) -> list[str]:
    return ["--root", str(root), "--suffix=sample", "--cluster=false", *map(str, more)]


@pytest.fixture
def plan(program):
    """Return plan(root, flag, …): what `plan --json` prints, checking that it writes nothing."""

    def plan(root: Path, *more: object) -> dict:
        before = snapshot(root)
        done = subprocess.run(
            [program.path, "plan", *flags(root, "--json", *more)], capture_output=True, text=True
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert snapshot(root) == before
        return json.loads(done.stdout)

    return plan


@pytest.fixture
def root(tmp_path, copy_sample) -> Path:
    return copy_sample(tmp_path)


def outputs(root: Path) -> list[Path]:
    return sorted((root / "embeddings" / "sample").glob("*/*.parquet"))


def remark(path: Path, **changes: object) -> None:
    """Change an output's fingerprint, and nothing else."""
    table = pq.read_table(path)
    mark = json.loads(table.schema.metadata[b"threadloom.fingerprint"]) | changes
    metadata = {**table.schema.metadata, b"threadloom.fingerprint": json.dumps(mark).encode()}
    pq.write_table(table.replace_schema_metadata(metadata), path)


def test_a_plan_of_a_fresh_tree_tells_rows_tokens_and_hours(plan, program, root):
    made = plan(root)
    total = made["total"]
    assert (total["files"], total["done"], total["missing"]) == (FILES, 0, FILES)
    assert total["rows"] == ROWS
    assert not made["rows_estimated"]
    assert 0 < total["hours"] < 1
    ended = program.run(*flags(root))
    assert 0.8 < total["tokens"] / ended.summary["tokens"] < 1.25
    assert made["backend"] == ended.summary["backend"]
    after = plan(root)
    assert "tokens_per_second" not in after
    total = after["total"]
    assert (total["done"], total["rows"], total["hours"]) == (FILES, 0, 0)


def test_a_plan_names_inputs_that_cannot_be_read(plan, root):
    spoiled = next((root / "chains" / "sample").glob("*/*.parquet"))
    spoiled.write_bytes(b"no parquet")
    (spoiled.parent / "other.parquet").write_bytes(b"")
    assert plan(root)["total"]["inputs_unreadable"] == 2


def test_a_plan_as_text_is_a_table(program, root):
    done = subprocess.run(
        [program.path, "plan", *flags(root)], capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    assert lines[0].split()[:5] == ["files", "done", "missing", "stale", "corrupt"]
    assert lines[7].split()[:7] == ["in", "all", "12", "0", "12", "-", "-"]


def test_a_plan_says_whether_topics_can_be_followed_through_time(plan, root, program):
    def said(*more: str) -> str:
        command = [program.path, "plan", *flags(root, *more)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert "the chains have no column written" in said("--time_column=written")
    for path in (root / "chains" / "sample").glob("*/*.parquet"):
        table = pq.read_table(path)
        pq.write_table(table.append_column("written", pa.array([0] * len(table))), path)
    assert "through time, by the column written" in said("--time_column=written")
    assert plan(root, "--time_column=written")["time_column"] == "written"
    assert "time_column" not in plan(root, "--time_column=writ")


def test_what_is_stale_or_corrupt_is_embedded_anew_and_nothing_else(plan, program, root):
    assert program.run(*flags(root)).code == 0
    bf16, otherwise, cut, touched, *fine = outputs(root)
    remark(bf16, precision="bf16")
    remark(otherwise, weights_sha256="0" * 64)
    cut.write_bytes(cut.read_bytes()[:-100])
    source = root / "chains" / "sample" / touched.relative_to(root / "embeddings" / "sample")
    table = pq.read_table(source)
    pq.write_table(pa.concat_tables([table, table]), source)
    kept = {path: path.stat().st_ino for path in fine}

    def counts(check: str) -> tuple[int, int, int]:
        total = plan(root, f"--check={check}")["total"]
        return total["done"], total["stale"], total["corrupt"]

    assert counts("exists") == (FILES, 0, 0)
    assert counts("footer") == (FILES - 1, 0, 1)
    assert counts("fingerprint") == (FILES - 4, 3, 1)

    ended = program.run(*flags(root, "--check=footer"))
    assert (ended.code, ended.summary["files_done"], ended.summary["files_corrupt"]) == (0, 1, 1)
    assert pq.read_metadata(cut).num_rows > 0
    ended = program.run(*flags(root, "--check=fingerprint"))
    assert (ended.code, ended.summary["files_done"], ended.summary["files_stale"]) == (0, 3, 3)
    assert pq.read_metadata(touched).num_rows == 2 * table.num_rows
    assert {path: path.stat().st_ino for path in fine} == kept
    ended = program.run(*flags(root, "--check=fingerprint"))
    assert (ended.summary["files_done"], ended.summary["files_skipped"]) == (0, FILES)


def test_another_precision_or_prompt_makes_every_output_stale(plan, program, root):
    assert program.run(*flags(root)).code == 0
    assert plan(root, "--check=fingerprint")["total"]["stale"] == 0
    assert plan(root, "--check=fingerprint", "--precision=auto")["total"]["stale"] == 0
    assert plan(root, "--check=fingerprint", "--prompt=query: ")["total"]["stale"] == FILES
    assert plan(root, "--check=fingerprint", "--long_text=chunk")["total"]["stale"] == FILES


def test_a_stale_output_stays_where_its_input_cannot_be_read_any_more(program, root):
    assert program.run(*flags(root)).code == 0
    output = outputs(root)[0]
    before = output.read_bytes()
    source = root / "chains" / "sample" / output.relative_to(root / "embeddings" / "sample")
    source.write_bytes(b"no parquet")
    for _ in range(2):
        ended = program.run(*flags(root, "--check=fingerprint"))
        assert (ended.code, ended.summary["files_dead_lettered"]) == (3, 1)
        assert output.read_bytes() == before
        letters = (root / "embeddings" / "sample" / "_dead_letters.jsonl").read_text()
        assert len(letters.splitlines()) == 1
    assert program.run(*flags(root)).code == 0


def test_a_wrong_check_is_refused(program, root):
    ended = program.run(*flags(root, "--check=rows"))
    assert ended.code == 2
    assert "--check" in ended.errors
    assert len(ended.errors.splitlines()) == 1
