"""Invented chains with vectors in clear blobs, written as the pipeline writes its files."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from threadloom.cluster.files.sources import Source

DIMENSION = 16
MODEL = {
    "model": "all-MiniLM-L6-v2",
    "model_sha256": "aa",
    "precision": "fp32",
    "dimension": DIMENSION,
}
TOPICS = {
    "baking": "bread flour oven yeast dough",
    "cycling": "bicycle pedal chain saddle helmet",
    "astronomy": "telescope planet orbit galaxy comet",
}


@dataclass
class Folder:
    """A folder with chains and embeddings files."""

    root: Path

    def write(
        self,
        name: str,
        vectors: np.ndarray,
        texts: list[str] | None = None,
        *,
        subreddit: str = "golang",
        keys: dict | None = None,
        model: dict | None = MODEL,
        text_type: pa.DataType | None = None,
        row_group_size: int | None = None,
        lists: pa.Array | None = None,
    ) -> Source:
        """Write one pair; `lists` replaces the embedding column made from the vectors."""
        rows = len(vectors)
        texts = [f"text {i}" for i in range(rows)] if texts is None else texts
        source = Source(
            subreddit,
            str(self.root / "chains" / subreddit / name),
            str(self.root / "embeddings" / subreddit / name),
        )
        for path in (source.chains, source.embeddings):
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        chains = pa.table({"text": pa.array(texts, text_type or pa.string())})
        _write(chains, source.chains, row_group_size)
        if keys is None:
            keys = {"chain_id": [f"{subreddit}/{name}/{i}" for i in range(rows)]}
        if lists is None:
            ends = np.arange(rows + 1, dtype=np.int32) * vectors.shape[1]
            lists = pa.ListArray.from_arrays(ends, vectors.astype(np.float32).ravel())
        columns = {
            **keys,
            "n_tokens": pa.array([5] * rows, pa.int32()),
            "truncated": [False] * rows,
            "embedding": lists,
        }
        metadata = {"threadloom.fingerprint": json.dumps(model)} if model is not None else None
        table = pa.table(columns).replace_schema_metadata(metadata)
        _write(table, source.embeddings, row_group_size)
        return source

    def write_topics(self, rows: int = 120) -> list[Source]:
        """Write three files, one a subreddit, each with all three topics mixed."""
        vectors, texts = blobs(rows)
        parts = np.array_split(np.arange(rows), len(TOPICS))
        return [
            self.write("part-0.parquet", vectors[p], [texts[i] for i in p], subreddit=name)
            for name, p in zip(TOPICS, parts, strict=True)
        ]


def blobs(rows: int, seed: int = 1) -> tuple[np.ndarray, list[str]]:
    """Return vectors float32[rows, 16] in three blobs, row i in blob i % 3, and matching texts."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(len(TOPICS), DIMENSION)) * 3
    topic = np.arange(rows) % len(TOPICS)
    vectors = centres[topic] + random.normal(size=(rows, DIMENSION)) * 0.2
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    words = [words.split() for words in TOPICS.values()]
    texts = [
        f"I don't think the {' '.join(random.permutation(words[t]))} and people number {i}"
        for i, t in enumerate(topic)
    ]
    return vectors.astype(np.float32), texts


def _write(table: pa.Table, path: str, row_group_size: int | None) -> None:
    """Write a file whose name may be no UTF-8, which pyarrow would refuse."""
    with open(path, "wb") as file:
        pq.write_table(table, file, row_group_size=row_group_size)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.fixture(scope="session")
def make_folder():
    """Return make_folder(root), for tests that share a folder."""
    return Folder


@pytest.fixture(scope="session")
def make_blobs():
    return blobs


@pytest.fixture
def made_by() -> dict:
    """Return what the files' footers say of the model."""
    return MODEL
