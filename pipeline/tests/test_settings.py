"""Flags, environment and settings' file: which one holds, and what `pipeline config` says."""

import json
import os
import subprocess
from pathlib import Path

import pytest


@pytest.fixture
def root(tmp_path, copy_sample) -> Path:
    return copy_sample(tmp_path)


@pytest.fixture
def call(program):
    """Return call(environment, argument, …): how the program ended."""

    def call(environment: dict, *arguments: object) -> subprocess.CompletedProcess:
        return subprocess.run(
            [program.path, *map(str, arguments)],
            capture_output=True,
            text=True,
            env={**os.environ, **environment},
        )

    return call


def test_a_run_takes_its_settings_from_file_and_environment(call, root):
    (root / "threadloom.toml").write_text('suffix = "sample"\ncluster = false\nprompt = "file: "\n')
    done = call({"THREADLOOM_ROOT": str(root), "THREADLOOM_PROMPT": "environment: "}, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["files_done"] == 12
    (record,) = (root / "embeddings" / "sample" / "_runs").iterdir()
    assert json.loads(record.read_text())["settings"]["prompt"] == "environment: "


def test_config_says_what_holds_and_from_where_without_secrets(call, root):
    file = root / "threadloom.toml"
    file.write_text('suffix = "sample"\nredis = "redis://me:secret@node1:6379"\n')
    arguments = ("config", "--root", root, "--progress=none")
    environment = {"THREADLOOM_PRECISION": "bf16", "THREADLOOM_SUFIX": "x"}
    done = call(environment, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    shown = {s["name"]: (s["value"], s["from"]) for s in json.loads(done.stdout)["settings"]}
    assert shown["suffix"] == ("sample", str(file))
    assert shown["precision"] == ("bf16", "environment")
    assert shown["progress"] == ("none", "flag")
    assert shown["runner"] == ("prism", "default")
    assert shown["subreddits"] == (str(root / "subreddits_list.json"), "default")
    assert shown["redis"] == ("redis://me:xxxxx@node1:6379", str(file))
    assert "THREADLOOM_SUFIX" in json.loads(done.stdout)["unknown_variables"]
    text = call(environment, *arguments).stdout
    assert "THREADLOOM_SUFIX is in the environment and is no setting" in text
    assert "secret" not in done.stdout + text


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('sufix = "x"', '"sufix"'),
        ("suffix", "line 1"),
        ('suffix = "sample"\ntoken_budget = -1', "--token_budget"),
    ],
)
def test_a_wrong_file_is_one_line_and_exit_2(call, root, line, says):
    (root / "threadloom.toml").write_text(line + "\n")
    done = call({}, "--root", root, "--cluster=false")
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert says in done.stderr


def test_a_completion_names_the_program(call):
    done = call({}, "completion", "bash", "threadloom")
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "complete -F _threadloom threadloom"
    assert call({}, "completion", "tcsh").returncode == 2
    assert call({}, "completion", "bash", "x; rm -rf").returncode == 2
