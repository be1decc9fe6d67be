"""The recipes of docs/recipes.md give what they promise, with the bundled sample."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
# These run in environments of their own. Those of HEAVY take gigabytes: make test-long.
APART = ("LanceDB", "Qdrant", "BERTopic")
HEAVY = ("BERTopic",)
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


def recipes() -> dict[str, list[str]]:
    """Return the Python code of each recipe, by its heading."""
    parts = re.split(r"^## ", (REPOSITORY / "docs" / "recipes.md").read_text(), flags=re.M)[1:]
    found = {part.split("\n", 1)[0]: re.findall(r"```python\n(.*?)```", part, re.S)
             for part in parts}  # fmt: skip
    return {heading: code for heading, code in found.items() if code}


def test_every_recipe_is_tried():
    assert {heading: len(code) for heading, code in recipes().items()} == {
        heading: len(says) for heading, says in SAYS.items()
    }


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


def check(python: Path | str, heading: str, root: Path) -> None:
    """Run a recipe and look at what it prints."""
    for code, says in zip(recipes()[heading], SAYS[heading], strict=True):
        done = subprocess.run([python, "-c", code], cwd=root, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert re.search(says, done.stdout), done.stdout


@pytest.mark.parametrize("heading", [h for h in SAYS if h not in APART])
def test_a_recipe(heading, root, fixed):
    check(sys.executable, heading, root)
    if heading != "pandas":  # which reads no vectors
        check(sys.executable, heading, fixed)


@pytest.mark.parametrize(
    "heading", [pytest.param(h, marks=[pytest.mark.long] * (h in HEAVY)) for h in APART]
)
def test_a_recipe_in_an_environment_of_its_own(heading, root, fixed, tmp_path):
    uv = REPOSITORY / ".venv" / "bin" / "uv"
    python = tmp_path / "bin" / "python"
    locked = REPOSITORY / "requirements" / "recipes" / f"{heading.lower()}.txt"
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, tmp_path], check=True)
    subprocess.run(
        [uv, "pip", "install", "--quiet", "--system-certs", "--python", python, "--require-hashes",
         "-r", locked], check=True,
    )  # fmt: skip
    for folder in (root, fixed):
        check(python, heading, folder)
