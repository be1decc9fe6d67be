"""The words of a chain, without quotes, signatures, mail headers and encoded files.

Nothing here knows a subject or a corpus. Only the form of a text decides, such as a line that ends
in "wrote:". The lists have plain English words, and words that mail and Reddit use. Words that are
frequent but about nothing are found later, because all clusters use them
(`threadloom.cluster.topics.names`).
"""

import functools
import html
import re
import unicodedata
from collections.abc import Iterator
from itertools import chain

# The model saw the first 256 tokens, roughly 1,000 characters. Later words say little about it, and
# a few texts of 100,000 characters would take more time than all the others.
READ_CHARACTERS = 5_000
# A longer word is part of an encoded file.
_LONGEST = 30
# Lines of a signature, after its "--".
_SIGNATURE_LINES = 6

_SEPARATOR = re.compile(r"--\s?$")
# "> ", "JD> ", "| ".
_QUOTE = re.compile(r"\s*(?:\w{0,4}>|&gt;|[|:}<] )")
_SPEAKS = re.compile(r"[^\W_]")
_ATTRIBUTION = re.compile(
    r"\s*in (?:a |an )?(?:previous |prior |earlier )?article\b.*[<@]"
    r"|.{0,200}\b(?:writes|wrote|says|said|asks|asked|schrieb|écrit|escribió)\s*(?::|\.\.\.)\s*$"
    r"|.{0,100}\bwrites in article\b",
    re.IGNORECASE,
)
_HEADER = re.compile(
    r"(?:from|to|cc|subject|date|organi[sz]ation|lines|sender|path|newsgroups|distribution"
    r"|references|(?:x|nntp|archive|content|followup|in-reply|last|message|mime|reply)-[\w-]+): ",
    re.IGNORECASE,
)
# A line this long or longer is a paragraph, and no signature even if it has an address.
_SHORT_LINE = 100

# Between blanks: an address, a name on Reddit, a stand-in such as <email>, [deleted] or [NAME], a
# signature glued to its dashes.
_NO_WORD = re.compile(r"https?:|www\.|.*@|\W*u/|\W*<\w+>\W*$|\W*\[\w+\]\W*$|--+\w")
_JOINT = re.compile(r"[-/–—]+|\.\.+|…")
_OUTER = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~‘’“”„«»‹›–—…¡¿、。・「」"
_END = frozenset(".,;:!?)…。")
_CACHED = 200_000
# One syllable of one vowel and one consonant after it.
_DOUBLES = re.compile(r"[^aeiouy]*[aeiouy][^aeiouywx]$")
_AFTER_APOSTROPHE = frozenset(("s", "t", "d", "m", "ll", "ve", "re"))
# Words that scikit-learn's list of stop words lacks: contractions as people type them, fillers.
_MORE_STOP_WORDS = (
    "aint arent cant couldnt couldve didn didnt doesn doesnt don dont hadnt hasnt havent hes "
    "heres isn isnt ive lets mustnt shes shouldnt shouldve thats theres theyd theyll theyre "
    "theyve wasnt werent whats whos wont wouldnt wouldve youd youll youre youve gonna wanna "
    "gotta did does doing going just know like lot make really said say says sure thing things "
    "think want way yes "
    # About the conversation itself, in mail and on Reddit.
    "afaik aka asap btw faq fyi gif iirc imao imho imo irc jpg lmao lmfao lol omg png rofl tldr "
    "wtf thx pls plz deleted removed edit edited downvote downvoted downvotes upvote upvoted "
    "upvotes email mail wrote writes regards"
)


@functools.cache
def stop_words() -> frozenset[str]:
    """Return English words that say nothing about a subject: scikit-learn's list and a few more."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    return ENGLISH_STOP_WORDS | frozenset(_MORE_STOP_WORDS.split())


def split_words(text: str) -> list[str]:
    """Return the words of a text that may be about a subject, in order, with "" for all others.

    A word is in lower case, has at least three letters, and is not a stop word. A contraction
    counts as the word in it ("reddit's" as "reddit"), and one with "not" ("don't") as "". There is
    also a "" at the end of a clause, so that only words that belong together are neighbours.
    """
    chunks = " ".join(own_lines(text[:READ_CHARACTERS])).lower().split()
    return list(chain.from_iterable(map(_WORDS.__getitem__, chunks)))


def own_lines(text: str) -> Iterator[str]:
    """Yield the lines of a text without mail headers, "... wrote:" and signatures.

    A signature is the part below "--", a short line with an address, or a line of one word.
    """
    if "&" in text:
        text = html.unescape(text)
    lines = text.split("\n")
    signature = 0
    for line in lines:
        if line.startswith("--") and _SEPARATOR.match(line):
            signature = _SIGNATURE_LINES
        elif signature:
            starts = signature == _SIGNATURE_LINES
            signature = signature - 1 if starts or line.strip() else 0
        elif len(lines) == 1 or not _is_boilerplate(line):
            yield line


def _is_boilerplate(line: str) -> bool:
    """Return whether a line among others only says who wrote something."""
    if len(line) < _SHORT_LINE and ("@" in line or "<email>" in line or len(line.split()) < 2):
        return True
    return bool((":" in line or "..." in line or "rticle" in line) and _says_who(line))


def _says_who(line: str) -> bool:
    """Return whether a line is a mail header or the line above a quote."""
    return bool(_HEADER.match(line) or _ATTRIBUTION.match(line))


def skip_quotes(text: str) -> str:
    """Return a text from the first line by its own writer; the whole text if there is none."""
    rest = text
    while rest:
        line, _, after = rest.partition("\n")
        if _SPEAKS.search(line) and not (_QUOTE.match(line) or _says_who(line)):
            return rest
        rest = after
    return text


class _Words(dict[str, tuple[str, ...]]):
    """The words of a text between two blanks, in lower case; "" for a part that is no word.

    This is a mapping, because a look-up costs less than the call of a cached function.
    """

    def __missing__(self, chunk: str) -> tuple[str, ...]:
        """Find the words, and remember them."""
        if len(self) >= _CACHED:
            self.clear()
        core = chunk.strip(_OUTER)
        words = ("",)
        if core and not _NO_WORD.match(chunk):
            words = tuple(_subject(part) for part in _JOINT.split(core))
            if chunk[-1] in _END:
                words += ("",)
        self[chunk] = words
        return words


_WORDS = _Words()


def _subject(form: str) -> str:
    """Return the word that a lower-case form in a text counts as; "" for none."""
    word = form.replace("’", "'")
    stem, apostrophe, end = word.rpartition("'")
    if apostrophe and end in _AFTER_APOSTROPHE:
        word = "" if end == "t" else stem
    letters = word.replace("'", "")
    if not 3 <= len(letters) <= _LONGEST or word in stop_words():
        return ""
    if letters.isalpha():
        return word
    return word if all(unicodedata.category(c)[0] in "LM" for c in letters) else ""


def base_forms(word: str) -> list[str]:
    """Return what an English word may be an inflection of, as "games" and "gaming" are of "game".

    It looks at the spelling only, so most results are not words. The caller takes one that occurs.
    """
    found = []
    if word.endswith("s") and not word.endswith(("ss", "us", "is", "news")):
        found.append(word[:-1])
        if word.endswith("ies"):
            found.append(word[:-3] + "y")
        elif word.endswith(("ses", "xes", "zes", "ches", "shes", "oes")):
            found.append(word[:-2])
    for ending in ("ing", "ed"):
        if word.endswith(ending):
            stem = word.removesuffix(ending)
            found.append(stem + "e")
            # "caring" comes from "care", because that of "car" would double its last letter.
            if not _DOUBLES.match(stem):
                found.append(stem)
            if stem[-2:-1] == stem[-1:]:
                found.append(stem[:-1])
    if word.endswith("ied"):
        found.append(word[:-3] + "y")
    return [base for base in found if len(base) >= 3]
