"""Make the pictures in docs/explore.md: the page of `explore` with the bundled sample, in Chromium.

Needs a clustered sample (make run), build/pipeline, chromium and chromedriver.
"""

import json
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import pyarrow.parquet as pq
from selenium import webdriver
from selenium.webdriver import ActionChains, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

DOCS = Path(__file__).parent
PROGRAM = DOCS.parent / "build" / "pipeline"
# The chain whose neighbours the second picture lists.
TITLE = "Wax or oil"


def main() -> None:
    """Serve the page, take the pictures, stop serving."""
    command = [PROGRAM, "explore", "--open=false", "--json"]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as serving,
        tempfile.TemporaryDirectory() as profile,
    ):
        said = json.loads(serving.stdout.readline())
        try:
            with _browser(profile) as driver:
                _take(driver, said)
        finally:
            serving.send_signal(signal.SIGINT)


def _browser(profile: str) -> webdriver.Chrome:
    """Return a browser that draws WebGL by software, so that every machine gives one picture."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or shutil.which("google-chrome")
    for argument in (
        *("--headless", "--no-sandbox", "--window-size=1500,950", f"--user-data-dir={profile}"),
        *("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"),
    ):
        options.add_argument(argument)
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    return webdriver.Chrome(options=options, service=service)


def _take(driver: webdriver.Chrome, said: dict) -> None:
    def until(holds):
        return WebDriverWait(driver, 120, 0.2).until(lambda _: holds())

    def shown(text: str) -> bool:
        return text in " ".join(driver.find_element(By.TAG_NAME, "body").text.split())

    driver.get(said["url"])
    bar = "//div[normalize-space(text())='bikerepair' and contains(@class, 'text-ellipsis')]"
    until(lambda: driver.find_elements(By.XPATH, bar))
    _picture(driver)  # Charts that still load would move the bar away from the pointer.
    ActionChains(driver).click(driver.find_element(By.XPATH, bar)).perform()
    until(lambda: shown("50 / 300 points"))
    (DOCS / "explore.png").write_bytes(_picture(driver))
    ActionChains(driver).send_keys(Keys.ESCAPE).perform()
    until(lambda: shown("300 / 300 points"))

    metadata = json.loads(Path(said["data"], "metadata.json").read_text())
    view = metadata["props"]["initialState"]["chartStates"]["1"]["viewport"]
    rows = pq.read_table(Path(said["data"], "dataset.parquet")).to_pylist()
    row = next(row for row in rows if row["title"] == TITLE)
    canvas = driver.find_element(By.TAG_NAME, "canvas")
    scale = view["scale"] * canvas.size["width"] / 2
    x, y = (row["x"] - view["x"]) * scale, (view["y"] - row["y"]) * scale
    actions = ActionChains(driver, duration=0)
    actions.move_to_element_with_offset(canvas, round(x), round(y)).click().perform()
    button = "//button[contains(., 'Nearest Neighbors')]"
    until(lambda: driver.find_elements(By.XPATH, button))
    # It may have moved out of sight at the end of a long text.
    driver.execute_script("arguments[0].click()", driver.find_element(By.XPATH, button))
    until(lambda: shown("10 results."))
    (DOCS / "explore-neighbours.png").write_bytes(_picture(driver))


def _picture(driver: webdriver.Chrome) -> bytes:
    """Return a picture of the page, once it has stood still for a second."""
    taken = [b""]

    def still() -> bool:
        taken.append(driver.get_screenshot_as_png())
        return taken[-1] == taken[-2]

    WebDriverWait(driver, 120, 1).until(lambda _: still())
    return taken[-1]


if __name__ == "__main__":
    main()
