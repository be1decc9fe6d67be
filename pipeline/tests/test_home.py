"""A program that is not started from its checkout finds what set-up made."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def installed(program, tmp_path) -> Path:
    """Return a copy of the program in a folder with symbolic links to what set-up made."""
    folder = tmp_path / "installed"
    folder.mkdir()
    for part in ("build", ".venv"):
        (folder / part).symlink_to(REPOSITORY / part)
    return Path(shutil.copy(program.path, folder / "threadloom"))


def settings(path: Path, *flags: object, **variables: str) -> dict[str, str]:
    """Return the settings that hold for a program which is started in a folder without parts."""
    done = subprocess.run(
        [path, "config", "--json", *map(str, flags)],
        capture_output=True,
        text=True,
        cwd="/",
        env={**os.environ, **variables},
        check=True,
    )
    return {s["name"]: s["value"] for s in json.loads(done.stdout)["settings"]}


def test_a_copy_beside_links_to_the_parts_uses_them(installed, tmp_path, copy_sample):
    home = installed.parent
    found = settings(installed)
    assert found["home"] == str(home)
    assert found["model"] == str(home / "build" / "models" / "all-MiniLM-L6-v2")
    assert found["native_dir"] == str(home / "build" / "lib")
    assert found["python"] == str(home / ".venv" / "bin" / "python")
    assert found["root"] == str(home / "build" / "sample")

    root = tmp_path / "root"
    copy_sample(root)
    flags = ("--root", root, "--suffix=sample", "--cluster=false", "--json")
    run = subprocess.run([installed, *map(str, flags)], capture_output=True, text=True, cwd="/")
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["files_done"] == 12
    (record,) = (root / "embeddings" / "sample" / "_runs").iterdir()
    assert json.loads(record.read_text())["settings"]["model"].startswith(str(home))


def test_a_link_to_the_copy_finds_its_parts(installed, tmp_path):
    link = tmp_path / "bin" / "threadloom"
    link.parent.mkdir()
    link.symlink_to(installed)
    assert settings(link)["home"] == str(installed.parent)


def test_a_copy_alone_finds_where_it_was_compiled(program, tmp_path):
    alone = Path(shutil.copy(program.path, tmp_path / "threadloom"))
    assert settings(alone)["home"] == str(REPOSITORY)


def test_the_flag_goes_before_the_variable_and_that_before_the_programs_folder(installed, tmp_path):
    flag, variable = tmp_path / "flag", tmp_path / "variable"
    for folder in (flag, variable):
        for part in ("lib", "models"):
            (folder / "build" / part).mkdir(parents=True)
    assert settings(installed, THREADLOOM_HOME=str(variable))["home"] == str(variable)
    both = settings(installed, "--home", flag, "--root", tmp_path, THREADLOOM_HOME=str(variable))
    assert both["home"] == str(flag)
    assert both["model"] == str(flag / "build" / "models" / "all-MiniLM-L6-v2")


def test_a_home_that_is_none_is_one_line_and_exit_2(program, tmp_path, monkeypatch):
    ended = program.run("--home", tmp_path)
    assert ended.code == 2
    assert len(ended.errors.splitlines()) == 1
    assert f"--home {tmp_path}" in ended.errors
    assert "build/lib and build/models" in ended.errors
    monkeypatch.setenv("THREADLOOM_HOME", str(tmp_path))
    assert "--home is from THREADLOOM_HOME" in program.run().errors
