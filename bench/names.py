"""Write a list of clusters with their old and new names, to be read blind, and count the answers.

    python bench/names.py write FOLDER [--suffixes newsgroups reddit] [--clusters 20] [--seed 0]
    python bench/names.py count FOLDER ANSWERS

`write` clusters the corpora's vectors (embed them first: `make bench-clusters` does), names the
clusters of all levels by both rules, and draws clusters evenly from the levels. For each cluster,
`list.md` has the name of the cluster around it, which a reader always sees as well, the beginnings
of its ten most typical chains, and two names, A and B, in random order.
`key.json` says which is which: do not look before you have judged. The old rule takes a cluster's
heaviest words. The new one is the product's (`cluster/topics/tree.py`), which needs the vectors of
words.

ANSWERS has a line for each cluster: its number and A, B or = (equal). `count` says how often the
new name was better.
"""

import argparse
import json
import random
from pathlib import Path

import numpy as np
import product
from clusters import SEED, read_files

from threadloom.cluster.files import sources as reading
from threadloom.cluster.files.left_out import Findings
from threadloom.cluster.files.sources import Opened
from threadloom.cluster.files.texts import read_texts
from threadloom.cluster.methods.fit import cluster_vectors
from threadloom.cluster.topics import names, typical, word_vectors
from threadloom.cluster.topics.tree import Cells, describe_levels
from threadloom.cluster.topics.vocabulary import ClusterTexts

_SHOWN = 10  # chains of a cluster
_OLD_WORDS = 10  # from which the old rule took the words of a name


def main() -> None:
    """Write a list, or count the answers to one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["write", "count"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("answers", type=Path, nargs="?")
    parser.add_argument("--suffixes", nargs="+", default=["newsgroups", "reddit"])
    parser.add_argument("--clusters", type=int, default=20, help="of each corpus")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    if given.what == "count":
        print(count(given.folder, given.answers.read_text()))
        return
    corpus = product.corpus(*given.suffixes)
    product.build()
    chance = random.Random(given.seed)
    drawn = []
    for suffix in given.suffixes:
        files, vectors = read_files(corpus, suffix)
        found = cluster_vectors(vectors, SEED).clustering
        labels = [level.labels for level in found.levels]
        parents = [level.parents for level in found.levels]
        drawn += draw(suffix, files, vectors, labels, parents, given.clusters, chance)
    write(given.folder, drawn, chance)


def draw(
    suffix: str,
    files: list[Opened],
    vectors: np.ndarray,
    labels: list[np.ndarray],
    parents: list[np.ndarray],
    number: int,
    chance: random.Random,
) -> list[dict]:
    """Return clusters of a corpus, as many of each level as of the next, with both names.

    labels, parents: of each level, coarsest first, see `clustering.Level`.
    """
    cells = Cells.of(labels)
    texts, rows = ClusterTexts(len(vectors), cells.count), []
    for row, text in enumerate(read_texts(files, Findings())):
        texts.add(int(cells.of_rows[row]), text)
        rows.append(text)
    embedder = json.dumps(
        {
            "command": [str(product.BUILT), "embed-texts"],
            "model": {
                "Folder": str(product.MODEL),
                "NativeDir": str(product.MODEL.parents[1] / "lib"),
            },
        }
    )
    (model, *_) = reading.models(files)

    def embed(words: list[str]) -> np.ndarray:
        found = word_vectors.embed(words, embedder, model)
        if found is None:
            raise ValueError("no vectors of words: the log says why")
        return found

    new = describe_levels(texts, cells, parents, cells.sums(vectors), embed)
    old = [by_old_rule(texts, cells, level) for level in range(len(labels))]
    drawn = []
    for i in range(number):
        level = i % len(labels)
        used = {d["label"] for d in drawn if d["level"] == level}
        label = chance.choice([n for n in range(len(new[level])) if n not in used])
        mine = labels[level]
        # Only one cluster's candidates are wanted, so all others are noise.
        only = np.where(mine == label, 0, -1)
        (best,) = typical.candidates(vectors, only, 1, (only == 0).astype(np.float32))
        shown = [text for _, text in typical.pick(best, {r: rows[r] for r in best}, _SHOWN)]
        drawn.append(
            {
                **{
                    "corpus": suffix,
                    "level": level,
                    "label": label,
                    "size": int((only == 0).sum()),
                },
                **{"old": old[level][label], "new": new[level][label].name, "chains": shown},
                "inside": new[level - 1][parents[level][label]].name if level else "",
            }
        )
    return drawn


def by_old_rule(texts: ClusterTexts, cells: Cells, level: int) -> dict[int, str]:
    """Return the names of a level's clusters by their heaviest words alone."""
    clusters = {label: texts.chains(c.tolist()) for label, c in cells.members(level).items()}
    found = names.describe(clusters, texts.words(), texts.families(), _OLD_WORDS)
    return names.unique_names({n: names.by_weight(d.candidates) for n, d in found.items()}, {})


def write(folder: Path, drawn: list[dict], chance: random.Random) -> None:
    """Write the list and its key."""
    chance.shuffle(drawn)
    lines, key = [], []
    for number, cluster in enumerate(drawn, 1):
        first = chance.choice(["old", "new"])
        second = "new" if first == "old" else "old"
        size = f"{cluster['size']:,} chains of {cluster['corpus']}"
        lines += [f"## {number}: {size}, level {cluster['level'] + 1}", ""]
        if cluster["inside"]:
            lines += [f"inside: {cluster['inside']}", ""]
        lines += [f"- {' '.join(text.split())[:160]}" for text in cluster["chains"]]
        lines += ["", f"A: {cluster[first]}", "", f"B: {cluster[second]}", ""]
        key.append({"A": first, "B": second} | {k: v for k, v in cluster.items() if k != "chains"})
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "list.md").write_text("\n".join(lines))
    (folder / "key.json").write_text(json.dumps(key, indent=1))


def count(folder: Path, answers: str) -> str:
    """Return a table of the clusters with both names and the answers, and the count."""
    key = json.loads((folder / "key.json").read_text())
    better = {"old": 0, "new": 0, "equal": 0}
    lines = ["| corpus, level | old | new | better |", "|---|---|---|---|"]
    for line in answers.split("\n"):
        if not line.strip():
            continue
        number, answer = line.split()[:2]
        cluster = key[int(number) - 1]
        judged = "equal" if answer == "=" else cluster[answer]
        better[judged] += 1
        cells = [
            f"{cluster['corpus']} {cluster['level'] + 1}",
            cluster["old"],
            cluster["new"],
            judged,
        ]
        lines.append(f"| {' | '.join(cells)} |")
    counted = ", ".join(f"{judged} {n}" for judged, n in better.items())
    return "\n".join([*lines, "", counted])


if __name__ == "__main__":
    main()
