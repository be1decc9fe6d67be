"""The recipes of docs/recipes.md give what they promise, with the bundled sample.

uv installs each into an environment of its own.
"""

import http.client
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pyarrow.parquet as pq
import pytest
from selenium.webdriver.common.by import By

REPOSITORY = Path(__file__).parents[2]
LOCKED = REPOSITORY / "requirements" / "recipes"
# Texts that each must print.
SAYS = {
    "DuckDB": [r"bikerepair", r"cosine(?s:.*)0\.5"],
    "polars": [r"\(300, 384\)"],
    "pandas": [r"mean"],
    "FAISS": [r"Rear derailleur skips in the middle gears only.*Chain dropping off the inside"],
    "LanceDB": [r"Rear derailleur skips in the middle gears only.*Chain dropping off the inside"],
    "Qdrant": [r"Chain dropping off the inside"],
    "BERTopic": [r"Count"],
}
# Its environment has gigabytes: make test-long.
HEAVY = "BERTopic"


def recipes() -> dict[str, str]:
    """Return the text of each recipe, by its heading."""
    parts = re.split(r"^## ", (REPOSITORY / "docs" / "recipes.md").read_text(), flags=re.M)[1:]
    return dict(part.split("\n", 1) for part in parts)


def code(heading: str, language: str = "python") -> list[str]:
    """Return the pieces of code in a recipe."""
    return re.findall(rf"```{language}\n(.*?)```", recipes()[heading], re.S)


def requirements(heading: str, ending: str) -> Path:
    """Return the file that says what a recipe needs: .in as it is asked for, .txt as pinned."""
    return LOCKED / f"{heading.lower().replace(' ', '-')}{ending}"


def test_every_recipe_is_tried():
    assert set(recipes()) == {*SAYS, "Embedding Atlas"}
    assert {heading: len(code(heading)) for heading in SAYS} == {
        heading: len(says) for heading, says in SAYS.items()
    }
    assert set(LOCKED.glob("*.in")) == {requirements(heading, ".in") for heading in recipes()}


@pytest.mark.parametrize("heading", SAYS)
def test_a_recipe_names_its_packages(heading):
    named = re.search(r"^Packages: (.*)\.$", recipes()[heading], re.M)
    asked = requirements(heading, ".in").read_text().splitlines()
    assert named and re.findall(r"`(.*?)`", named[1]) == [s for s in asked if s[0] not in "#-"]


@pytest.fixture(scope="module")
def root(program, copy_sample, tmp_path_factory) -> Path:
    root = copy_sample(tmp_path_factory.mktemp("recipes"))
    ended = program.run("--root", root, "--suffix=sample")
    assert ended.code == 0, ended.errors
    return root


@pytest.fixture(scope="module")
def fixed(program, root, tmp_path_factory) -> Path:
    """Return a copy of the root with outputs of --fixed_size_lists."""
    copy = shutil.copytree(root, tmp_path_factory.mktemp("fixed") / "root")
    shutil.rmtree(copy / "embeddings")
    ended = program.run("--root", copy, "--suffix=sample", "--cluster=false", "--fixed_size_lists")
    assert ended.code == 0, ended.errors
    return copy


@pytest.fixture
def install(tmp_path) -> Iterator[Callable[[str], Path]]:
    """Return install(heading): make an environment for a recipe, and return its folder bin.

    The environment goes with the test, because pytest would keep it.
    """
    uv, environment = REPOSITORY / ".venv" / "bin" / "uv", tmp_path / "environment"

    def install(heading: str) -> Path:
        python = environment / "bin" / "python"
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, environment], check=True)
        subprocess.run(
            [uv, "pip", "install", "--quiet", "--system-certs", "--python", python,
             "--require-hashes", "-r", requirements(heading, ".txt")], check=True,
        )  # fmt: skip
        return python.parent

    yield install
    shutil.rmtree(environment, ignore_errors=True)


@pytest.mark.parametrize(
    "heading", [pytest.param(h, marks=[pytest.mark.long] * (h == HEAVY)) for h in SAYS]
)
def test_a_recipe_prints_what_it_promises(heading, root, fixed, install):
    python = install(heading) / "python"
    for folder in (root, fixed):
        for piece, says in zip(code(heading), SAYS[heading], strict=True):
            done = subprocess.run([python, "-c", piece], cwd=folder, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            assert re.search(says, done.stdout), done.stdout


@pytest.fixture
def atlas(root, install, until, tmp_path) -> Iterator[str]:
    """Run the command of Embedding Atlas; return the address of its page once it answers."""
    (line,) = code("Embedding Atlas", "sh")
    uvx, package, *arguments = shlex.split(line)
    # uvx would take what is newest today, without hashes. The environment here has what is pinned.
    name, version = package.split("@")
    assert uvx == "uvx"
    assert f"\n{name}=={version} " in requirements("Embedding Atlas", ".txt").read_text()
    command = [install("Embedding Atlas") / name, *arguments]
    # With a place for each chain it needs no model. If it asks for one all the same, it fails.
    alone = {"HF_HUB_OFFLINE": "1", "XDG_CACHE_HOME": tmp_path / "cache", "PYTHONUNBUFFERED": "1"}
    log = tmp_path / "log"
    with log.open("w") as out:
        serving = subprocess.Popen(
            command, cwd=root, env=os.environ | alone, stdin=subprocess.DEVNULL, stdout=out,
            stderr=subprocess.STDOUT,
        )  # fmt: skip

    def address() -> str | None:
        """Return the address if the server answers there."""
        assert serving.poll() is None, log.read_text()
        # It takes the next port if its own is in use, and says which.
        if not (said := re.search(r"http://localhost:\d+", log.read_text())):
            return None
        try:
            get(f"{said[0]}/data/metadata.json")
        except ConnectionRefusedError:
            return None
        return said[0]

    try:
        yield until(address)
    finally:
        serving.kill()
        serving.wait()


def get(url: str) -> bytes:
    """Return what a server of this machine sends, without a proxy."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=60)
    try:
        connection.request("GET", parts.path)
        response = connection.getresponse()
        assert response.status == 200, url
        return response.read()
    finally:
        connection.close()


@pytest.mark.long
def test_embedding_atlas_opens_the_points(chromium, atlas, root, until):
    points = pq.read_table(root / "clusters" / "sample" / "points.parquet")
    assert points.num_rows == 300
    served = pq.read_table(io.BytesIO(get(f"{atlas}/data/dataset.parquet")))
    assert served.select(points.column_names).to_pylist() == points.to_pylist()
    data = json.loads(get(f"{atlas}/data/metadata.json"))["props"]["data"]
    assert (data["projection"]["x"], data["projection"]["y"], data["text"]) == ("x", "y", "title")
    driver = chromium("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
    driver.get(atlas)
    body = driver.find_element(By.TAG_NAME, "body")
    until(lambda: "300 / 300 points" in " ".join(body.text.split()), 120)
    until(lambda: driver.find_elements(By.TAG_NAME, "canvas"))
    events = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    fetched = [
        urlsplit(event["params"]["request"]["url"])
        for event in events
        if event["method"] == "Network.requestWillBeSent"
    ]
    # Nothing that it shows comes from another machine.
    assert {f"{url.scheme}://{url.netloc}" for url in fetched if "http" in url.scheme} == {atlas}
