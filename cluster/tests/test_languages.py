"""Stop words of the languages that chains are written in."""

import random

import pytest

from threadloom.cluster.topics import names
from threadloom.cluster.topics.vocabulary import ClusterTexts

SPANISH = (
    "¿Qué telescopio me recomiendan para ver los planetas desde la ciudad?",
    "Los anillos de Saturno se ven muy bien con este telescopio por la noche, pero no con el otro.",
    "No sé por qué la cámara del telescopio no enfoca cuando hay luna, ¿alguien sabe algo?",
    "Ayer vi los planetas con mi hermano y también una galaxia, aunque sin telescopio no es igual.",
    "Para una galaxia como esa necesitas que el cielo esté oscuro, y más si está sobre la ciudad.",
)
WAR = (
    "The war ended when a man in a red hat signed the treaty.",
    "My grandfather, a quiet man, never spoke of the war or its battles.",
    "Many soldiers die in the first battles of a war, says the man from the museum.",
    "He lost his hat in the battle, but the treaty saved the man.",
)
GERMAN = (
    "Der Ofen war nicht heiß genug, und das Brot war deshalb innen noch feucht.",
    "Ich habe das Brot mit einer Hefe gebacken, die man aber vorher wecken muss.",
    "Wenn der Teig zu lange steht, wird die Kruste nicht so, wie man sie haben will.",
    "Mein Vater hat den Teig schon immer über Nacht in den Ofen gestellt, auch wenn der aus war.",
)
COOKING = ("bread flour oven", "yeast dough bread", "oven crust dough", "flour crust yeast")


def described(**clusters: tuple[str, ...]) -> dict[str, list[str]]:
    """Return the words of clusters of some hundred chains each."""
    read = ClusterTexts()
    chance = random.Random(4)
    for label, sentences in enumerate(clusters.values()):
        for i in range(120):
            read.add(label, " ".join(chance.sample(sentences, 2)) + f" {i}")
    chains = {label: read.chains([label]) for label in read.cells()}
    found = names.describe(chains, read.words(), read.families(), 30)
    return {name: [c.text for c in found[label].candidates] for label, name in enumerate(clusters)}


def test_a_spanish_cluster_among_english_ones_is_about_its_topic():
    words = described(spanish=SPANISH, war=WAR, cooking=COOKING)["spanish"]
    every = {word for entry in words for word in entry.split()}
    assert {"telescopio", "planetas", "galaxia", "ciudad", "luna"} <= every
    assert not every & {"que", "qué", "por", "los", "para", "con", "una", "muy", "pero", "desde"}


def test_what_is_a_stop_word_elsewhere_is_a_word_in_english():
    words = described(war=WAR, cooking=COOKING, german=GERMAN)
    assert {"war", "man", "hat", "die"} <= {w for entry in words["war"] for w in entry.split()}
    german = {w for entry in words["german"] for w in entry.split()}
    assert "brot" in german and "teig" in german and "ofen" in german
    assert not german & {"war", "man", "hat", "die", "der", "das", "nicht", "aber", "wenn"}


@pytest.mark.parametrize("share", [0.1, 0.3])
def test_chains_of_another_language_in_an_english_cluster(share):
    chance = random.Random(5)
    read = ClusterTexts()
    for i in range(300):
        sentences = SPANISH if chance.random() < share else WAR
        read.add(0, " ".join(chance.sample(sentences, 2)) + f" {i}")
        read.add(1, " ".join(chance.sample(COOKING, 2)) + f" {i}")
    chains = {label: read.chains([label]) for label in read.cells()}
    found = names.describe(chains, read.words(), read.families(), 30)
    words = {w for c in found[0].candidates for w in c.text.split()}
    assert {"war", "man", "hat"} <= words
    assert not words & {"que", "qué", "por", "los", "para", "con", "una"}
