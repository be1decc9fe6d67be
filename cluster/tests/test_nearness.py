"""Names by the vectors of words, at every level."""

import itertools
import json
import random
import sys

import numpy as np
import pytest

from threadloom.cluster.topics import nearness, word_vectors
from threadloom.cluster.topics.tree import Cells, describe_levels
from threadloom.cluster.topics.vocabulary import ClusterTexts

# Two topics of three clusters each. Each word has its own direction, inside that of its topic.
TREE = {
    "kitchen": ("bread flour yeast", "knife blade handle", "apple cherry melon"),
    "heavens": ("comet asteroid meteor", "rocket booster engine", "galaxy nebula quasar"),
}
COMMON = {"kitchen": "cook spoon table", "heavens": "moon orbit night"}
WORDS = [w for t, parts in TREE.items() for group in (*parts, COMMON[t]) for w in group.split()]


def vector(word: str) -> np.ndarray:
    """Return an invented vector: the topic's direction, the cluster's and the word's own."""
    for topic, (name, parts) in enumerate(TREE.items()):
        for part, group in enumerate((*parts, COMMON[name])):
            if word in group.split():
                v = np.zeros(32)
                v[topic] = 1
                if part < 3:
                    v[2 + 3 * topic + part] = 1.5
                v[8 + WORDS.index(word)] = 0.5
                return v / np.linalg.norm(v)
    raise AssertionError(word)


def embed(words: list[str]) -> np.ndarray:
    """Return the mean of the vectors of each entry's words."""
    means = np.array([np.mean([vector(w) for w in entry.split()], axis=0) for entry in words])
    return means / np.linalg.norm(means, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def tree():
    """Return cells, parents, sums and texts of 600 chains of the six clusters."""
    chance = random.Random(1)
    rows = [(t, p) for t, p in itertools.product(range(2), range(3)) for _ in range(100)]
    coarse = np.array([t for t, _ in rows], np.int32)
    fine = np.array([3 * t + p for t, p in rows], np.int32)
    fine[::50] = -1
    cells = Cells.of([coarse, fine])
    texts = ClusterTexts(len(rows), cells.count)
    vectors = []
    for i, (t, p) in enumerate(rows):
        name = list(TREE)[t]
        words = chance.sample(TREE[name][p].split(), 2) + chance.sample(COMMON[name].split(), 2)
        texts.add(int(cells.of_rows[i]), ", ".join(words) + f", {i}")
        vectors.append(np.mean([vector(w) for w in words], axis=0))
    parents = [np.empty(0, np.int32), np.repeat([0, 1], 3).astype(np.int32)]
    return texts, cells, parents, cells.sums(np.array(vectors, np.float32))


def words_of(name: str) -> set[str]:
    return set(name.replace(",", " ").split())


@pytest.mark.parametrize("vectors", [embed, lambda _: None])
def test_a_child_is_named_by_what_its_parent_and_its_siblings_lack(tree, vectors):
    texts, cells, parents, sums = tree
    coarse, fine = describe_levels(texts, cells, parents, sums, vectors)
    for label, named in enumerate(fine):
        topic, part = divmod(label, 3)
        own = set(list(TREE.values())[topic][part].split())
        assert words_of(named.name) <= own
        assert not words_of(named.name) & words_of(coarse[topic].name)
    for named, topic in zip(coarse, TREE, strict=True):
        # The words that all parts of a topic use lie in its middle.
        if vectors is embed:
            assert words_of(named.name) & set(COMMON[topic].split())
    assert len({n.name for n in coarse}) == 2 and len({n.name for n in fine}) == 6


def test_a_cluster_that_is_alone_in_its_parent_has_its_name(tree):
    texts, cells, _, sums = tree
    alone = Cells(cells.of_rows, np.array([cells.labels[0], cells.labels[0]]))
    parents = [np.empty(0, np.int32), np.arange(2, dtype=np.int32)]
    coarse, fine = describe_levels(texts, alone, parents, sums, embed)
    assert [n.name for n in coarse] == [n.name for n in fine]


def test_cells_are_the_rows_with_the_same_labels():
    chance = np.random.default_rng(0)
    levels = [chance.integers(-1, 4, 500), chance.integers(-1, 3, 500), chance.integers(-1, 2, 500)]
    cells = Cells.of(levels)
    for level, labels in enumerate(levels):
        assert (cells.labels[level][cells.of_rows] == labels).all()
        for label, mine in cells.members(level).items():
            assert (np.isin(cells.of_rows, mine) == (labels == label)).all()
    assert cells.count == len(set(zip(*levels, strict=True)))
    vectors = chance.normal(size=(500, 5)).astype(np.float32)
    sums = cells.sums(vectors)
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    for cell in range(cells.count):
        assert np.allclose(sums[cell], units[cells.of_rows == cell].sum(axis=0), atol=1e-5)


def test_a_direction_leads_away_from_the_siblings():
    means = np.eye(4, dtype=np.float32)
    away = nearness.directions(means, np.array([0, 0, 0, 1]))
    first = np.array([1, -(0.5**1.5), -(0.5**1.5), 0])
    assert np.allclose(away[0], first / np.linalg.norm(first), atol=1e-6)
    assert np.allclose(away[3], means[3])  # it has no sibling
    assert len(nearness.directions(np.empty((0, 4), np.float32), np.empty(0, np.int32))) == 0


def test_a_word_that_is_like_one_before_it_comes_later():
    vectors = np.array([[1, 0, 0], [0.98, 0.2, 0], [0.7, 0, 0.71]], np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    direction = np.array([1, 0, 0.6])
    assert nearness.by_nearness(["cup", "mug", "tea"], [99] * 3, vectors, direction) == [
        "cup",
        "tea",
        "mug",
    ]
    # "planets" says nothing that "planet" does not.
    order = nearness.by_nearness(["planet", "planets", "tea"], [99] * 3, vectors, direction)
    assert order == ["planet", "tea"]


def test_a_word_of_few_chains_comes_later():
    vectors = np.eye(3, dtype=np.float32)
    direction = np.array([1, 1, 0.7])
    assert nearness.by_nearness(["quote", "tea", "cup"], [3, 40, 40], vectors, direction) == [
        *("tea", "cup", "quote"),
    ]
    assert nearness.by_nearness([], [], vectors[:0], direction) == []


# A program in place of the pipeline: its answers are what the test wants.
STAND_IN = """
import json, struct, sys
request = json.load(sys.stdin)
{before}
facts = dict(model="m", model_sha256="aa", precision="fp32", dimension=2) | request["model"]
sys.stdout.buffer.write((json.dumps(facts) + "\\n").encode())
for text in request["texts"]:
    sys.stdout.buffer.write(struct.pack("<2f", len(text), 0.0))
{after}
"""
MODEL = {"model": "m", "model_sha256": "aa", "precision": "bf16", "dimension": 2}


def embedder(model: dict | None = None, before: str = "", after: str = "") -> str:
    program = STAND_IN.format(before=before, after=after)
    return json.dumps({"command": [sys.executable, "-c", program], "model": model or {}})


def test_words_have_the_vectors_of_the_program():
    assert word_vectors.embed(["a", "bcd"], embedder(), MODEL).tolist() == [[1, 0], [1, 0]]


@pytest.mark.parametrize(
    ("how", "why"),
    [
        (embedder({"model_sha256": "bb"}), "their model_sha256 is bb, that of the chains aa"),
        (embedder({"dimension": 3}), "their dimension is 3"),
        (embedder(before="sys.exit('error: no such model')"), "ended with 1: error: no such model"),
        (embedder(after="sys.stdout.buffer.write(b'more')"), "the vectors"),
        (embedder(before="print('no JSON')"), "the vectors"),
        (json.dumps({"command": ["/nowhere/pipeline"], "model": {}}), "/nowhere/pipeline"),
        ("{}", "'model'"),
        ("no JSON", "the vectors"),
    ],
)
def test_without_vectors_there_is_one_warning(how, why, caplog):
    assert word_vectors.embed(["a", "bcd"], how, MODEL) is None
    (line,) = caplog.messages
    assert "named without the vectors of words" in line and why in line and "\n" not in line
