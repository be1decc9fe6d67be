"""The words that set each cluster apart, by class-based TF-IDF.

The formula is BERTopic's (Grootendorst 2022, arXiv:2203.05794, section 3.3): all texts of a cluster
count as one document, and a word's weight in cluster c is

    tf(c) * log(1 + A / f)

with tf(c) its number of uses in c, f its number of uses anywhere, and A the average number of words
in a cluster. Noise counts as one more cluster, as it does there: it shows which words are common.
"""

import functools
import math
import re
from collections import Counter, defaultdict

# The model saw the first 256 tokens, roughly 1,000 characters. A text's later words tell little,
# and a few texts of 100,000 characters, often encoded files, would outweigh all the others.
READ_CHARACTERS = 10_000
# A word that fewer chains of a cluster use is one writer's habit, a name or a misspelling.
LEAST_CHAINS = 3
LEAST_SHARE = 0.02

_NO_PROSE = re.compile(r"(?:https?://|www\.)\S+|&#?\w+;")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_AFTER_APOSTROPHE = frozenset(("s", "t", "d", "m", "ll", "ve", "re"))
# What scikit-learn's list of stop words lacks: contractions as they are often typed, fillers.
_MORE_STOP_WORDS = (
    "aint arent cant couldnt couldve didn didnt doesn doesnt don dont hadnt hasnt havent hes "
    "heres isn isnt ive lets mustnt shes shouldnt shouldve thats theres theyd theyll theyre "
    "theyve wasnt werent whats whos wont wouldnt wouldve youd youll youre youve gonna wanna "
    "gotta did does doing going just know like lot make really said say says sure thing things "
    "think want way yes"
)


@functools.cache
def stop_words() -> frozenset[str]:
    """Return English words that say nothing about a subject: scikit-learn's list and a few more."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    return ENGLISH_STOP_WORDS | frozenset(_MORE_STOP_WORDS.split())


def count_words(text: str) -> Counter[str]:
    """Count the words of a text that may be about a subject.

    Lower case, three letters or more, no stop words, no addresses of web pages. A contraction
    counts as the word before it ("reddit's" as "reddit"), one with "not" ("don't") as nothing.
    """
    counts: Counter[str] = Counter()
    found = Counter(_WORD.findall(_NO_PROSE.sub(" ", text[:READ_CHARACTERS].lower())))
    for form, uses in found.items():
        if word := _subject(form):
            counts[word] += uses
    return counts


@functools.lru_cache(maxsize=100_000)
def _subject(form: str) -> str:
    """Return the word that a lower-case form in a text counts as; "" for none."""
    word = form.replace("’", "'")
    stem, apostrophe, end = word.rpartition("'")
    if apostrophe and end in _AFTER_APOSTROPHE:
        word = "" if end == "t" else stem
    return word if len(word) >= 3 and word not in stop_words() else ""


class WordCounts:
    """The word counts of every cluster; its memory grows with the vocabulary, not the texts."""

    def __init__(self) -> None:
        """Start with no texts."""
        self._uses: dict[int, Counter[str]] = defaultdict(Counter)
        self._chains: dict[int, Counter[str]] = defaultdict(Counter)
        self._texts: Counter[int] = Counter()

    def add(self, label: int, text: str) -> None:
        """Count the words of one chain with this label."""
        counts = count_words(text)
        self._texts[label] += 1
        self._uses[label].update(counts)
        self._chains[label].update(counts.keys())

    def top(self, number: int = 10) -> dict[int, list[str]]:
        """Return the `number` heaviest words of each label, equal weights by alphabet.

        A word must be in at least max(3, 2 %) of the label's chains; so a label may have fewer.
        """
        everywhere: Counter[str] = Counter()
        for uses in self._uses.values():
            everywhere.update(uses)
        average = everywhere.total() / max(1, len(self._uses))
        result = {}
        for label, uses in self._uses.items():
            least = max(LEAST_CHAINS, math.ceil(LEAST_SHARE * self._texts[label]))
            weights = {
                word: uses[word] * math.log1p(average / everywhere[word])
                for word, chains in self._chains[label].items()
                if chains >= least
            }
            heaviest = sorted(weights, key=lambda word: (-weights[word], word))
            result[label] = heaviest[:number]
        return result
