"""The words that set clusters apart."""

from threadloom.cluster.words import READ_CHARACTERS, WordCounts, count_words


def test_words_of_a_text():
    text = (
        "Don't LOOK: the Reddit's dogs, naïve café! we’ll they've 42 km http://a.example/telescope"
    )
    assert list(count_words(text)) == ["look", "reddit", "dogs", "naïve", "café"]


def test_uses_are_counted_over_all_forms():
    assert count_words("Dog dog's DOG dog’s") == {"dog": 4}


def test_leftovers_of_contractions_and_markup_are_no_words():
    assert not count_words("don t don't doesn't ve ll isnt can't you're &amp; &nbsp; &gt; I'm it's")


def test_only_the_start_of_a_long_text_counts():
    assert count_words("x" * 10 + " " * READ_CHARACTERS + "telescope") == {"x" * 10: 1}


def test_planted_words_win():
    counts = WordCounts()
    for i in range(30):
        counts.add(0, f"people bread bread flour {'oven' if i % 2 else 'yeast'}")
        counts.add(1, "people bicycle pedal")
        counts.add(-1, "people and other people")
    top = counts.top(number=3)
    # Equal weights come by alphabet; "people" is everywhere, so words of the cluster come first.
    assert top[0] == ["bread", "flour", "oven"]
    assert top[1] == ["bicycle", "pedal", "people"]
    assert len(counts.top(number=10)[0]) == 5


def test_formula():
    # tf * log(1 + A / f) with A = (6 + 12) / 2 = 9: "rare" 3 log(1 + 9/3), "wide" 3 log(1 + 9/15).
    counts = WordCounts()
    for _ in range(3):
        counts.add(0, "wide rare")
        counts.add(1, "wide wide wide wide")
    assert counts.top()[0] == ["rare", "wide"]
    # With 5 uses a chain "wide" outweighs it: 15 log(1 + A/27) > 3 log(1 + A/3), A = 15.
    counts = WordCounts()
    for _ in range(3):
        counts.add(0, "wide wide wide wide wide rare")
        counts.add(1, "wide wide wide wide")
    assert counts.top()[0] == ["wide", "rare"]


def test_a_word_of_few_chains_is_left_out():
    counts = WordCounts()
    for i in range(200):
        # "zebra" often, but in three chains of 200; "tiger" once each in four, 2 %.
        extra = "zebra " * 500 if i < 3 else "tiger" if i < 7 else ""
        counts.add(0, f"bread {extra}")
    assert counts.top()[0] == ["bread", "tiger"]


def test_order_of_texts_does_not_matter():
    texts = [(0, "alpha beta gamma"), (0, "gamma alpha beta"), (0, "beta gamma alpha")]
    forwards, backwards = WordCounts(), WordCounts()
    for label, text in texts:
        forwards.add(label, text)
    for label, text in reversed(texts):
        backwards.add(label, text)
    assert forwards.top() == backwards.top() == {0: ["alpha", "beta", "gamma"]}
