"""Count the frames a second of map.html while the map moves, in headless Chromium without a GPU.

    python bench/mapframes.py [--points 100000]

The map has that many points in 100 clusters. It moves to and fro for some seconds, as if a user
dragged it, and each animation frame is counted. Then frames are counted while it zooms.
"""

import argparse
import shutil
from pathlib import Path

import numpy as np
import product
from selenium import webdriver
from selenium.webdriver import ActionChains
from selenium.webdriver.common.actions.wheel_input import ScrollOrigin
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from threadloom.cluster.map.data import MapData
from threadloom.cluster.map.page import write_map

CLUSTERS, STEPS = 100, 60
COUNT = """
window.frames_seen = 0;
window.frames_from = performance.now();
(function next() { window.frames_seen++; requestAnimationFrame(next); })();
"""


def main() -> None:
    """Make the map, open it, move it, and print the frames a second."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=100_000)
    rows = parser.parse_args().points
    with product.scratch("frames-") as folder:
        page = folder / "map.html"
        write_map(str(page), invented(rows), "frames")
        with opened(folder) as driver:
            driver.get(page.as_uri())
            message = driver.find_element(By.ID, "message")
            WebDriverWait(driver, 120).until(lambda _: not message.is_displayed())
            print("| points | dragging | zooming |\n|---|---|---|")
            print(
                f"| {rows:,} | {dragging(driver):.0f} frames/s | {zooming(driver):.0f} frames/s |"
            )


def invented(rows: int) -> MapData:
    """Return a map of that many points."""
    random = np.random.default_rng(1)
    labels = np.sort(random.integers(0, CLUSTERS, rows)).astype(np.int32)
    middles = random.uniform(0, 10, (CLUSTERS, 2))
    points = middles[labels] + random.normal(0, 0.3, (rows, 2))
    names = [f"topic {i}, words" for i in range(CLUSTERS)]
    subreddits = [f"s{i}" for i in labels % 20]
    return MapData(points.astype(np.float32), labels, names, ["text"] * rows, None, subreddits)


def opened(folder: Path) -> webdriver.Chrome:
    """Return a browser of this machine."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or shutil.which("google-chrome") or ""
    for argument in (
        *("--headless", "--no-sandbox", "--disable-gpu", "--window-size=1200,800"),
        *("--disable-dev-shm-usage", f"--user-data-dir={folder / 'profile'}"),
    ):
        options.add_argument(argument)
    return webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))


def dragging(driver: webdriver.Chrome) -> float:
    """Drag the map to and fro, and return the frames a second."""
    stage = driver.find_element(By.ID, "stage")
    actions = ActionChains(driver, duration=40).move_to_element(stage).click_and_hold()
    for step in range(STEPS):
        actions.move_by_offset(8 if step % 20 < 10 else -8, 4)
    actions.release()
    return frames(driver, actions)


def zooming(driver: webdriver.Chrome) -> float:
    """Turn the wheel in and out, and return the frames a second."""
    origin = ScrollOrigin.from_element(driver.find_element(By.ID, "stage"))
    actions = ActionChains(driver, duration=40)
    for step in range(STEPS):
        actions.scroll_from_origin(origin, 0, -40 if step < STEPS // 2 else 40)
    return frames(driver, actions)


def frames(driver: webdriver.Chrome, actions: ActionChains) -> float:
    """Do the actions, and return the frames a second meanwhile."""
    driver.execute_script(COUNT)
    actions.perform()
    return driver.execute_script(
        "return 1000 * window.frames_seen / (performance.now() - window.frames_from)"
    )


if __name__ == "__main__":
    main()
