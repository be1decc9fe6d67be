"""The pipeline's vectors against those of sentence-transformers (fp32, at most 256 tokens)."""

import re
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from threadloom.export.source import packaged

TOLERANCE = 1e-5
EMOJI = re.compile("[\U0001f300-\U0001faff]")
ODD = [
    *("", " ", "\n\t", "a", "x" * 500),
    *("🍞" * 300, "👨‍👩‍👧 ok", "e\u0301", "naïve café Ωmega", "東京タワー"),
]


def evenly(texts: list[str], number: int) -> list[str]:
    """Return `number` of the texts, or all if there are fewer, spread over the list."""
    return [texts[i * len(texts) // number] for i in range(number)] if texts else []


def corpus_texts(corpus: Path) -> list[str]:
    """Return 1,000 texts: half long posts, half comments with and without emoji, some empty."""
    texts = {
        suffix: [
            text
            for file in sorted((corpus / "chains" / suffix).glob("*/*.parquet"))
            for text in pq.read_table(file, columns=["text"])["text"].to_pylist()
        ]
        for suffix in ("newsgroups", "comments")
    }
    emoji = [text for text in texts["comments"] if EMOJI.search(text)]
    odd = [*ODD, *[""] * 10]
    rest = 500 - 150 - len(odd)
    return [
        *evenly(texts["newsgroups"], 500),
        *evenly(emoji, 150),
        *evenly(texts["comments"], rest),
        *odd,
    ]


def invented_texts(rows: list[dict]) -> list[str]:
    """Return the sample's texts, some of them strung together to more than 256 tokens."""
    texts = [row["text"] for row in rows]
    return [*texts, *(" ".join(texts[i : i + 40]) for i in range(0, len(texts), 40)), *ODD]


@pytest.mark.parametrize("source", ["invented", pytest.param("corpus", marks=pytest.mark.long)])
def test_vectors_equal_those_of_sentence_transformers(source, request, program, lay_out, tmp_path):
    from sentence_transformers import SentenceTransformer

    if source == "corpus":
        texts = corpus_texts(request.getfixturevalue("corpus"))
        assert len(texts) == 1000
    else:
        texts = invented_texts(request.getfixturevalue("sample_rows"))
    lay_out(tmp_path, texts)

    ended = program.run("--root", tmp_path, "--suffix", "test", "--cluster=false")
    assert ended.code == 0, ended.errors
    output = pq.read_table(tmp_path / "embeddings" / "test" / "mixed" / "all.parquet")
    got = np.array(output["embedding"].to_pylist(), np.float32)

    peer = SentenceTransformer(str(packaged()), device="cpu")
    assert peer.max_seq_length == 256
    want = peer.encode(texts)
    assert got.shape == want.shape
    assert np.abs(got - want).max() <= TOLERANCE

    # Both read as many tokens of each text, and say so only of the longer ones.
    whole = [
        len(ids) for ids in peer.tokenizer(texts, truncation=False, verbose=False)["input_ids"]
    ]
    assert output["n_tokens"].to_pylist() == [min(n, 256) for n in whole]
    assert output["truncated"].to_pylist() == [n > 256 for n in whole]
    assert any(n > 256 for n in whole)
