"""The model reads the first 256 tokens of a long text, as if nothing had been cut before."""

import random

import pytest
from tokenizers import Tokenizer

from threadloom.export.source import packaged
from threadloom.worker import model

LONGEST = 256
LONG = 70_000  # characters; more than are tokenised at first
WORDS = " the dog went home"
FILL = {
    "blanks": " ",
    "lines": "\n",
    "control characters": "\x01",
    "combining marks": "\u0301",
    "zero-width spaces": "\u200b",
    "wide blanks": "\u3000",
    "replacement characters": "\ufffd",
    "one endless word": "a",
    "one endless word of marks": "e\u0301",
}


@pytest.fixture(scope="module")
def oracle():
    """Return the ids and `truncated` of a text that nobody cuts before it is tokenised."""
    tokenizer = Tokenizer.from_file(str(packaged() / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()

    def whole(text: str) -> tuple[list[int], bool]:
        ids = tokenizer.encode(text).ids
        over = len(ids) > LONGEST
        return ([*ids[: LONGEST - 1], ids[-1]] if over else ids), over

    return whole


def check(encoder, oracle, texts: list[str]) -> None:
    got = encoder.tokenise([text.encode() for text in texts])
    for text, ids, truncated in zip(texts, got.ids, got.truncated, strict=True):
        assert (ids, truncated) == oracle(text), f"{text[:20]!r}, {len(text)} characters"


@pytest.mark.parametrize("name", FILL)
def test_what_gives_no_tokens_hides_nothing(encoder, oracle, name):
    fill = FILL[name]
    check(encoder, oracle, [
        LONG * fill + WORDS,
        "ten letters" + LONG * fill + WORDS,
        LONG * fill,
        4 * LONG * fill + 300 * WORDS,
        LONG * fill + 10 * WORDS + LONG * fill + WORDS,
    ])  # fmt: skip


def test_the_place_of_the_cut_does_not_show(encoder, oracle):
    at = model.FIRST_CHARACTERS
    for tokens in (125, 250, 253, 254, 255, 300, 400):
        head = "dog " * tokens
        fill = " " * (at - len(head) - 60)
        # The cut goes through a word of 60 letters, which makes one token or many.
        check(encoder, oracle, [head + fill + 150 * "z" + " home", head + fill + 90 * "qx" + WORDS])
        check(encoder, oracle, [head + fill + 60 * " ", head + fill + 60 * " " + "dog"])


def test_texts_at_random(encoder, oracle):
    rng = random.Random(5)
    pieces = [*FILL.values(), "漢", "😂", "[MASK]", "naïve ", "word ", "qxz", "! "]

    def text() -> str:
        runs = (rng.choice(pieces) * rng.choice((1, 3, 60, 20_000, 66_000)) for _ in range(5))
        return "".join(runs)[: 1 << 18]

    check(encoder, oracle, [text() for _ in range(20)])


def test_of_a_text_of_many_megabytes_a_megabyte_is_read(encoder):
    got = encoder.tokenise([b" " * model.MAX_TEXT_BYTES + b"word", b"word" + b" " * (4 << 20)])
    assert [len(ids) for ids in got.ids] == [2, 3]
    assert got.truncated.all()


def test_no_texts_are_no_tokens(encoder):
    assert encoder.tokenise([]).ids == []
