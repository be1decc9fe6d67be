"""The chains that show best what a cluster is about."""

import numpy as np

from threadloom.cluster.topics.typical import SNIPPET_CHARACTERS, candidates, pick, snippet


def typical_of(
    v: np.ndarray, labels: list[int], firmness: list[float] | None = None
) -> list[list[int]]:
    """Return the typical rows of clusters; by default all rows are equally firm."""
    found = np.array(labels, np.int32)
    return candidates(v, found, found.max() + 1, np.array(firmness or [1.0] * len(v), np.float32))


def vectors(rows: int, seed: int = 1) -> np.ndarray:
    """Return float32[rows, 16] around one direction, no two within 0.95."""
    chance = np.random.default_rng(seed)
    spread = chance.normal(size=(rows, 16)) * 0.3
    spread[:, 0] += 1
    return spread.astype(np.float32)


def test_the_rows_nearest_the_middle_come_first():
    v = vectors(40)
    found = typical_of(v, [0] * 40)[0]
    units = v / np.linalg.norm(v, axis=1, keepdims=True)
    closeness = units @ units.mean(axis=0)
    assert found[0] == int(closeness.argmax())
    assert (np.diff(closeness[found]) <= 0).all()


def test_near_copies_come_last_and_copies_not_at_all():
    v = np.repeat(vectors(5), 4, axis=0)
    v[1::4] += np.random.default_rng(2).normal(size=(5, 16)).astype(np.float32) * 0.03
    found = typical_of(v, [0] * 20)[0]
    units = v[found] / np.linalg.norm(v[found], axis=1, keepdims=True)
    likeness = units @ units.T - np.eye(len(found))
    assert len(found) == 10
    assert likeness[:5, :5].max() < 0.95
    assert (likeness[5:].max(axis=1) >= 0.95).all()
    assert likeness.max() < 0.999


def test_the_order_of_the_rows_does_not_matter():
    v = vectors(200)
    labels = np.arange(200) % 3
    first = typical_of(v, labels.tolist())
    order = np.random.default_rng(4).permutation(200)
    other = typical_of(v[order], labels[order].tolist())
    assert [order[rows].tolist() for rows in other] == first


def test_noise_and_loose_rows_are_not_typical():
    firmness = [1.0] * 10 + [0.1] * 9 + [1.0]
    found = typical_of(vectors(20), [0] * 19 + [-1], firmness)
    assert len(found) == 1
    assert set(found[0]) <= set(range(10))


def test_texts_that_share_half_of_their_words_come_last():
    texts = {
        0: "The hockey team won the game",
        1: "the hockey team won that game",
        2: "The hockey team  won the game",
        3: "Who plays in goal tonight?",
        4: "",
    }
    assert [row for row, _ in pick([0, 1, 2, 3, 4], texts)] == [0, 3, 1]
    assert [row for row, _ in pick([0, 1, 2, 3, 4], texts, 2)] == [0, 3]
    assert pick([4], texts) == []


def test_a_snippet_starts_with_the_writers_own_words():
    text = "In article <1@a.example> John Doe writes:\n> Who won?\n\nThe  *hockey* team;\n> a quote"
    assert snippet(text) == "The *hockey* team; > a quote"


def test_a_snippet_is_one_line_and_a_cut_shows():
    assert snippet("a\n\tb\x00c\ud800") == "a b c\ud800"
    assert snippet("[deleted]") == "[deleted]"
    long = snippet("word " * 20_000)
    assert len(long) <= SNIPPET_CHARACTERS and long.endswith("word…")
    assert snippet("> " + "q" * 100_000).startswith("> q")
