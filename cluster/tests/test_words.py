"""What a chain says, word by word."""

import pytest

from threadloom.cluster.topics.words import READ_CHARACTERS, base_forms, skip_quotes, split_words


def found(text: str) -> list[str]:
    return [word for word in split_words(text) if word]


def test_words_of_a_text():
    text = (
        "Don't LOOK: the Reddit's dogs, naïve café! we’ll they've 42 km http://a.example/telescope"
    )
    assert found(text) == ["look", "reddit", "dogs", "naïve", "café"]


def test_leftovers_of_contractions_and_markup_are_no_words():
    assert not found("don t don't doesn't ve ll isnt can't you're &amp; &nbsp; &gt; I'm it's")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a hard/soft drive-bay word...word", ["hard", "soft", "drive", "bay", "word", "word"]),
        ('**bold** (brackets) "quoted" _under_', ["bold", "brackets", "quoted"]),
        ("телескоп 望遠鏡 हिन्दी ñandú", ["телескоп", "望遠鏡", "हिन्दी", "ñandú"]),
        ("x86 3D 1993 mp3 v2.0", []),
        ("half a pair \ud800 orbit\udfff comet", ["half", "pair", "comet"]),
        ("", []),
        (" \n\n\t\x00 ", []),
    ],
)
def test_letters_of_any_script_and_no_digits(text, words):
    assert found(text) == words


@pytest.mark.parametrize(
    "text",
    [
        "[deleted]",
        "[removed]",
        "TL;DR lol lmao imho EDIT: upvoted",
        "u/somebody /u/somebody <email> [NAME] somebody@host.example",
        "www.telescope.example HTTPS://telescope.example/orbit",
        "M>'AX>'AX>'AX>'AX>'AX>'AX>'AX>'AX>'AX>'AX>'AX>'AX>'AX>'AX>'AX>'AX",
        "aGVsbG9ibGFibGFibGFibGFibGFibGFibGFibGFibGFibGFibGFibGFibGFibGE",
        "From: Comet Halley\nSubject: Re: orbit\nNntp-Posting-Host: comet\nLines: 12\n",
        "In article <1993Apr5@host.example> comet@orbit.example (Comet Halley) writes:\n",
        "On 5 Apr 1993, Comet Halley wrote:\n",
        "\n--\nComet Halley, Orbit University\nTelescope Road 5\n",
        "\n-- \n\nComet Halley\n",
        "\nComet Halley  <email>  Orbit University\n",
        "\nHalley\n",
    ],
)
def test_boilerplate_is_no_word(text):
    assert not found(text)


def test_what_follows_a_signature_counts():
    text = "first comet\n--\nHalley, Orbit University\n\nsecond comet"
    assert found(text) == ["comet", "second", "comet"]
    assert found("a comet\n--\n" + "name here\n" * 6 + "telescope mirror")[-1] == "mirror"


def test_a_text_of_one_word_counts():
    assert found("Amazing!") == ["amazing"]


def test_a_paragraph_with_an_address_counts():
    assert "telescope" in found(f"First line.\nThe telescope {'is for sale and ' * 8} <email>\n")


def test_only_neighbours_within_a_clause_are_side_by_side():
    assert split_words("hard drive, scsi") == ["hard", "drive", "", "scsi"]
    assert split_words("a hard\ndrive here")[1:3] == ["hard", "drive"]
    assert split_words("drive of war") == ["drive", "", "war"]


def test_only_the_start_of_a_long_text_counts():
    assert found("orbit " + " " * READ_CHARACTERS + "telescope") == ["orbit"]
    assert len(split_words("orbit " * 20_000)) < READ_CHARACTERS


@pytest.mark.parametrize(
    ("word", "base"),
    [
        ("games", "game"),
        ("gaming", "game"),
        ("churches", "church"),
        ("batteries", "battery"),
        ("running", "run"),
        ("rated", "rate"),
        ("walked", "walk"),
        ("carried", "carry"),
    ],
)
def test_inflections_have_their_base_among_what_they_may_be_of(word, base):
    assert base in base_forms(word)


@pytest.mark.parametrize(
    ("word", "other"),
    [
        ("caring", "car"),
        ("planes", "plan"),
        ("rating", "rat"),
        ("news", "new"),
        ("class", "clas"),
        ("virus", "viru"),
        ("being", "be"),
    ],
)
def test_a_word_that_only_looks_alike_is_none_of_them(word, other):
    assert other not in base_forms(word)


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("Own words\n> quote", "Own words\n> quote"),
        ("> quote\n>> older\n\nOwn words", "Own words"),
        ("&gt; quote\n\nOwn words", "Own words"),
        ("JD> quote\nOwn words", "Own words"),
        ("In article <1@a.example> John Doe writes:\n> quote\nOwn words", "Own words"),
        ("John Doe <email> wrote:\nOwn words", "Own words"),
        ("Subject: orbit\nDate: 5 Apr\n-----\n\nOwn words", "Own words"),
        ("He wrote about it: a lot", "He wrote about it: a lot"),
        ("> only a quote", "> only a quote"),
        ("😂", "😂"),
        ("", ""),
    ],
)
def test_a_text_starts_with_its_writers_own_words(text, rest):
    assert skip_quotes(text) == rest
