"""Long texts are chunked as ``models/split.go`` does it; test_bridge.py compares the vectors."""

import numpy as np

from threadloom.worker import chunks


def test_windows_begin_and_end_with_whole_words():
    ids = list(range(1, 31))
    continues = {8, 9, 20}
    windows = chunks.split(ids, continues, size=8, overlap=3)
    assert windows[0] == ids[:6]  # 7 to 9 are one word, and 9 does not fit
    assert all(len(w) <= 8 and w[0] not in continues for w in windows)
    assert sorted({i for w in windows for i in w}) == ids
    assert windows[-1][-1] == 30


def test_a_word_that_fills_a_window_is_cut():
    windows = chunks.split(list(range(20)), set(range(1, 20)), size=6, overlap=2)
    assert [w[0] for w in windows] == [0, 4, 8, 12, 16][: len(windows)]
    assert all(len(w) <= 6 for w in windows)


def test_a_mean_is_weighted_by_tokens_and_a_single_chunk_stays():
    vectors = np.array([[1, 0], [0, 1], [0.6, 0.8]], np.float32)
    got = chunks.means(vectors, np.array([3, 4, 9], np.float32), np.array([2, 1]), normalized=True)
    assert np.allclose(got, [[0.6, 0.8], [0.6, 0.8]], atol=1e-7)
    assert got[1].tolist() == vectors[2].tolist()
    plain = chunks.means(vectors, np.array([3, 4, 9], np.float32), np.array([2, 1]), False)
    assert np.allclose(plain[0], [3 / 7, 4 / 7], atol=1e-7)


def test_the_parts_of_long_texts_are_counted(encoder):
    long = " ".join(f"word{i}" for i in range(400)).encode()
    got = encoder.tokenise([b"short", long, b""], "query: ", chunked=True)
    assert got.chunks.tolist()[0] == got.chunks.tolist()[2] == 1 < got.chunks[1]
    assert len(got.ids) == got.chunks.sum() and max(map(len, got.ids)) <= 256
    assert got.counts.tolist()[1] == sum(map(len, got.ids[1:-1]))
    assert not got.truncated.any()
    assert encoder.embed(got).shape == (3, 384)
