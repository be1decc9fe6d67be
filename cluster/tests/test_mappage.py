"""The map's page as a reader sees it, in Chromium."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from selenium import webdriver
from selenium.webdriver import ActionChains, Keys
from selenium.webdriver.common.actions.wheel_input import ScrollOrigin
from selenium.webdriver.common.by import By
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

from threadloom.cluster.map.data import Finer, MapData
from threadloom.cluster.map.page import write_map

HOSTILE = '</script><img src=x onerror="hacked=1"> & <b>bold</b> \ud800 <script>hacked=1</script>'
SHOWN = HOSTILE.replace("\ud800", "?")


class Reader:
    """A browser that opens maps, looks and clicks."""

    def __init__(self, driver: webdriver.Chrome, folder: Path):
        self.driver, self.folder = driver, folder

    def open(self, data: MapData, heading: str = "all", width: int = 1200, height: int = 800):
        """Open a map of `data`, and wait until it is there or says why not."""
        write_map(str(self.folder / "map.html"), data, heading)
        self.driver.set_window_size(width, height)
        for kind in ("browser", "performance"):
            self.driver.get_log(kind)
        self.driver.get((self.folder / "map.html").as_uri())
        self.until(lambda: self.message != "Opening…")
        self.until(self.still)

    def still(self) -> bool:
        """Return whether something is on the map, and stays as it is.

        The page is ready a moment before its points are painted, or moved into a new window.
        """
        stage = self.stage()
        return bool((stage < 245).any()) and np.array_equal(stage, self.stage())

    def until(self, holds, seconds: float = 60):
        """Wait until `holds()` is true."""
        WebDriverWait(self.driver, seconds, 0.05).until(lambda _: holds())

    @property
    def message(self) -> str:
        """The text in the middle of the map; "" when it shows points."""
        return self.one("#message").text

    def one(self, selector: str):
        """Return the element for a CSS selector."""
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list:
        """Return the visible elements for a CSS selector."""
        return [e for e in self.driver.find_elements(By.CSS_SELECTOR, selector) if e.is_displayed()]

    def texts(self, selector: str) -> list[str]:
        """Return the texts of the visible elements for a CSS selector."""
        return [element.text for element in self.all(selector)]

    def stage(self) -> np.ndarray:
        """Return what the map looks like without what lies over it, int[height, width, 3]."""
        hide = (
            "for (const e of document.querySelectorAll(arguments[1])) e.style.opacity ="
            " arguments[0]"
        )
        over = "#names, #tooltip, #ring, .zoom"
        self.driver.execute_script(hide, "0", over)
        png = self.one("#stage").screenshot_as_png
        self.driver.execute_script(hide, "", over)
        with Image.open(io.BytesIO(png)) as image:
            return np.asarray(image.convert("RGB"), int)

    def points(self, colour: str) -> np.ndarray:
        """Return the pixels of the map that have about a colour, int[n, 2] as (x, y)."""
        rgb = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
        return np.argwhere(np.abs(self.stage() - rgb).max(axis=2) < 45)[:, ::-1]

    def hover(self, x: float, y: float) -> str:
        """Move the pointer to a place on the map, and return what the tooltip says."""
        stage = self.one("#stage")
        middle = stage.size["width"] // 2, stage.size["height"] // 2
        actions = ActionChains(self.driver, duration=0)
        actions.move_to_element_with_offset(stage, int(x) - middle[0], int(y) - middle[1])
        actions.perform()
        return self.one("#tooltip").text

    def requests(self) -> set[str]:
        """Return the schemes of all that was fetched since the page was opened."""
        entries = (json.loads(e["message"])["message"] for e in self.driver.get_log("performance"))
        return {
            entry["params"]["request"]["url"].split(":")[0]
            for entry in entries
            if entry["method"] == "Network.requestWillBeSent"
        }

    def errors(self) -> list[str]:
        """Return what went wrong on the page, breaches of its policy included."""
        return [e["message"] for e in self.driver.get_log("browser") if e["level"] == "SEVERE"]


@pytest.fixture(scope="module")
def reader(chromium, tmp_path_factory) -> Reader:
    return Reader(chromium("--disable-gpu"), tmp_path_factory.mktemp("map"))


def grid(rows: int, clusters: int, **changes) -> MapData:
    """Return clusters on a grid, all of them even, with every tenth row noise far below."""
    random = np.random.default_rng(1)
    labels = (np.arange(rows) % max(clusters, 1)).astype(np.int32)
    labels[np.arange(rows) % 10 == 9] = -1
    side = int(np.ceil(np.sqrt(max(clusters, 1))))
    points = np.stack([labels % side, labels // side], axis=1) + random.normal(0, 0.08, (rows, 2))
    values = {
        "points": points.astype(np.float32),
        "labels": labels if clusters else np.full(rows, -1, np.int32),
        "names": [f"topic {i}, words" for i in range(clusters)],
        "texts": [f"text number{i}" for i in range(rows)],
        "titles": [f"title {i}" for i in range(rows)],
        "subreddits": ["even" if i % 2 == 0 else "odd" for i in range(rows)],
    }
    return MapData(**(values | changes))


@pytest.fixture
def square() -> MapData:
    """Four clusters of one chain each, in the corners."""
    points = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], np.float32)
    return grid(4, 4, points=points, labels=np.arange(4, dtype=np.int32))


@pytest.mark.parametrize(("rows", "clusters"), [(50, 5), (1000, 15), (20_000, 45)])
def test_a_map_shows_points_names_and_legend(reader, rows, clusters):
    data = grid(rows, clusters)
    reader.open(data, "golang")
    assert reader.message == ""
    assert reader.one("h1").text == "golang"
    assert reader.one("header p").text == data.caption
    assert ((reader.stage() < 245).any(axis=2)).sum() > 5 * min(rows, 1000)
    for colour, _ in data.colours:
        assert len(reader.points(colour)) > 10
    legend = reader.driver.find_elements(By.CSS_SELECTOR, "#legend .name")
    assert [e.get_attribute("textContent") for e in legend] == [
        "noise: in no cluster",
        *data.names,
    ]
    names = reader.all("#names span")
    assert {e.text for e in names} <= set(data.names) and len(names) >= 0.9 * clusters
    boxes = [e.rect for e in names]
    for i, a in enumerate(boxes):
        for b in boxes[:i]:
            beside = abs(a["x"] - b["x"]) >= (a if a["x"] < b["x"] else b)["width"] - 1
            above = abs(a["y"] - b["y"]) >= (a if a["y"] < b["y"] else b)["height"] - 1
            assert beside or above
    assert reader.requests() <= {"file", "blob", "data"}
    assert reader.errors() == []


def test_the_legend_shows_each_cluster_over_time(reader):
    charts = ["▁█", "··█ ↗", "", HOSTILE]
    reader.open(grid(40, 4, charts=charts))
    assert reader.texts("#legend .bars") == [charts[0], charts[1], SHOWN]
    assert reader.errors() == []


@pytest.mark.parametrize("size", [(1200, 800), (700, 500), (360, 480)])
def test_a_tooltip_says_what_a_chain_is_and_stays_in_the_window(reader, square, size):
    texts = [f"{'long words ' * 30} {i}" for i in range(4)]
    reader.open(grid(4, 4, points=square.points, labels=square.labels, texts=texts), "all", *size)
    window = reader.driver.execute_script("return [innerWidth, innerHeight]")
    for label, (colour, _) in enumerate(square.colours):
        x, y = np.median(reader.points(colour), axis=0)
        said = reader.hover(x, y).split("\n")
        assert said[0] == f"title {label}"
        assert said[-1] == f"r/{square.subreddits[label]} · topic {label}, words"
        assert "long words" in said[1]
        box = reader.one("#tooltip").rect
        assert box["x"] >= 0 and box["x"] + box["width"] <= window[0]
        assert box["y"] >= 0 and box["y"] + box["height"] <= window[1]
    assert reader.hover(x, 3) == ""
    assert reader.errors() == []


def test_a_search_leaves_what_it_finds(reader, square):
    reader.open(square)
    colours = [colour for colour, _ in square.colours]
    search, found = reader.one("#search"), reader.one("#found")
    for query, rows in [
        ("NUMBER2", [2]),
        ("title 1", [1]),
        ("r/even", [0, 2]),
        ("topic 3, words", [3]),
        ("even number0", [0]),
        ("nowhere", []),
    ]:
        search.clear()
        search.send_keys(query)
        reader.until(lambda rows=rows: found.text == f"{len(rows)} found")
        reader.until(lambda rows=rows: [bool(len(reader.points(c))) for c in colours] == [
            row in rows for row in range(4)
        ])  # fmt: skip
        assert reader.texts("#names span") == [square.names[row] for row in rows]
        assert reader.texts("#legend .size") == ["0 of 0"] + [
            f"{int(row in rows)} of 1" for row in range(4)
        ]
    search.send_keys(Keys.ESCAPE)
    reader.until(lambda: found.text == "")
    reader.until(lambda: all(len(reader.points(c)) for c in colours))
    assert reader.texts("#legend .size") == ["0", "1", "1", "1", "1"]


def test_the_legend_switches_clusters(reader, square):
    reader.open(square)

    def shown() -> list[bool]:
        return [bool(len(reader.points(colour))) for colour, _ in square.colours]

    reader.all("#legend input")[2].click()
    reader.until(lambda: shown() == [True, False, True, True])
    assert square.names[1] not in reader.texts("#names span")
    reader.one("#none").click()
    reader.until(lambda: shown() == [False] * 4)
    reader.one("#all").click()
    reader.until(lambda: shown() == [True] * 4)
    line = reader.all("#legend li")[4]
    ActionChains(reader.driver).move_to_element(line).perform()
    line.find_element(By.CSS_SELECTOR, ".only").click()
    reader.until(lambda: shown() == [False, False, False, True])


def test_a_map_zooms_and_moves(reader, square):
    reader.open(square)
    colour = square.colours[0][0]
    at = np.median(reader.points(colour), axis=0)
    stage = reader.one("#stage")
    ActionChains(reader.driver).drag_and_drop_by_offset(stage, 60, -40).perform()
    reader.until(
        lambda: np.abs(np.median(reader.points(colour), axis=0) - at - (60, -40)).max() < 3
    )
    # After zooming in on the middle, the point is farther to the left, or out of sight.
    origin = ScrollOrigin.from_element(stage)
    ActionChains(reader.driver).scroll_from_origin(origin, 0, -400).perform()
    reader.until(lambda: not (reader.points(colour)[:, 0] > at[0] - 30).any())
    reader.one("#whole").click()
    # It may still be in sight where it was, until the map is painted anew.
    reader.until(lambda: len(found := reader.points(colour)) and (
        np.abs(np.median(found, axis=0) - at).max() < 3))  # fmt: skip
    reader.one("#closer").click()
    reader.until(lambda: not len(reader.points(colour)))
    reader.one("#farther").click()
    reader.until(lambda: len(reader.points(colour)))


def test_names_give_way_to_those_inside_when_one_comes_close(reader):
    # Four clusters in the corners, and one in the middle that two finer levels divide.
    random = np.random.default_rng(1)
    corners = np.repeat([[0, 0], [1, 0], [0, 1], [1, 1]], 20, axis=0)
    halves = np.repeat([[0.45, 0.5], [0.55, 0.5]], 30, axis=0)
    points = np.concatenate([corners, halves]) + random.normal(0, 0.01, (140, 2))
    labels = np.repeat([1, 2, 3, 4, 0], [20, 20, 20, 20, 60]).astype(np.int32)
    fine = np.where(labels == 0, np.arange(140) >= 110, labels + 1).astype(np.int32)
    names = [HOSTILE, "right half", *(f"topic {i}, words" for i in range(1, 5))]
    finer = Finer(fine, names, np.array([0, 0, 1, 2, 3, 4]))
    data = grid(140, 5, points=points.astype(np.float32), labels=labels, finer=(finer,))
    reader.open(data)
    assert sorted(reader.texts("#names span")) == sorted(data.names)
    for _ in range(3):
        reader.one("#closer").click()
    reader.until(lambda: sorted(reader.texts("#names span")) == sorted([SHOWN, "right half"]))
    left, right = sorted(reader.all("#names span"), key=lambda e: e.rect["x"])
    assert (left.text, right.text) == (SHOWN, "right half")
    search = reader.one("#search")
    search.send_keys("number")
    reader.until(lambda: reader.texts("#names span") == ["topic 0, words"])
    search.send_keys(Keys.ESCAPE)
    reader.until(lambda: len(reader.all("#names span")) == 2)
    reader.one("#whole").click()
    reader.until(lambda: sorted(reader.texts("#names span")) == sorted(data.names))
    assert reader.driver.execute_script("return typeof hacked") == "undefined"
    assert reader.errors() == []


def lasso(reader, corners: list[tuple[float, float]]) -> None:
    """Draw a line around a part of the map."""
    stage = reader.one("#stage")
    middle = stage.size["width"] // 2, stage.size["height"] // 2
    reader.one("#select").click()
    actions = ActionChains(reader.driver, duration=0)  # a corner is one move, however slow it is
    for i, (x, y) in enumerate(corners):
        actions.move_to_element_with_offset(stage, int(x) - middle[0], int(y) - middle[1])
        if not i:
            actions.click_and_hold()
    actions.release().perform()


def test_what_a_line_is_drawn_around_can_be_downloaded(reader, square, tmp_path):
    formula = '=cmd|"/c calc"!A1'
    texts = [f'say "{i}",\nand so on' for i in range(4)]
    data = grid(4, 4, points=square.points, labels=square.labels, texts=texts,
                titles=[formula, "plain", "ünï\ud800code", ""], ids=[f"id{i}" for i in range(4)],
                links=["https://www.reddit.com/r/a/", "", "", ""],
                times=np.array(["2024-05-01T10:00:00", *["NaT"] * 3], "datetime64[s]"))  # fmt: skip
    reader.open(data)
    reader.driver.execute_cdp_cmd(
        "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)}
    )
    width, height = (reader.one("#stage").size[side] for side in ("width", "height"))
    # The left half: chains 0 and 2.
    lasso(reader, [(5, 5), (width / 2, 5), (width / 2, height - 5), (5, height - 5)])
    reader.until(lambda: reader.one("#selected").text == "2 selected")
    assert reader.texts("#legend .size") == ["0 of 0", "1 of 1", "0 of 1", "1 of 1", "0 of 1"]
    reader.one("#download").click()
    path = tmp_path / "chains.csv"
    reader.until(path.exists)
    with path.open(encoding="utf-8", newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: row["chain_id"])
    assert [row["chain_id"] for row in rows] == ["id0", "id2"]
    first, second = rows
    assert first == {
        "chain_id": "id0", "subreddit": "even", "label": "0", "cluster": "topic 0, words",
        "time": "2024-05-01T10:00:00", "title": "'" + formula, "text": texts[0],
        "link": "https://www.reddit.com/r/a/",
    }  # fmt: skip
    assert (second["title"], second["time"]) == ("ünï?code", "")
    search = reader.one("#search")
    search.send_keys('"2"')
    reader.until(lambda: reader.one("#found").text == "1 found")
    search.send_keys(Keys.ESCAPE)
    reader.one("#unselect").click()
    reader.until(lambda: reader.texts("#legend .size") == ["0", "1", "1", "1", "1"])
    # A line that the user gives up selects nothing.
    lasso(reader, [(5, 5), (9, 5)])
    assert not reader.one("#selection").is_displayed()
    assert reader.errors() == []


def test_a_click_pins_a_chain(reader, square):
    texts = [f"{'long words ' * 21} {i}…" for i in range(4)]
    links = ["https://www.reddit.com/r/golang/comments/1/_/2/", "", "", ""]
    data = grid(4, 4, points=square.points, labels=square.labels, texts=texts, links=links,
                titles=[HOSTILE, "b", "c", "d"], ids=["chain/7", "", "", ""])  # fmt: skip
    reader.open(data)
    x, y = np.median(reader.points(data.colours[0][0]), axis=0)
    reader.hover(x, y)
    ActionChains(reader.driver).click().perform()
    pinned = reader.one("#pinned")
    assert pinned.is_displayed()
    for words in (SHOWN, texts[0][:100].strip(), "only the beginning", "chain/7", "r/even"):
        assert words in pinned.get_attribute("textContent")
    link = reader.one("#pinned a")
    assert (link.get_attribute("href"), link.get_attribute("rel")) == (
        links[0], "noopener noreferrer")  # fmt: skip
    # It stays while the pointer goes elsewhere, and while the map moves.
    reader.hover(600, 300)
    reader.one("#closer").click()
    assert pinned.is_displayed()
    reader.one("#unpin").click()
    assert not pinned.is_displayed()
    assert reader.driver.execute_script("return typeof hacked") == "undefined"
    assert reader.errors() == []


def test_colours_show_levels_subreddits_and_times(reader, square):
    finer = Finer(square.labels, ["a", "b", "c", "d"], np.arange(4))
    data = grid(4, 4, points=square.points, labels=square.labels, finer=(finer,),
                coarser=(np.array([0, 0, 0, 1], np.int32),),
                times=np.array(["2020", "2021", "2022", "NaT"], "datetime64[s]"))  # fmt: skip
    reader.open(data)
    box = Select(reader.one("#colouring"))
    assert [option.text for option in box.options] == [
        "Colour by cluster", "level 1: 2 clusters", "level 3: 4 clusters", "subreddit",
        "time, dark to bright",
    ]  # fmt: skip
    own = [colour for colour, _ in data.colours]
    assert all(len(reader.points(colour)) for colour in own)
    for colouring, wanted in zip(
        data.colourings, ([3, 1], [1] * 4, [2, 2], [1, 1, 1]), strict=True
    ):
        box.select_by_visible_text(colouring.name)
        used = [c for i, c in enumerate(colouring.colours) if (colouring.labels == i).any()]

        def painted(used=used, wanted=wanted) -> bool:
            """Return whether each colour has the pixels of its number of chains."""
            ones = [len(reader.points(c)) / n for c, n in zip(used, wanted, strict=True)]
            return all(0.8 * ones[-1] < one < 1.25 * ones[-1] for one in ones)

        reader.until(painted)
    box.select_by_visible_text("Colour by cluster")
    reader.until(lambda: all(len(reader.points(colour)) for colour in own))
    assert reader.errors() == []


def test_the_page_says_what_a_search_covers(reader, square):
    reader.open(grid(4, 4, points=square.points, labels=square.labels, all_rows=1000))
    covers = reader.one("#covers").text
    assert "4 of 1,000 chains" in covers and "240 characters" in covers


def test_a_narrow_window_keeps_the_legend_in_a_drawer(reader, square):
    reader.open(square, "a heading that is much too long for a window as narrow as this", 500, 700)
    assert reader.texts("#legend .name") == []
    reader.one("#drawer").click()
    assert len(reader.texts("#legend .name")) == 5
    wide = reader.driver.execute_script("return document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0


def test_hostile_texts_are_shown_and_run_nothing(reader):
    data = MapData(
        points=np.zeros((1, 2), np.float32),
        labels=np.zeros(1, np.int32),
        names=[HOSTILE],
        texts=[HOSTILE],
        titles=[HOSTILE],
        subreddits=[HOSTILE],
    )
    reader.open(data, HOSTILE)
    x, y = np.median(reader.points(data.colours[0][0]), axis=0)
    reader.hover(x, y)
    assert reader.driver.title == SHOWN
    for selector in ("h1", "#tooltip .title", "#tooltip .text", "#names span"):
        assert reader.one(selector).get_attribute("textContent") == SHOWN
    assert reader.one("#tooltip .cluster").text == f"r/{SHOWN} · {SHOWN}"
    assert reader.driver.find_elements(By.CSS_SELECTOR, "#legend .name")[1].text == SHOWN
    assert reader.driver.find_elements(By.CSS_SELECTOR, "img, b") == []
    assert reader.driver.execute_script("return typeof hacked") == "undefined"
    assert reader.errors() == []


def test_a_map_without_clusters_shows_noise(reader):
    reader.open(grid(30, 0))
    assert ((reader.stage() < 245).any(axis=2)).sum() > 100
    assert reader.texts("#legend .name") == ["noise: in no cluster"]
    assert reader.errors() == []


def test_a_map_of_nothing_says_so(reader):
    reader.open(grid(0, 0))
    assert reader.message == "There are no chains to show."
    assert reader.errors() == []
