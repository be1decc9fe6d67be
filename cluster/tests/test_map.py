"""The map's files, without a browser."""

import base64
import json
import re
import zlib
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from threadloom.cluster.map import data as map_data
from threadloom.cluster.map.colours import assign
from threadloom.cluster.map.data import MapData
from threadloom.cluster.map.image import write_image
from threadloom.cluster.map.page import page, write_map

HOSTILE = (
    "</script><img src=x onerror=alert(1)> {{data}} $\\frac{ \ud800 \x00 <!-- ' \" &amp; 日本 🙂"
)


def make_map(rows: int, clusters: int, **changes) -> MapData:
    """Return a map of round clusters on a grid, sizes as even as can be, every tenth row noise."""
    random = np.random.default_rng(1)
    labels = np.arange(rows, dtype=np.int32) % clusters if clusters else np.full(rows, -1, np.int32)
    labels[9::10] = -1
    side = int(np.ceil(np.sqrt(max(clusters, 1))))
    points = np.stack([labels % side, labels // side], axis=1) + random.normal(0, 0.1, (rows, 2))
    values = {
        "points": points.astype(np.float32),
        "labels": labels,
        "names": [f"name {i}" for i in range(clusters)],
        "texts": [f"text {i}" for i in range(rows)],
        "titles": [f"title {i}" for i in range(rows)],
        "subreddits": [f"sub{i % 3}" for i in range(rows)],
    }
    return MapData(**(values | changes))


def content(html: str) -> dict:
    """Return what the page holds for its scripts."""
    packed = re.search(r'<script type="text/plain" id="data">([A-Za-z0-9+/=]*)</script>', html)
    return json.loads(zlib.decompress(base64.b64decode(packed[1])))


def test_the_clusters_inside_others_are_named_once():
    # Cluster 0 is divided into two, and the larger of these again. Cluster 1 is never divided.
    labels = np.repeat(np.array([0, 1], np.int32), [60, 40])
    second = np.repeat(np.array([0, 1, 2], np.int32), [45, 15, 40])
    third = np.repeat(np.array([0, 1, 2, 3], np.int32), [20, 25, 15, 40])
    finer = (
        map_data.Finer(second, ["a", "b", "same"], np.array([0, 0, 1])),
        map_data.Finer(third, ["aa", "ab", "b again", "same"], np.array([0, 0, 1, 2])),
    )
    data = make_map(100, 2, labels=labels, finer=finer)
    inner = content(page(data, "all"))["inner"]
    said = [(i["name"], i["size"], i["label"], i["parent"]) for i in inner]
    # Numbers 0 and 1 are the clusters of the map, 2 is "a".
    assert said == [("a", 45, 0, 0), ("b", 15, 0, 0), ("ab", 25, 0, 2), ("aa", 20, 0, 2)]
    for name, rows in (("a", second == 0), ("ab", third == 1)):
        mine = next(i for i in data.inner if i.name == name)
        assert (data.points[rows] == mine.at).all(axis=1).any()
        away = np.hypot(*(data.points[rows] - mine.at).T)
        assert (away <= mine.reach).mean() == pytest.approx(2 / 3, abs=0.03)


SHAPES = [(0, 0), (1, 0), (1, 1), (20, 0), (60, 5), (500, 45)]


@pytest.mark.parametrize(("rows", "clusters"), SHAPES)
def test_the_same_data_make_the_same_files(tmp_path, rows, clusters):
    for name in ("a", "b"):
        write_map(str(tmp_path / f"{name}.html"), make_map(rows, clusters), "all")
        write_image(str(tmp_path / f"{name}.png"), make_map(rows, clusters), "all")
    for kind in ("html", "png"):
        first, second = ((tmp_path / f"{name}.{kind}").read_bytes() for name in "ab")
        assert first == second
    with Image.open(tmp_path / "a.png") as image:
        assert image.size == (1800, 1350)
        assert "Software" not in image.info
    assert len(list(tmp_path.iterdir())) == 4


def test_the_image_shows_every_cluster_in_its_colour(tmp_path):
    data = make_map(600, 6)
    write_image(str(tmp_path / "map.png"), data, "all")
    with Image.open(tmp_path / "map.png") as image:
        pixels = np.asarray(image.convert("RGB"), int)[150:]
    for colour, ink in data.colours:
        for wanted in (colour, ink):
            rgb = [int(wanted[i : i + 2], 16) for i in (1, 3, 5)]
            assert (np.abs(pixels - rgb).max(axis=2) < 60).sum() > 100


@pytest.mark.filterwarnings("error")
def test_hostile_texts_are_texts(tmp_path):
    hostile = {"names": [HOSTILE], "texts": [HOSTILE] * 3, "subreddits": [HOSTILE] * 3}
    for titles in (None, [HOSTILE] * 3):
        data = make_map(3, 1, titles=titles, **hostile)
        write_map(str(tmp_path / "map.html"), data, HOSTILE)
        write_image(str(tmp_path / "map.png"), data, HOSTILE)
        html = (tmp_path / "map.html").read_text(encoding="utf-8")
        clean = HOSTILE.replace("\ud800", "?")
        got = content(html)
        assert got["titles"] == (titles and [clean] * 3)
        assert got["texts"] == [clean] * 3
        assert got["clusters"][0]["name"] == got["subreddits"][0] == clean
        assert "<img" not in html
        assert html.count("&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt; {{data}}") == 2


def test_the_page_names_nothing_to_fetch():
    html = page(make_map(20, 2), "all")
    markup = re.sub(r"(<script[^>]*>).*?</script>", r"\1</script>", html, flags=re.S)
    assert not re.search(r"\b(src=|href=|url\(|@import|https?:)", markup)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', markup)[1]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy.split("style-src")[0]


def test_points_keep_their_shape():
    data = make_map(50, 4)
    got = content(page(data, "all"))
    rows = data.rows_to_draw()
    drawn = np.stack([got["x"], got["y"]], axis=1)
    assert drawn.min() == 0 and drawn.max() == 999_999
    scale = np.ptp(drawn, axis=0).max() / np.ptp(data.points, axis=0).max()
    expected = (data.points[rows] - data.points.min(axis=0)) * scale
    assert np.abs(drawn - expected).max() < 2
    assert got["labels"] == data.labels[rows].tolist()
    assert [got["subreddits"][i] for i in got["subreddit"]] == [data.subreddits[r] for r in rows]
    assert got["noise"]["size"] == 5
    assert sum(c["size"] for c in got["clusters"]) == 45


def test_noise_is_painted_first_and_clusters_are_mixed():
    data = make_map(1000, 2)
    labels = data.labels[data.rows_to_draw()]
    assert (labels[:100] == -1).all() and (labels[100:] >= 0).all()
    assert 300 < (labels[101:] != labels[100:-1]).sum() < 600


def test_of_very_many_chains_every_cluster_gives_its_share(monkeypatch):
    monkeypatch.setattr(map_data, "MOST_POINTS", 100)
    data = make_map(1234, 4)
    rows = data.rows_to_draw()
    assert len(set(rows.tolist())) == 100
    shares = np.bincount(data.labels[rows] + 1) / np.bincount(data.labels + 1)
    assert np.abs(shares * 1234 / 100 - 1).max() < 0.1
    assert data.caption.endswith("; the map shows an even sample of 100")
    assert content(page(data, "all"))["clusters"][0]["size"] == data.sizes[0] > 100
    assert make_map(100, 4).caption == "100 chains, 4 clusters, 10 % noise"
    more = replace(make_map(100, 4), all_rows=1234)
    assert more.caption == "100 of 1,234 chains, 4 clusters, 10 % noise"


def test_an_anchor_is_a_chain_of_the_cluster():
    # A horseshoe: its middle is empty.
    angle = np.linspace(0, np.pi, 31)
    points = np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)
    data = make_map(31, 1, points=points, labels=np.zeros(31, np.int32))
    assert (np.abs(points - data.anchors[0]).max(axis=1) < 1e-6).any()


def luminance(colour: str) -> float:
    """Return the relative luminance of "#rrggbb" (WCAG 2.2)."""
    curved = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(curved <= 0.04045, curved / 12.92, ((curved + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def test_colours_are_clear_on_white_and_all_different():
    colours = assign(np.random.default_rng(2).normal(size=(50, 2)))
    assert len({colour for colour, _ in colours}) == 50
    for colour, ink in colours:
        assert 1.05 / (luminance(colour) + 0.05) >= 3
        assert 1.05 / (luminance(ink) + 0.05) >= 7


def test_colours_of_neighbours_differ_more_than_others():
    line = np.stack([np.arange(40.0), np.zeros(40)], axis=1)
    rgb = [[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c, _ in assign(line)]
    neighbours = [np.abs(np.subtract(a, b)).sum() for a, b in pairwise(rgb)]
    others = [np.abs(np.subtract(a, b)).sum() for i, a in enumerate(rgb) for b in rgb[:i]]
    assert min(neighbours) > np.quantile(others, 0.1)
    assert np.mean(neighbours) > 1.2 * np.mean(others)


def test_more_clusters_than_colours():
    assert len(assign(np.zeros((200, 2)))) == 200
    assert assign(np.zeros((0, 2))) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"texts": ["a"]}, "1 texts for 4 labels"),
        ({"titles": []}, "0 titles for 4 labels"),
        ({"names": ["a"]}, r"a label outside -1 \.\. 0"),
        ({"points": np.zeros((4, 3), np.float32)}, "shape"),
        ({"points": np.full((4, 2), np.nan, np.float32)}, "not finite"),
    ],
)
def test_data_that_do_not_go_together(changes, message):
    with pytest.raises(ValueError, match=message):
        make_map(4, 2, **changes)
