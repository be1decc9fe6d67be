"""What `pipeline doctor` finds on a machine that is well, and on one that is not."""

import ast
import json
import re
import shutil
import subprocess
import sys
import tomllib
import venv
from importlib import metadata
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def doctor(program):
    """Return doctor(flag, …): the exit code and the findings by name and status."""

    def doctor(*flags: object) -> tuple[int, list[dict]]:
        done = subprocess.run(
            [program.path, "doctor", "--json", *map(str, flags)], capture_output=True, text=True
        )
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    return doctor


@pytest.fixture
def root(tmp_path, copy_sample) -> Path:
    return copy_sample(tmp_path)


def of(findings: list[dict], name: str) -> list[dict]:
    return [finding for finding in findings if finding["name"] == name]


def failed(findings: list[dict]) -> set[str]:
    for finding in findings:
        assert finding["status"] == "ok" or finding["do"], finding
    return {finding["name"] for finding in findings if finding["status"] == "fail"}


def test_a_machine_that_is_well_has_no_failures(doctor, root):
    before = sorted(root.rglob("*"))
    code, findings = doctor("--root", root, "--suffix=sample", "--cluster=false")
    assert (code, failed(findings)) == (0, set())
    engine = [finding["text"] for finding in of(findings, "engine")]
    assert "every operation was run by" in engine[0]
    assert "the golden vector comes out" in engine[1]
    assert not of(findings, "redis") + of(findings, "flink") + of(findings, "python")
    assert sorted(root.rglob("*")) == before


def test_each_failure_says_what_to_do(doctor, program, root, tmp_path):
    model = tmp_path / "model"
    shutil.copytree(program.path.parent / "models" / "all-MiniLM-L6-v2", model)
    with (model / "tokenizer.json").open("a") as file:
        file.write(" ")
    (root / "subreddits_list.json").write_text("[")
    code, findings = doctor(
        *("--root", root, "--suffix=gone", "--model", model, "--python=/nowhere"),
        *("--redis=redis://me:secret@127.0.0.1:1", "--flink_master=127.0.0.1:1"),
    )
    assert code == 1
    assert failed(findings) >= {
        *("model", "library", "engine", "folder", "list", "python", "redis", "flink", "settings"),
    }
    assert "secret" not in json.dumps(findings)


def test_the_text_has_a_line_for_each_finding(program, root):
    done = subprocess.run(
        [program.path, "doctor", "--root", root, "--suffix=sample", "--python=/nowhere"],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    assert all(line.split()[0] in ("ok", "warn", "fail", "→") for line in lines)
    at = next(i for i, line in enumerate(lines) if line.startswith("fail  python"))
    assert "make setup" in lines[at + 1]


def needed() -> set[str]:
    """Return what pyproject.toml says that clustering needs."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    named = project["dependencies"] + project["optional-dependencies"]["cluster"]
    return {re.match(r"[\w.-]+", line).group() for line in named}


def test_all_packages_of_the_python_side_are_named(doctor, root):
    _, findings = doctor("--root", root, "--suffix=sample", "--python", sys.executable)
    (python,) = of(findings, "python")
    assert python["status"] == "ok"
    installed = metadata.requires("threadloom")  # as set-up has left it
    assert {name for name in needed() if any(line.startswith(name) for line in installed)} == {
        part.split()[0] for part in python["text"].split(": ", 1)[1].split(", ")
    } - {"python", "threadloom"}


def test_missing_packages_are_named_with_what_to_do(doctor, root, tmp_path):
    gone = {"bokeh", "evoc", "matplotlib"}
    venv.create(tmp_path / "venv", symlinks=True)
    (site,) = (tmp_path / "venv" / "lib").glob("*/site-packages")
    for name in needed() | {"threadloom"}:
        if name not in gone:
            facts = Path(metadata.distribution(name)._path)
            (site / facts.name).symlink_to(facts)
    (site / "threadloom" / "cluster").mkdir(parents=True)
    python = tmp_path / "venv" / "bin" / "python"
    code, findings = doctor("--root", root, "--suffix=sample", "--python", python)
    (found,) = of(findings, "python")
    assert (code, found["status"]) == (1, "fail")
    assert found["text"].endswith("lacks bokeh, evoc, matplotlib")
    assert "make setup" in found["do"] and "--cluster=false" in found["do"]
    shutil.rmtree(site / "threadloom")
    _, findings = doctor("--root", root, "--suffix=sample", "--python", python)
    assert of(findings, "python")[0]["text"].endswith("lacks threadloom")


def test_what_the_python_side_imports_is_what_it_says_it_needs():
    imported = set()
    for path in (REPOSITORY / "cluster").rglob("*.py"):
        if "tests" in path.parts or path.name == "palette.py":  # only `make palette` runs it
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(node.module.split(".")[0])
    imported -= sys.stdlib_module_names | {"threadloom", "cuml"}  # cuml comes with RAPIDS
    packages = metadata.packages_distributions()
    assert imported >= {"numpy", "umap"}
    assert {n for n in imported if not needed() & set(packages.get(n, []))} == set()
