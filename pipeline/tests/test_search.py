"""A search finds the same as brute force in numpy, and its file is as docs/search.md says."""

import json
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

KEY = b"threadloom.fingerprint"
UPDATE = "--like=bikerepair/0001"  # brings the search file up to date, and opens no model
DAY = 24 * 60 * 60
BEGIN = 1_709_251_200  # 2024-03-01
HOSTILE = "a \x1b]0;title\x07 \x9b31m \u202ered\u202c \u2028line\r bell \x7f 👩‍🔧"
QUESTIONS = [
    "my dough does not rise",
    "gears that slip",
    "yellow leaves",
    "a dim comet",
    "dns at home",
]


@pytest.fixture(scope="module")
def made(program, copy_sample, tmp_path_factory) -> Path:
    """Embed the sample, with a time for each chain, and the questions; return their root."""
    root = copy_sample(tmp_path_factory.mktemp("search"))
    row = 0
    for path in sorted((root / "chains" / "sample").glob("*/*.parquet")):
        table = pq.read_table(path)
        times = [BEGIN + (row + i) * DAY for i in range(len(table))]
        row += len(table)
        links = [f"/r/{r['subreddit']}/comments/{i}/_/" for i, r in enumerate(table.to_pylist())]
        table = table.append_column("created_utc", [times]).append_column("permalink", [links])
        pq.write_table(table, path)
    first = sorted((root / "chains" / "sample").glob("*/*.parquet"))[0]
    table = pq.read_table(first)
    titles = [HOSTILE, *table["title"].to_pylist()[1:]]
    pq.write_table(table.set_column(table.column_names.index("title"), "title", [titles]), first)
    asked = root / "chains" / "asked" / "bikerepair"
    asked.mkdir(parents=True)
    pq.write_table(pa.table({"text": QUESTIONS}), asked / "asked.parquet")
    for suffix in ("sample", "asked"):
        ended = program.run("--root", root, f"--suffix={suffix}", "--cluster=false")
        assert ended.code in (0, 3), ended.errors
    return root


@pytest.fixture
def root(made, tmp_path) -> Path:
    """Return a copy that a test may change."""
    shutil.copytree(made, tmp_path / "root")
    return tmp_path / "root"


def search(program, root: Path, *flags: object) -> subprocess.CompletedProcess:
    command = [program.path, "search", "--root", root, "--suffix=sample", *flags]
    return subprocess.run([str(c) for c in command], capture_output=True, text=True)


def found(program, root: Path, *flags: object) -> list[list[dict]]:
    done = search(program, root, "--json", *flags)
    assert done.returncode == 0, done.stderr
    return [a["hits"] for a in json.loads(done.stdout)["answers"]]


def outputs(root: Path) -> list[Path]:
    return sorted((root / "embeddings" / "sample").glob("*/*.parquet"))


def vectors(path: Path) -> np.ndarray:
    return np.array(pq.read_table(path, columns=["embedding"])["embedding"].to_pylist(), np.float32)


def everything(root: Path) -> tuple[np.ndarray, list[dict]]:
    """Return the vectors and the other columns of all outputs, in their order."""
    tables = [pq.read_table(p).drop_columns("embedding") for p in outputs(root)]
    rows = pa.concat_tables(tables).to_pylist()
    return np.concatenate([vectors(p) for p in outputs(root)]), rows


def put_labels(root: Path) -> dict[str, int]:
    """Write labels and names as a clustering does; return the labels by chain_id."""
    _, rows = everything(root)
    folder = root / "clusters" / "sample"
    folder.mkdir(parents=True, exist_ok=True)
    labels = {r["chain_id"]: i % 3 - 1 for i, r in enumerate(rows)}
    table = pa.Table.from_pylist([{k: r[k] for k in ("chain_id", "subreddit")} for r in rows])
    column = pa.array([labels[r["chain_id"]] for r in rows], pa.int32())
    pq.write_table(table.append_column("label", column), folder / "labels.parquet")
    clusters = [{"label": k, "name": f"name, {k}"} for k in (0, 1)]
    (folder / "clusters.json").write_text(json.dumps({"clusters": clusters}))
    return labels


def test_the_answers_are_those_of_brute_force(program, made, tmp_path):
    matrix, rows = everything(made)
    asked = vectors(made / "embeddings" / "asked" / "bikerepair" / "asked.parquet")
    (tmp_path / "questions").write_text("\n".join(QUESTIONS) + "\n\n")
    answers = found(program, made, "--questions", tmp_path / "questions", "--k=20")
    for question, hits in zip(asked, answers, strict=True):
        scores = matrix @ question
        want = np.sort(scores)[::-1][:20]
        assert [h["score"] for h in hits] == pytest.approx(want.tolist(), abs=2e-5)
        place = {r["chain_id"]: i for i, r in enumerate(rows)}
        said = [scores[place[h["chain_id"]]] for h in hits]
        assert said == pytest.approx(want.tolist(), abs=2e-5)
    assert found(program, made, *QUESTIONS[0].split(), "--k=20") == answers[:1]


def test_filters_and_what_is_shown(program, root):
    matrix, rows = everything(root)
    where = {r["chain_id"]: i for i, r in enumerate(rows)}
    words = QUESTIONS[0]
    assert "label" not in found(program, root, words)[0][0]  # there are no clusters yet
    none = search(program, root, words, "--label=0")
    assert none.returncode == 2 and "no clusters" in none.stderr
    labels = put_labels(root)
    (hits,) = found(program, root, words, "--k=400")
    assert {h["chain_id"]: h["label"] for h in hits} == labels
    assert {h.get("cluster") for h in hits} == {None, "name, 0", "name, 1"}
    (hits,) = found(program, root, words, "--k=400", "--label=-1,1")
    assert {h["chain_id"] for h in hits} == {i for i, label in labels.items() if label != 0}
    (hits,) = found(program, root, words, "--k=400", "--subreddit=SOURDOUGH")
    mine = {r["chain_id"] for r in rows if r["subreddit"] == "sourdough"}
    assert {h["chain_id"] for h in hits} == mine
    (hits,) = found(program, root, words, "--k=400", "--since=2024-04", "--until=2024-05-02")
    assert sorted(h["created"][:10] for h in hits) == [
        *(f"2024-04-{d:02}" for d in range(1, 31)), "2024-05-01", "2024-05-02"]  # fmt: skip
    like = rows[77]["chain_id"]
    (hits,) = found(program, root, f"--like={like}", "--k=5")
    order = np.argsort(-(matrix @ matrix[77]), kind="stable")
    assert [where[h["chain_id"]] for h in hits] == order[1:6].tolist()
    text = search(program, root, words, "--k=1", "--long").stdout
    best = pq.read_table(hits_file(root, words, program))
    assert "https://www.reddit.com/r/sourdough/comments/" in text
    assert any(t.splitlines()[-1] in text for t in best["text"].to_pylist())


def hits_file(root: Path, words: str, program) -> str:
    return found(program, root, words, "--k=1")[0][0]["file"]


def test_what_a_text_holds_does_not_move_the_terminal(program, made):
    _, rows = everything(made)
    assert rows[0]["title"] == HOSTILE
    words = " ".join(pq.read_table(first_input(made))["text"][0].as_py().split())[:200]
    shown = search(program, made, words, "--k=1").stdout
    encoded = search(program, made, words, "--k=1", "--json").stdout
    for out in (shown, encoded):
        assert not set(out.rstrip("\n").replace("\n", "")) & set(
            "\x1b\x07\x9b\u202e\u202c\u2028\r\x7f"
        )
    assert "👩‍🔧" in shown and r"\u001b" in shown
    assert json.loads(encoded)["answers"][0]["hits"][0]["title"] == HOSTILE


def first_input(root: Path) -> Path:
    return sorted((root / "chains" / "sample").glob("*/*.parquet"))[0]


class Documented:
    """A search file, read as docs/search.md says."""

    def __init__(self, path: Path):
        b = path.read_bytes()
        self.magic, self.format = b[:8], int.from_bytes(b[8:12], "little")
        self.dimension = int.from_bytes(b[12:16], "little")
        self.rows, self.table_bytes = (int.from_bytes(b[i : i + 8], "little") for i in (16, 24))
        at = 64
        parts = []
        for size, kind in (
            (self.dimension, "<i1"),
            (self.dimension, "<i1"),
            (4, "<f4"),
            (8, "<i8"),
            (8, "<u8"),
        ):
            parts.append(np.frombuffer(b, kind, self.rows * size // np.dtype(kind).itemsize, at))
            at = -(-(at + self.rows * size) // 64) * 64
        high, low = (p.reshape(self.rows, -1).astype(np.int32) for p in parts[:2])
        self.vectors = parts[2][:, None] * (256 * high + low)
        self.times, self.keys = parts[3:]
        self.table = b[at:]
        assert len(self.table) == self.table_bytes
        self.at = 0
        self.models = [json.loads(self.text()) for _ in range(self.number())]
        self.model = self.number() - 1
        self.outputs = []
        for _ in range(self.number()):
            o = SimpleNamespace(subreddit=self.text(), name=self.text(), size=self.number())
            z = self.number()
            o.mtime = z // 2 if z % 2 == 0 else -(z + 1) // 2
            o.model, o.rows, o.left_out = self.number() - 1, self.number(), self.text()
            self.outputs.append(o)
        assert self.at == len(self.table)

    def number(self) -> int:
        x = shift = 0
        while True:
            b = self.table[self.at]
            self.at += 1
            x |= (b & 0x7F) << shift
            shift += 7
            if b < 0x80:
                return x

    def text(self) -> str:
        n = self.number()
        self.at += n
        return self.table[self.at - n : self.at].decode()


def test_the_file_is_as_documented(program, root):
    found(program, root, UPDATE)
    matrix, rows = everything(root)
    file = Documented(root / "clusters" / "sample" / "search.vectors")
    assert (file.magic, file.format, file.dimension, file.rows) == (b"TLSEARCH", 1, 384, 300)
    assert np.abs(file.vectors - matrix).max() < 1e-5
    assert file.times.tolist() == [r["created_utc"] for r in rows]
    assert len(set(file.keys.tolist())) == 300
    stats = [p.stat() for p in outputs(root)]
    assert [(o.size, o.mtime, o.left_out) for o in file.outputs] == [
        (s.st_size, s.st_mtime_ns, "") for s in stats]  # fmt: skip
    assert [f"{o.subreddit}/{o.name}" for o in file.outputs] == [
        f"{p.parent.name}/{p.name}" for p in outputs(root)]  # fmt: skip
    assert file.models[file.model]["precision"] == "fp32"


@pytest.mark.parametrize(
    "options",
    [
        {"use_dictionary": True, "compression": "snappy"},
        {"use_dictionary": False, "data_page_version": "2.0", "compression": "gzip"},
        {"use_dictionary": False, "data_page_size": 1000, "compression": "none"},
        {
            "use_dictionary": False,
            "column_encoding": {"embedding.list.element": "BYTE_STREAM_SPLIT"},
        },
        {"row_group_size": 7, "data_page_version": "2.0"},
    ],
    ids=["dictionary", "pages of version 2", "small pages", "split", "small row groups"],
)
def test_outputs_of_other_writers_give_the_same_vectors(program, root, options):
    found(program, root, UPDATE)
    file = root / "clusters" / "sample" / "search.vectors"
    before = Documented(file)
    for path in outputs(root):
        pq.write_table(pq.read_table(path), path, **options)
    found(program, root, UPDATE)
    after = Documented(file)
    assert [o.left_out for o in after.outputs] == [""] * len(after.outputs)
    assert np.array_equal(after.vectors, before.vectors)
    assert after.times.tolist() == before.times.tolist()
    assert after.keys.tolist() == before.keys.tolist()


@pytest.mark.parametrize(
    "made_of",
    [
        lambda s: pa.array([str(x) for x in s]),
        lambda s: pa.array([x * 1000 for x in s]),
        lambda s: pa.array([x * 1000 for x in s], pa.timestamp("ms", "UTC")),
        lambda s: pa.array([x * 10**9 for x in s], pa.timestamp("ns")),
        lambda s: pa.array([float(x) for x in s]),
        lambda s: pa.array(s, pa.int32()),
    ],
    ids=["digits", "milliseconds", "timestamps", "nanoseconds", "floats", "int32"],
)
def test_times_of_all_kinds_are_the_same(program, root, made_of):
    _, rows = everything(root)
    for path in outputs(root):
        table = pq.read_table(path)
        column = made_of(table["created_utc"].to_pylist())
        place = table.column_names.index("created_utc")
        pq.write_table(table.set_column(place, "created_utc", [column]), path)
    found(program, root, UPDATE)
    file = Documented(root / "clusters" / "sample" / "search.vectors")
    assert file.times.tolist() == [r["created_utc"] for r in rows]


def test_plan_says_what_the_next_search_reads(program, root):
    def planned() -> dict | None:
        command = [program.path, "plan", "--json", "--root", root, "--suffix=sample"]
        done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout).get("search")

    (root / "clusters" / "sample" / "search.vectors").unlink(missing_ok=True)
    assert planned() is None
    found(program, root, UPDATE)
    assert planned() == {"outputs_to_read": 0, "outputs_to_drop": 0}
    pq.write_table(pq.read_table(outputs(root)[0]), outputs(root)[0])
    assert planned() == {"outputs_to_read": 1, "outputs_to_drop": 1}


def mark(path: Path, **changes: object) -> None:
    """Change what an output's footer says."""
    table = pq.read_table(path)
    said = json.loads(table.schema.metadata[KEY]) | changes
    pq.write_table(table.replace_schema_metadata({KEY: json.dumps(said)}), path)


def test_outputs_of_another_model_are_left_out_or_refused(program, root):
    one = outputs(root)[3]
    mark(one, precision="bf16")
    done = search(program, root, "x", "--json")
    assert done.returncode == 3 and len(done.stderr.splitlines()) == 1
    assert str(one) in done.stderr and "bf16" in done.stderr
    result = json.loads(done.stdout)
    assert [f["file"] for f in result["left_out"]] == [str(one)]
    assert result["rows"] == 300 - len(pq.read_table(one))
    for path in outputs(root):
        mark(path, weights_sha256="0" * 64, model="another", precision="fp32")
    done = search(program, root, "x")
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1
    assert "the vectors are by another" in done.stderr and "--model" in done.stderr


def test_chains_that_are_gone_or_have_changed_have_no_text(program, root):
    words = " ".join(pq.read_table(first_input(root))["text"][0].as_py().split())[:200]
    path = Path(hits_file(root, words, program))
    table = pq.read_table(path)
    pq.write_table(table.take(list(reversed(range(len(table))))), path)
    (hit,) = found(program, root, words, "--k=1")[0]
    assert "has changed" in hit["missing"] and "first_line" not in hit
    assert hit["chain_id"] == everything(root)[1][0]["chain_id"]
    path.unlink()
    (hit,) = found(program, root, words, "--k=1")[0]
    assert "no such file" in hit["missing"] and hit["title"] == HOSTILE


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ((), "what for?"),
        (("x", "--like=y"), "only one of them"),
        (("--like=nobody",), "no chain"),
        (("x", "--k=0"), "--k 0"),
        (("x", "--since=soon"), "2024-03-15"),
        (("x", "--since=2024", "--until=2023"), "after --until"),
        (("x", "--label=first"), "numbers"),
        (("x", "--subreddit=sourdouh"), "sourdough"),
        (("--questions=/nowhere",), "/nowhere"),
        (("x", "--suffix=none"), "nothing is embedded"),
        ((" ",), "empty"),
    ],
)
def test_what_cannot_be_is_one_line(program, made, flags, says):
    done = search(program, made, *flags)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ") and len(done.stderr.splitlines()) == 1
    assert says in done.stderr
