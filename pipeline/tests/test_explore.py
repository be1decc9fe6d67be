"""The page of `explore` as a reader sees it, in Chromium with WebGL by software."""

import http.client
import io
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from selenium import webdriver
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver import ActionChains, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

HOSTILE = [
    '</script><img src=x onerror="hacked=1"> & <b>bold</b> <script>hacked=1</script>',
    "[click](javascript:hacked=1) ![](x) <svg onload=hacked=1> **bold** {{hacked=1}}",
    "'); DROP TABLE dataset; -- \" ${hacked=1} `hacked=1`",
    "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload='hacked=1'/>",
]
PERMALINKS = ["/r/nightsky/comments/abc/_/def/", "javascript:hacked=1", "//evil.example/r/", None]


@pytest.fixture(scope="module")
def root(program, copy_sample, tmp_path_factory) -> Path:
    """Return a root with the sample, and hostile chains in it, clustered."""
    root = copy_sample(tmp_path_factory.mktemp("explore"))
    table = {
        "chain_id": [f"nightsky/hostile/{i}" for i in range(len(HOSTILE))],
        "subreddit": ["nightsky"] * len(HOSTILE),
        "title": HOSTILE,
        "n_turns": [1] * len(HOSTILE),
        "permalink": PERMALINKS,
        "score": [-3, 0, 7, None],
        "created_utc": pa.array(
            [datetime(2024, month, 1, tzinfo=UTC) for month in range(1, 5)],
            pa.timestamp("ms", "UTC"),
        ),
        "text": HOSTILE,
    }
    pq.write_table(pa.table(table), root / "chains" / "sample" / "nightsky" / "hostile.parquet")
    ended = program.run("--root", root, "--suffix=sample")
    assert ended.code == 0, ended.errors
    return root


@pytest.fixture(scope="module")
def served(program, root) -> Iterator[dict]:
    """Serve the page; return what the program says of it."""
    command = [program.path, "explore", "--root", root, "--suffix=sample", "--open=false", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        said = json.loads(process.stdout.readline())
        yield said
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0


@pytest.fixture(scope="module")
def dataset(served) -> list[dict]:
    return pq.read_table(Path(served["data"]) / "dataset.parquet").to_pylist()


class Page:
    """The page in a browser."""

    def __init__(self, driver: webdriver.Chrome):
        self.driver = driver

    def open(self, url: str) -> None:
        self.driver.get(url)
        self.until(lambda: "points" in self.text("body") and self.driver.find_elements(
            By.CSS_SELECTOR, "canvas"))  # fmt: skip

    def until(self, holds, seconds: float = 120):
        """Wait until `holds()` is true, and return it; the page may redraw meanwhile."""
        wait = WebDriverWait(
            self.driver,
            seconds,
            0.1,
            ignored_exceptions=[NoSuchElementException, StaleElementReferenceException],
        )
        return wait.until(lambda _: holds())

    def text(self, selector: str) -> str:
        return self.driver.find_element(By.CSS_SELECTOR, selector).text

    def canvas(self):
        return self.driver.find_element(By.CSS_SELECTOR, "canvas")

    def click(self, xpath: str) -> None:
        """Click something once it stands still: charts that still load move it."""
        at = []

        def still() -> bool:
            at.append(self.driver.find_element(By.XPATH, xpath).rect)
            return at[-1:] == at[-2:-1]

        self.until(still)
        ActionChains(self.driver).click(self.driver.find_element(By.XPATH, xpath)).perform()

    def shows(self, words: str) -> bool:
        """Return whether the page shows these words now, however it breaks them into lines."""
        return words in " ".join(self.text("body").split())

    def search(self):
        """Return the box of the search, which this opens if it is closed."""
        boxes = self.driver.find_elements(By.CSS_SELECTOR, "input[type=search]")
        if not boxes or not boxes[0].is_displayed():
            self.driver.find_element(By.CSS_SELECTOR, "button[aria-label=Search]").click()
        return self.until(lambda: self.driver.find_element(By.CSS_SELECTOR, "input[type=search]"))

    def missing(self, texts: list[str]) -> list[str]:
        """Return those of the texts that the page does not show now.

        The page says how many results it has before it shows them, and draws the list anew
        while it still loads: a test waits until nothing is missing.
        """
        shown = " ".join(self.text("body").split())
        return [text for text in texts if " ".join(text.split()) not in shown]

    def errors(self) -> list[str]:
        """Return all errors, breaches of the page's policy too, but none of WebGPU and the icon."""
        return [
            e["message"]
            for e in self.driver.get_log("browser")
            if e["level"] == "SEVERE" and "WebGPU" not in e["message"]
            and "favicon.ico" not in e["message"]
        ]  # fmt: skip


@pytest.fixture(scope="module")
def page(chromium, served) -> Page:
    gl = ("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
    page = Page(chromium(*gl, "--window-size=1500,950"))
    page.open(served["url"])
    return page


def test_it_shows_the_points_and_their_clusters(page, served, root):
    clusters = json.loads((root / "clusters" / "sample" / "clusters.json").read_text())["clusters"]
    assert (served["rows"], served["shown"], served["clusters"]) == (304, 304, len(clusters))
    names = {c["name"] for c in clusters}
    page.until(lambda: all(name in page.text("body") for name in names))
    page.until(lambda: page.shows("304 / 304 points"))

    def on_map() -> set[str]:
        """Return the names on the map: they stand in the SVG that lies over the canvas."""
        return names & {e.text for e in page.driver.find_elements(By.CSS_SELECTOR, "svg text")}

    page.until(lambda: len(on_map()) >= len(names) / 2)

    def coloured() -> int:
        """Return how many pixels of the map have a colour."""
        with Image.open(io.BytesIO(page.canvas().screenshot_as_png)) as image:
            return (np.ptp(np.asarray(image.convert("RGB"), int), axis=2) > 60).sum()

    page.until(lambda: coloured() > 304 * 10)


def test_a_subreddit_filters_all(page):
    page.click("//div[normalize-space(text())='sourdough' and contains(@class, 'text-ellipsis')]")
    page.until(lambda: page.shows("50 / 304 points"))
    night = (By.XPATH, "//*[normalize-space(text())='nightsky']")
    page.until(lambda: len(page.driver.find_elements(*night)) <= 1)  # only the chart names it
    ActionChains(page.driver).send_keys(Keys.ESCAPE).perform()
    page.until(lambda: page.shows("304 / 304 points"))


def test_a_search_finds_a_text(page, dataset):
    word = "derailleur"
    expected = [row["text"] for row in dataset if word in row["text"].lower()]
    assert 1 <= len(expected) < 10
    box = page.search()
    box.clear()
    box.send_keys(word, Keys.ENTER)
    page.until(lambda: f"{len(expected)} results." in page.text("body"))
    page.until(lambda: page.missing(expected) == [])


def test_neighbours_are_the_nearest_chains(page, dataset, root):
    outputs = sorted((root / "embeddings" / "sample").glob("*/*.parquet"))
    tables = [pq.read_table(path, columns=["chain_id", "embedding"]) for path in outputs]
    embedded = pa.concat_tables(tables)
    at = {chain: i for i, chain in enumerate(embedded["chain_id"].to_pylist())}
    vectors = np.array(embedded["embedding"].to_pylist(), np.float64)
    cosines = vectors @ vectors.T
    for row in dataset:
        own = at[row["chain_id"]]
        ids = [at[dataset[i]["chain_id"]] for i in row["__neighbors"]["ids"]]
        others = np.delete(cosines[own], own)
        expected = np.sort(others)[::-1][:10]
        np.testing.assert_allclose(cosines[own][ids], expected, atol=1e-5)
        np.testing.assert_allclose(row["__neighbors"]["distances"], 1 - expected, atol=1e-5)
        assert own not in ids
    # A click on the point of the chain that is farthest left opens it.
    row = min(dataset, key=lambda row: row["x"])
    state = json.loads(
        (root / "clusters" / "sample" / "explore" / "metadata.json").read_text()
    )["props"]["initialState"]["chartStates"]["1"]["viewport"]  # fmt: skip
    canvas = page.canvas()
    scale = state["scale"] * canvas.size["width"] / 2
    x, y = (row["x"] - state["x"]) * scale, (state["y"] - row["y"]) * scale
    actions = ActionChains(page.driver, duration=0)
    actions.move_to_element_with_offset(canvas, round(x), round(y)).click().perform()
    button = (By.XPATH, "//button[contains(., 'Nearest Neighbors')]")
    # It may be out of sight at the end of a long text.
    page.until(lambda: page.driver.execute_script(
        "arguments[0].click(); return true", page.driver.find_element(*button)))  # fmt: skip
    page.until(lambda: "10 results." in page.text("body"))
    neighbours = [dataset[i]["text"] for i in row["__neighbors"]["ids"]]
    page.until(lambda: page.missing(neighbours) == [])


def test_hostile_texts_are_shown_and_run_nothing(page, dataset):
    links = {row["title"]: row["link"] for row in dataset if row["title"] in HOSTILE}
    assert list(links.values()) == [f"https://www.reddit.com{PERMALINKS[0]}", None, None, None]
    box = page.search()
    for word in ("bold", "click", "dataset", "onload"):
        box.clear()
        box.send_keys(word, Keys.ENTER)
        # The page makes an image of the fourth.
        expected = [text for text in HOSTILE[:3] if word in text.lower()]
        page.until(lambda expected=expected: page.missing(expected) == [])
    assert page.driver.execute_script("return typeof hacked") == "undefined"
    found = page.driver.find_elements(By.CSS_SELECTOR, "img[src=x], svg[onload], [onerror], b")
    assert found == []
    for link in page.driver.find_elements(By.CSS_SELECTOR, "a[href]"):
        assert not link.get_attribute("href").startswith("javascript:")
    assert page.shows("304 / 304 points")
    assert page.errors() == []
    fetched = {
        message["params"]["request"]["url"].split("?")[0]
        for entry in page.driver.get_log("performance")
        if (message := json.loads(entry["message"])["message"])["method"]
        == "Network.requestWillBeSent"
    }
    strange = {u for u in fetched if u.split(":")[0] not in ("http", "data", "blob", "chrome")}
    assert not strange
    assert all(u.startswith("http://127.0.0.1:") for u in fetched if u.startswith("http:"))


def test_only_this_machine_reads(served):
    host = served["url"].removeprefix("http://").rstrip("/")
    for method, name, status in (
        ("GET", host, 200),
        ("HEAD", host, 200),
        ("POST", host, 405),
        ("PUT", host, 405),
        ("GET", "evil.example", 421),
        ("GET", f"evil.example:{host.split(':')[1]}", 421),
    ):
        connection = http.client.HTTPConnection(host, timeout=30)
        connection.request(method, "/data/metadata.json", headers={"Host": name})
        assert connection.getresponse().status == status, (method, name)
        connection.close()
    # Nobody else on the network reaches it.
    listening = subprocess.run(["ss", "-ltn"], capture_output=True, text=True).stdout
    port = host.split(":")[1]
    assert [line.split()[3] for line in listening.splitlines() if f":{port} " in line] in (
        [host], [])  # fmt: skip


def test_an_export_is_the_page_and_its_data(program, root, served, tmp_path):
    folder = tmp_path / "www" / "page"
    command = [program.path, "explore", "--root", root, "--suffix=sample", "--export", folder]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert str(folder) in done.stdout
    for name in ("metadata.json", "dataset.parquet"):
        assert (folder / "data" / name).read_bytes() == (Path(served["data"]) / name).read_bytes()
    index = (folder / "index.html").read_text()
    assert "Content-Security-Policy" in index
    for script in (Path(served["page"]) / "assets").iterdir():
        assert os.path.getsize(folder / "assets" / script.name) == script.stat().st_size
    again = subprocess.run(command, capture_output=True, text=True)
    assert again.returncode == 1 and "exists" in again.stderr


def test_what_cannot_be_is_one_line(program, root, tmp_path):
    for flags, code, says in (
        (("--clusters_dir", tmp_path), 1, "run the pipeline first"),
        (("--group=nosuch",), 2, "no such subreddit"),
        (("--group=sourdough",), 1, "run the pipeline first"),
        (("--port=99999",), 2, "port"),
    ):
        command = [program.path, "explore", "--root", root, "--suffix=sample", "--open=false"]
        done = subprocess.run([*map(str, (*command, *flags))], capture_output=True, text=True)
        assert done.returncode == code, done.stderr
        assert says in done.stderr and len(done.stderr.splitlines()) == 1
