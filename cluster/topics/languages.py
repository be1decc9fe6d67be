"""The stop words of languages other than English, where a chain is written in one.

A list of stop words of one language has content words of another: "die", "war", "man" and "hat" are
stop words in German. So a list counts only for chains of its language, and a chain's language shows
in how many of its words are on the list. The lists are those of stopwords-iso.
"""

import functools

import numpy as np
from scipy.sparse import csr_array

from threadloom.cluster.topics.words import stop_words

# A chain may be in a language if this share of its different words is on the language's list, and
# at least this many. English stop words do not count. Among 28,000 posts and titles of English
# groups 0.3 % pass, mostly titles of a few words.
_SHARE, _WORDS = 0.2, 2
# These chains are in the language if together they have so many of the list's words. Chains about
# war, men and hats have few German ones, however often.
_VARIETY = 10
# A word is a stop word of a cluster if this share of the cluster's chains with the word is in a
# language on whose list it is.
_MOST = 0.5


@functools.cache
def _lists() -> tuple[frozenset[str], ...]:
    """Return the stop words of each language but English, without those of English."""
    import stopwordsiso

    english = stop_words()
    codes = sorted(set(stopwordsiso.langs()) - {"en"})
    return tuple(frozenset(stopwordsiso.stopwords(code)) - english for code in codes)


def listed(forms: list[str]) -> csr_array:
    """Return which words are on which lists: int32[v, languages] of 0 and 1."""
    numbers = {form: i for i, form in enumerate(forms)}
    pairs = [
        (numbers[word], language)
        for language, words in enumerate(_lists())
        for word in sorted(words & numbers.keys())
        if word
    ]
    at = np.array(pairs, np.int64).reshape(-1, 2).T
    ones = np.ones(at.shape[1], np.int32)
    return csr_array((ones, (at[0], at[1])), shape=(len(forms), len(_lists())))


def foreign(ids: np.ndarray, rows: np.ndarray, lists: csr_array) -> np.ndarray:
    """Return the numbers of the words that are stop words in a cluster's chains, int[s].

    ids: int[m], the number of each word, 0 for none; rows: int[m], its chain, from 0. lists: see
    `listed`.
    """
    words = lists.shape[0]
    pairs = np.unique(rows[ids > 0] * np.int64(words) + ids[ids > 0])
    if not len(pairs):
        return pairs
    at = np.divmod(pairs, words)
    uses = csr_array((np.ones(len(pairs), np.int32), at), shape=(int(rows[-1]) + 1, words))
    found = (uses @ lists).toarray()
    spoken = (found >= _WORDS) & (found >= _SHARE * uses.sum(axis=1)[:, None])
    languages = np.flatnonzero(spoken.any(axis=0))
    if not len(languages):
        return languages
    # How many chains use a word, and how many of these are in each language.
    inside = (uses.T @ csr_array(spoken[:, languages].astype(np.int32))).toarray()
    on_list = lists[:, languages].toarray() > 0
    varied = (on_list & (inside > 0)).sum(axis=0) >= _VARIETY
    most = inside >= _MOST * np.maximum(uses.sum(axis=0), 1)[:, None]
    return np.flatnonzero((most & on_list)[:, varied].any(axis=1))
