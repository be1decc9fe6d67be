"""The words, the name and the coherence of each cluster."""

import itertools
import random
from dataclasses import dataclass

import numpy as np
import pytest

from threadloom.cluster.topics import names, vocabulary
from threadloom.cluster.topics.vocabulary import ClusterTexts, families

TOPICS = (
    "bread flour oven yeast dough crust",
    "bicycle pedal saddle helmet spokes brakes",
    "telescope planet orbit galaxy comet mirror",
)
FILLERS = "people time good maybe today again better work"


@dataclass(frozen=True)
class Described:
    """A cluster's words, the name that they give, and their coherence."""

    words: list[str]
    name: str
    coherence: float | None


def describe(labels, texts) -> dict[int, Described]:
    read = ClusterTexts()
    for label, text in zip(labels, texts, strict=True):
        read.add(label, text)
    return described(read)


def described(read: ClusterTexts) -> dict[int, Described]:
    clusters = {label: read.chains([label]) for label in read.cells()}
    found = names.describe(clusters, read.words(), read.families(), 10)
    orders = {label: names.by_weight(d.candidates) for label, d in found.items()}
    name = names.unique_names(orders, {})
    return {
        label: Described([c.text for c in d.candidates], name[label], d.coherence)
        for label, d in found.items()
    }


def corpus(rows: int = 150, seed: int = 3) -> tuple[list[int], list[str]]:
    """Return invented texts, each of three of its topic's words and two that all topics use."""
    chance = random.Random(seed)
    labels = [i % len(TOPICS) for i in range(rows)]
    texts = [
        ", ".join(chance.sample(TOPICS[t].split(), 3) + chance.sample(FILLERS.split(), 2)) + f" {i}"
        for i, t in enumerate(labels)
    ]
    return labels, texts


def test_planted_words_win_and_words_of_all_clusters_say_nothing():
    found = describe(*corpus(600))
    for label, topic in enumerate(TOPICS):
        words = {word for entry in found[label].words for word in entry.split()}
        assert words == set(topic.split())


def test_words_are_ranked_by_share_and_rarity():
    # p log(p / q): "wide" 1 log(1 / 0.75), as often as 2 to 1; "rare" 0.5 log(0.5 / 0.25).
    texts = [f"wide, {'rare' if i % 2 else ''} {i}" for i in range(20)]
    others = [f"other, {'wide' if i % 2 else ''} {i}" for i in range(20)]
    found = describe([0] * 20 + [1] * 20, texts + others)
    assert 0.5 * np.log(2) > np.log(1 / 0.75)
    assert found[0].words == ["rare", "wide"]


def test_noise_is_background():
    labels = [0] * 20 + [-1] * 20
    texts = [f"bread, people {i}" for i in range(20)] + [f"people {i}" for i in range(20)]
    assert describe(labels, texts) == {0: Described(["bread"], "bread", None)}


def test_a_word_of_few_chains_is_left_out():
    texts = []
    for i in range(200):
        # "zebra" often, but in three chains of 200; "tiger" once each in four, 2 %.
        extra = "zebra " * 500 if i < 3 else "tiger" if i < 7 else ""
        texts.append(f"bread {i}, {extra}")
    assert describe([0] * 200, texts)[0].words == ["bread", "tiger"]


def test_copies_of_a_chain_count_once():
    texts = ["spam offer"] * 50 + [f"bread {i}" for i in range(10)]
    assert describe([0] * 60, texts)[0].words == ["bread"]


@pytest.mark.parametrize("chains", [5_000, 20])
def test_the_order_of_the_rows_does_not_matter(monkeypatch, chains):
    monkeypatch.setattr(vocabulary, "CHAINS", chains)
    labels, texts = corpus()
    first = describe(labels, texts)
    for seed in range(3):
        order = random.Random(seed).sample(range(len(texts)), len(texts))
        assert describe([labels[i] for i in order], [texts[i] for i in order]) == first


def test_no_more_chains_are_kept_than_the_limit(monkeypatch):
    monkeypatch.setattr(vocabulary, "CHAINS", 20)
    labels, texts = corpus(600)
    read = ClusterTexts()
    for label, text in zip(labels, texts, strict=True):
        read.add(label, text)
    assert [read.chains([label]).size for label in read.cells()] == [20, 20, 20]
    planted = {word for entry in described(read)[1].words for word in entry.split()}
    assert len(planted & set(TOPICS[1].split())) >= 5


def test_inflections_take_one_place_under_their_most_frequent_form():
    forms = ["game"] * 4 + ["games"] * 8 + ["gaming"] * 3
    texts = [f"{form}, {i}" for i, form in enumerate(forms)]
    assert describe([0] * len(texts), texts)[0].words == ["games"]


def test_families():
    forms = ["", "game", "games", "gaming", "plane", "plan", "planes", "rate", "rates"]
    chains = np.array([0, 4, 8, 3, 5, 9, 5, 2, 7])
    shown = [forms[i] for i in families(forms, chains)]
    # "rate" is in too few chains. "plane" and "planes" are as frequent, so the alphabet decides.
    assert shown == [
        *("", "games", "games", "games", "plane", "plan", "plane", "rate", "rates"),
    ]


def test_two_words_that_stand_side_by_side_are_a_phrase():
    texts = [f"the {'stanley cup' if i % 4 else 'cup'}, final {i}" for i in range(20)]
    other = [f"tea and coffee {i}" for i in range(20)]
    found = describe([0] * 20 + [1] * 20, texts + other)
    assert "stanley cup" in found[0].words
    assert not {"stanley", "cup"} & set(found[0].words)
    assert found[1].words == ["coffee", "tea"]


def test_names_are_unique_safe_and_never_empty():
    texts = [
        *(f"bread, flour {i}" for i in range(10)),
        *(f"flour, bread {i}" for i in range(10)),
        *(f"bread, flour, {'salt' if i % 2 else ''} {i}" for i in range(10)),
        *["", " "] * 5,
        *(f"{i} \ud800 | <b>" for i in range(30)),
    ]
    found = describe([i // 10 for i in range(len(texts))], texts)
    assert [d.name for d in found.values()] == [
        *("bread, flour", "bread, flour (1)", "salt, bread, flour"),
        *("cluster 3", "cluster 4", "cluster 5", "cluster 6"),
    ]


def test_the_same_words_in_another_order_are_the_same_name():
    one = [f"{'god,' if i % 10 else ''} {'jesus,' if i % 5 else ''} church, {i}" for i in range(20)]
    two = [f"{'god,' if i % 5 else ''} {'jesus,' if i % 10 else ''} church, {i}" for i in range(20)]
    three = [f"bread, {i}" for i in range(60)]
    found = describe([0] * 20 + [1] * 20 + [2 + i % 3 for i in range(60)], one + two + three)
    assert set(found[0].words) == set(found[1].words)
    assert found[1].name.endswith("(1)")


def test_a_name_prefers_words_that_no_other_cluster_has_more_of():
    hockey = [f"team, game, {i}" for i in range(20)]
    cricket = [
        f"{'team, game,' if i % 5 else ''} {'' if i % 3 else 'wicket'} {i}" for i in range(20)
    ]
    other = [f"bread, {i}" for i in range(60)]
    labels = [0] * 20 + [1] * 20 + [2 + i % 3 for i in range(60)]
    found = describe(labels, hockey + cricket + other)
    assert found[1].words == ["game", "team", "wicket"]
    assert found[1].name == "wicket, game, team"
    assert found[0].name == "game, team"


def test_a_name_does_not_say_one_thing_twice():
    texts = [f"israel, israeli, peace {i}" for i in range(20)]
    assert describe([0] * 20, texts)[0].name == "israel, peace"


def test_coherence_is_the_mean_npmi():
    # Each of the words is in half of the chains, each pair in a quarter: independent, NPMI 0.
    pairs = itertools.product(("bread, ", ""), ("comet, ", ""), range(5))
    assert describe([0] * 20, [f"{a}{b}{i}" for a, b, i in pairs])[0].coherence == 0
    # Always together, in half of the chains: 1. Never together: -1.
    both = [f"bread, comet {i}" for i in range(10)] + [f"{i}" for i in range(10)]
    assert describe([0] * 20, both)[0].coherence == 1
    never = [f"{'bread' if i % 2 else 'comet'} {i}" for i in range(20)]
    assert describe([0] * 20, never)[0].coherence == -1


def test_real_groups_cohere_more_than_shuffled_ones():
    labels, texts = corpus(600)
    real = [d.coherence for d in describe(labels, texts).values()]
    small = [i % 20 for i in random.Random(5).sample(range(600), 600)]
    wrong = [d.coherence for d in describe(small, texts).values() if d.coherence is not None]
    assert len(wrong) > 10
    assert min(real) > np.mean(wrong) + 0.1


def test_any_text_can_be_read():
    texts = ["", "\ud800", "orbit " * 20_000, "x" * 100_000, "\x00", "телескоп орбита", "望遠鏡"]
    found = describe([0] * 21, texts * 3)
    # Each text counts once, so no word is in three different chains.
    assert found == {0: Described([], "cluster 0", None)}


def test_no_texts_are_no_clusters():
    assert described(ClusterTexts()) == {}
    assert describe([-1, -1], ["bread", "flour"]) == {}


def test_letters_of_other_scripts_make_names():
    texts = [f"телескоп, орбита {i}" for i in range(5)]
    assert describe([0] * 5, texts)[0].name == "орбита, телескоп"
