"""Files that are odd but valid are embedded, by the pipeline and by a worker."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest


@pytest.fixture(scope="module")
def odd(neighbour) -> dict:
    return neighbour("odd_files").all_files()


@pytest.fixture(scope="module")
def here(odd, neighbour, program, new_root, tmp_path_factory):
    """Return a root with all files, embedded by the pipeline, and how that ended."""
    root = new_root(tmp_path_factory.mktemp("pipeline"))
    root.put({name: file.content for name, file in odd.items()})
    texts = {text or "" for file in odd.values() for text in file.texts}
    neighbour("matrix").write_reference(root.chains, sorted(texts))
    return root, program.run(*root.flags)


@pytest.fixture(scope="module")
def there(odd, work, new_root, tmp_path_factory):
    """Return a root with the same files, embedded by a worker, and how that ended."""
    root = new_root(tmp_path_factory.mktemp("worker"))
    root.put({name: file.content for name, file in odd.items() if file.by_worker})
    return root, work(root)


@pytest.fixture(scope="module", params=["here", "there"], ids=["pipeline", "worker"])
def embedded(request):
    """Return each of the two."""
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def known(here, neighbour) -> dict:
    """Return each text's vector."""
    judges, name = neighbour("judges"), neighbour("matrix").REFERENCE
    texts = judges.texts(here[0].chains / f"{name}.parquet")
    return dict(zip(texts, judges.vectors(here[0].outputs[name]), strict=True))


def test_only_the_refused_files_have_no_output(embedded, odd):
    root, _ = embedded
    files = {path.stem for path in root.chains.iterdir()} & odd.keys()
    refused = {name for name, file in odd.items() if file.code}
    assert files - root.outputs.keys() == refused, root.letters


def test_a_dead_letter_says_why_in_a_code(here, odd):
    root, ended = here
    assert ended.code == 3, ended.errors
    path = root.path / "embeddings" / "test" / "_dead_letters.jsonl"
    letters = [json.loads(line) for line in path.read_text().splitlines()]
    codes = {Path(letter["input"]).stem: letter["code"] for letter in letters}
    assert codes == {name: file.code for name, file in odd.items() if file.code}


def test_a_worker_says_why_in_the_same_code(there, odd):
    _, ended = there
    assert ended.code == 0, ended.errors
    assert ended.summary == {name: file.code for name, file in odd.items() if file.code}


def test_kept_columns_hold_what_was_written(embedded, odd):
    wrong = []
    for name, path in embedded[0].outputs.items():
        if name not in odd:
            continue
        with path.open("rb") as file:  # pyarrow opens no path that is not UTF-8
            made = pq.ParquetFile(file).read()
        kept = [n for n in made.column_names if n not in ("n_tokens", "truncated", "embedding")]
        got = {n: made[n].to_pylist() for n in kept}
        if (kept, got) != (list(odd[name].kept), odd[name].kept):
            wrong.append(f"{name}: {got}, want {odd[name].kept}")
    assert not wrong, "\n".join(wrong)


def test_each_text_has_its_own_vector(embedded, odd, known, neighbour):
    judges, wrong = neighbour("judges"), []
    for name, path in embedded[0].outputs.items():
        if name in odd:
            texts = [text or "" for text in odd[name].texts]
            if rows := judges.other_vectors(known, texts, judges.vectors(path)):
                wrong.append(f"{name}: rows {rows} have another text's vector")
    assert not wrong, "\n".join(wrong)


def test_a_worker_writes_the_same_columns(here, there, odd, neighbour):
    judges, wrong = neighbour("judges"), []
    for name, path in there[0].outputs.items():
        mine, theirs = judges.shape(here[0].outputs[name]), judges.shape(path)
        wrong += [
            f"{name}: {b} of a worker, {a} here"
            for a, b in zip(mine, theirs, strict=False)
            if a != b
        ]
        wrong += [f"{name}: other columns of a worker"] if len(mine) != len(theirs) else []
    assert there[0].outputs
    assert not wrong, "\n".join(wrong)
