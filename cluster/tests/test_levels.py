"""The levels of the tree: they nest, they are numbered by size, and their strengths are votes."""

import json
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import polars
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from threadloom.cluster.assign import assign_files
from threadloom.cluster.clustering import (
    Found,
    numbers_within,
    parents_of,
    tree_of_groups,
)
from threadloom.cluster.methods import leiden, registry
from threadloom.cluster.methods.fit import Fitted, cluster_vectors
from threadloom.cluster.methods.model import load, save
from threadloom.cluster.settings import Settings
from threadloom.cluster.step import cluster_files

# Topics, and topics inside them, at three depths: 7 clusters of the method, 3 in each, 2 in those.
TREE = (7, 3, 2)
LEAVES = 42


def forest(rows: int = 900, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Return vectors float32[rows, 24] and the leaf of each, -1 for a row amid everything."""
    random = np.random.default_rng(seed)
    centres = np.zeros((1, 24))
    for width, spread in zip(TREE, (4.0, 1.2, 0.6), strict=True):
        steps = random.normal(size=(len(centres) * width, 24)) * spread
        centres = np.repeat(centres, width, axis=0) + steps
    # The leaves have different sizes, so that there is only one way to number them by size.
    chances = random.random(LEAVES) + 0.3
    leaves = random.choice(LEAVES, rows, p=chances / chances.sum())
    vectors = centres[leaves] + random.normal(size=(rows, 24)) * 0.1
    leaves[::29] = -1
    vectors[::29] = random.normal(size=(len(vectors[::29]), 24)) * 4
    # A crowd that is noise: all neighbours of its rows are noise, too.
    leaves[-80:-40] = -1
    vectors[-80:-40] = random.normal(size=24) * 4 + random.normal(size=(40, 24)) * 0.3
    vectors[-40:] = vectors[:40]  # copies
    leaves[-40:] = leaves[:40]
    return vectors.astype(np.float32), leaves


@pytest.fixture
def plant(monkeypatch):
    """Return a function that makes `hdbscan` a method that knows the leaves of some vectors."""

    def plant(vectors: np.ndarray, leaves: np.ndarray) -> None:
        known = {v.tobytes(): leaf for v, leaf in zip(vectors, leaves, strict=True)}

        def find(rows, seed, smallest):
            mine = np.array([known[v.tobytes()] for v in rows.vectors])
            noise = mine < 0
            # Numbers with holes in them, as a method may have.
            at = [np.where(noise, -1, 5 + 3 * (mine // width)) for width in (6, 2, 1)]
            probabilities = np.where(noise, 0, 0.5 + (mine % 5) / 10)
            return Found(at[0], probabilities, 1 - probabilities, finer=(at[1], at[2]))

        method = replace(registry.METHODS["hdbscan"], find=find, smallest=lambda _: 10)
        monkeypatch.setitem(registry.METHODS, "hdbscan", method)

    return plant


@pytest.fixture
def planted(plant):
    """Return a function that clusters vectors with the method that knows their leaves."""

    def cluster(vectors: np.ndarray, leaves: np.ndarray, sample: int = 0) -> Fitted:
        plant(vectors, leaves)
        return cluster_vectors(vectors, 1, "hdbscan", sample=sample)

    return cluster


def word(number: int) -> str:
    """Return a word for a number; a number itself is no word."""
    return chr(ord("a") + number // 26) + chr(ord("a") + number % 26)


@pytest.fixture
def clustered(plant, folder, tmp_path):
    """Cluster a planted forest from files; returns the summary and the source."""
    vectors, leaves = forest()
    plant(vectors, leaves)
    words = "bread flour oven bicycle pedal saddle telescope planet orbit guitar piano violin"
    texts = [
        f"{words.split()[leaf // 6]} of {word(leaf // 2)}branch, {word(leaf)}leaf {i}" if leaf >= 0
        else f"nothing {i}" for i, leaf in enumerate(leaves)
    ]  # fmt: skip
    model = {"model": "m", "model_sha256": "a", "precision": "fp32", "dimension": 24}
    source = folder.write("a.parquet", vectors, texts, model=model)
    settings = Settings(clusters_dir=str(tmp_path / "clusters"), method="hdbscan")
    return cluster_files([source], settings), source


def test_readers_agree_on_the_columns_of_the_levels(clustered):
    summary, _ = clustered
    path = summary["labels"]
    want = [
        f"{kind}_level_{level}"
        for level in range(1, 5)
        for kind in ("label", "strength", "nearest")
    ]
    table = pq.read_table(path)
    assert table.column_names[-12:] == want
    kinds = [pa.int32(), pa.float32(), pa.int32()] * 4
    assert [table.schema.field(name).type for name in want] == kinds
    assert table["label_level_2"].equals(table["label"])
    assert table["nearest_level_2"].equals(table["nearest_label"])
    rows = table.num_rows
    by_duckdb = duckdb.sql(f"select * from '{path}'").fetchnumpy()
    by_polars = polars.read_parquet(path)
    for name in want:
        values = table[name].to_numpy()
        assert len(values) == rows
        for read in (by_duckdb[name], by_polars[name].to_numpy()):
            assert read.dtype == values.dtype and (read == values).all(), name


def test_the_report_and_the_labels_tell_the_same_tree(clustered):
    summary, _ = clustered
    report = json.loads(Path(summary["report"]).read_text())
    assert (report["format"], report["method_level"], len(report["levels"])) == (3, 2, 4)
    assert [c["level"] for c in report["clusters"]] == [2] * 7
    method = report["levels"][1]["clusters"]
    assert [c | {"level": 2} for c in method] == [
        {"parent": m["parent"], "children": m["children"]} | c
        for c, m in zip(report["clusters"], method, strict=True)
    ]
    labels = f"'{summary['labels']}'"
    for level, found in enumerate(report["levels"], 1):
        assert found["level"] == level
        sizes = duckdb.sql(
            f"select label_level_{level} as label, count(*) from {labels} where label >= 0"
            " group by 1 order by 1"
        ).fetchall()
        assert [(c["label"], c["size"]) for c in found["clusters"]] == sizes
        assert sum(size for _, size in sizes) + report["noise_rows"] == report["rows"]
        assert len({c["name"] for c in found["clusters"]}) == len(found["clusters"])
        for cluster in found["clusters"]:
            assert cluster["name"] and cluster["words"] and cluster["typical"]
            assert cluster["share"] == round(cluster["size"] / report["rows"], 4)
        if level == 1:
            assert {c["parent"] for c in found["clusters"]} == {None}
            continue
        pairs = duckdb.sql(
            f"select distinct label_level_{level - 1}, label_level_{level} from {labels}"
            f" where label >= 0"
        ).fetchall()
        assert {(c["parent"], c["label"]) for c in found["clusters"]} == set(pairs)
        for parent in report["levels"][level - 2]["clusters"]:
            mine = sorted(child for above, child in pairs if above == parent["label"])
            assert parent["children"] == mine
    assert not any(c["children"] for c in report["levels"][-1]["clusters"])
    # The words of a leaf's own chains name it.
    leaf = report["levels"][-1]["clusters"][0]
    assert any(word.endswith("leaf") for word in leaf["words"])
    table = Path(summary["table"]).read_text()
    assert "## The tree" in table and "- `1:0` " in table and "      - `4:" in table


def test_assigned_rows_have_every_level(clustered, tmp_path):
    summary, source = clustered
    report = assign_files([source], f"{tmp_path}/clusters/model", str(tmp_path / "next"))
    labels, assigned = (
        pq.read_table(path) for path in (summary["labels"], tmp_path / "next" / "assigned.parquet")
    )
    assert labels.column_names == assigned.column_names
    inside = labels["label"].to_numpy() >= 0
    for level, found in enumerate(report["levels"], 1):
        mine, theirs = (t[f"label_level_{level}"].to_numpy() for t in (labels, assigned))
        assert (mine == theirs)[inside].mean() > 0.95
        sizes = np.bincount(theirs[theirs >= 0], minlength=len(found["clusters"]))
        assert [c["rows"] for c in found["clusters"]] == sizes.tolist()
        before = np.bincount(mine[inside], minlength=len(sizes))
        want = np.abs(sizes / sizes.sum() - before / before.sum()).sum() / 2
        # The copies count in the files, but each vector was fitted once.
        assert found["moved"] == pytest.approx(want, abs=0.03)
    assert report["clusters"] == report["levels"][1]["clusters"]
    assert report["method_level"] == 2


def test_levels_nest_and_are_numbered_by_size_within_their_parents(planted):
    vectors, leaves = forest()
    found = planted(vectors, leaves).clustering
    assert found.method_level == 1 and len(found.levels) == 4
    assert [found.count_at(level) for level in range(4)] == [2, 7, 21, 42]
    assert len(found.levels[0].parents) == 0
    assert (found.levels[1].labels == found.labels).all()
    assert (found.levels[1].nearest == found.nearest).all()
    for coarse, fine in zip(found.levels, found.levels[1:], strict=False):
        clustered = fine.labels >= 0
        assert (clustered == (found.labels >= 0)).all()
        assert (fine.parents[fine.labels[clustered]] == coarse.labels[clustered]).all()
        assert (fine.parents[fine.nearest] == coarse.nearest).all()
        assert (fine.nearest[clustered] == fine.labels[clustered]).all()
    sizes = np.bincount(found.labels[found.labels >= 0])
    assert sizes.sum() == (leaves >= 0).sum() and (np.diff(sizes) <= 0).all()
    for level in found.levels[2:]:
        assert (np.diff(level.parents) >= 0).all()
        sizes = np.bincount(level.labels[level.labels >= 0])
        for parent in set(level.parents.tolist()):
            assert (np.diff(sizes[level.parents == parent]) <= 0).all()
    # The planted tree is the one that was found: one label for each leaf, and the reverse.
    finest = found.levels[3].labels
    assert ((finest < 0) == (leaves < 0)).all()
    assert len({(a, b) for a, b in zip(finest, leaves, strict=True)}) == LEAVES + 1
    # A group above has the number of its first cluster.
    firsts = [np.flatnonzero(found.levels[1].parents == group)[0] for group in range(2)]
    assert firsts == sorted(firsts)


@pytest.mark.parametrize("sample", [0, 400])
def test_strengths_and_nearest_clusters_follow_from_the_votes(planted, sample):
    """Compute the strengths again by brute force, from the fitted rows' vectors and labels."""
    vectors, leaves = forest()
    fitted = planted(vectors, leaves, sample)
    found, model = fitted.clustering, fitted.model
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    anchors = units[fitted.rows]
    finest = found.levels[-1].labels[fitted.rows]
    means = np.array([anchors[finest == leaf].mean(axis=0) for leaf in range(LEAVES)])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    by_mean = 0
    for number, level in enumerate(found.levels):
        of_anchors = level.labels[fitted.rows]
        assert (of_anchors == model.labels_at(number)).all()
        for row in range(len(vectors)):
            cosines = anchors @ units[row]
            # A row and its copies do not vote on themselves.
            cosines[np.isclose(cosines, 1, atol=1e-6)] = -2
            nearest = np.argsort(-cosines)[:15]
            says = np.where(model.labels[nearest] >= 0, model.probabilities[nearest], 1)
            weights = np.maximum(cosines[nearest], 0) * says
            label = level.labels[row]
            share = weights[of_anchors[nearest] == label].sum() / weights.sum() if label >= 0 else 0
            assert level.strengths[row] == pytest.approx(share, abs=2e-3), (number, row)
            if label >= 0 or number <= found.method_level:
                continue
            above = found.levels[number - 1]
            inside = above.labels[fitted.rows][nearest] == above.nearest[row]
            if inside.any():
                votes = np.zeros(found.count_at(number))
                np.add.at(votes, of_anchors[nearest][inside], weights[inside])
                assert votes[level.nearest[row]] >= votes.max() - 2e-3
            elif number == len(found.levels) - 1:
                by_mean += 1
                method_s = found.levels[2].parents[level.parents]
                closeness = np.where(method_s == found.nearest[row], means @ units[row], -2)
                assert closeness[level.nearest[row]] >= closeness.max() - 2e-3
    assert by_mean >= 20


def test_other_rows_go_down_the_tree(planted):
    vectors, leaves = forest(3000)
    # There are so many rows that each leaf has more fitted rows than a row has voters.
    fitted = planted(vectors, leaves, sample=2000)
    found = fitted.clustering
    clustered = (leaves >= 0) & (found.labels >= 0)
    assert clustered.sum() > 0.95 * (leaves >= 0).sum()
    for level, width in zip(found.levels[-3:], (6, 2, 1), strict=True):
        pairs = list(zip(level.labels[clustered], leaves[clustered] // width, strict=True))
        # Nearly every row is in the cluster that was planted for it.
        names = {}
        for row in fitted.rows:
            if leaves[row] >= 0:
                names[level.labels[row]] = leaves[row] // width
        assert np.mean([names[label] == planted for label, planted in pairs]) > 0.99
    others = np.setdiff1d(np.arange(len(vectors)), fitted.rows)
    at = found.levels[found.method_level]
    mine = others[found.labels[others] >= 0]
    copies = np.isin(mine, np.arange(2960, 3000))
    assert np.allclose(at.strengths[mine[~copies]], found.probabilities[mine[~copies]], atol=1e-5)


def test_a_model_gives_its_own_rows_their_labels_at_every_level(planted, tmp_path):
    vectors, leaves = forest(2000)
    fitted = planted(vectors, leaves)
    save(str(tmp_path), fitted.model)
    again = load(str(tmp_path)).assign(vectors)
    assert (again.method_level, len(again.levels)) == (1, 4)
    for mine, theirs in zip(fitted.clustering.levels, again.levels, strict=True):
        clustered = mine.labels >= 0
        assert (mine.labels == theirs.labels)[clustered].mean() > 0.99
        assert (theirs.parents == mine.parents).all()
    for coarse, fine in zip(again.levels, again.levels[1:], strict=False):
        assert (fine.parents[fine.nearest] == coarse.nearest).all()


def test_finer_clusters_do_not_change_the_method_s_own(planted, monkeypatch):
    vectors, leaves = forest()
    deep = planted(vectors, leaves, sample=500)
    method = registry.METHODS["hdbscan"]

    def flat(*of):
        return replace(method.find(*of), finer=())

    monkeypatch.setitem(registry.METHODS, "hdbscan", replace(method, find=flat))
    monkeypatch.setattr(leiden, "finer", lambda *of: [])
    shallow = cluster_vectors(vectors, 1, "hdbscan", sample=500)
    for name in ("labels", "probabilities", "outlier_scores", "nearest", "distances"):
        one, two = getattr(deep.clustering, name), getattr(shallow.clustering, name)
        assert (one == two).all(), name
    assert len(shallow.clustering.levels) == 2
    for one, two in zip(deep.clustering.levels, shallow.clustering.levels, strict=False):
        assert (one.labels == two.labels).all() and (one.strengths == two.strengths).all()


def test_the_order_of_the_rows_does_not_matter_at_any_level(planted):
    vectors, leaves = forest()
    order = np.random.default_rng(6).permutation(len(vectors))
    one = planted(vectors, leaves, sample=500).clustering
    two = planted(vectors[order], leaves[order], sample=500).clustering
    for a, b in zip(one.levels, two.levels, strict=True):
        assert (a.strengths[order] == b.strengths).all()
        assert len({(x, y) for x, y in zip(a.labels[order], b.labels, strict=True)}) == len(
            set(a.labels.tolist())
        )


def test_numbers_follow_the_parents_then_the_sizes():
    labels = np.array([0, 1, 1, 2, 2, 2, 3, -1])
    parents = np.array([1, 0, 1, 0])
    assert numbers_within(labels, parents).tolist() == [3, 0, 2, 1]


def test_clusters_that_do_not_nest_are_refused():
    assert parents_of(np.array([0, 1, 1, -1]), np.array([1, 0, 0, -1])).tolist() == [1, 0]
    for coarse in ([0, 0, 1, -1], [0, 0, 0, 0], [0, 0, -1, -1]):
        with pytest.raises(ValueError, match="do not lie within"):
            parents_of(np.array([0, 1, 1, -1]), np.array(coarse))


def test_groups_become_a_tree():
    groups = (np.array([0, 0, 1, 2, 1]), np.array([0, 0, 1, 0, 1]))
    tree = tree_of_groups(groups)
    assert [parents.tolist() for parents in tree] == [[], [0, 1, 0], [0, 0, 1, 2, 1]]
    assert [parents.tolist() for parents in tree_of_groups(())] == [[]]
