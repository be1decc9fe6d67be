"""Flags, environment and settings file: which one counts, and what `pipeline config` says."""

import json
import os
import subprocess
from pathlib import Path

import pyarrow.parquet as pq
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
    assert "THREADLOOM_SUFIX is in the environment but is not a setting" in text
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


@pytest.mark.parametrize("command", ["run", "plan"])
def test_a_column_to_keep_that_no_file_has_is_refused(call, root, command):
    file = root / "threadloom.toml"
    file.write_text('suffix = "sample"\ncluster = false\nkeep = ["chain_id", "titel"]\n')
    done = call({}, command, "--root", root)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert 'a scalar column "titel" (did you mean title?)' in line
    assert '"chain_id"' in line and line.endswith(f"(--keep is from {file})")
    assert not (root / "embeddings").exists()


def test_an_empty_list_to_keep_keeps_all(call, root):
    (root / "threadloom.toml").write_text('suffix = "sample"\ncluster = false\nkeep = []\n')
    done = call({}, "--root", root, "--mps_subreddits=", "--json")
    assert done.returncode == 0, done.stderr
    output = next((root / "embeddings" / "sample").glob("*/*.parquet"))
    assert {"chain_id", "title", "embedding"} <= set(pq.read_schema(output).names)


def test_null_is_no_list_of_subreddits(call, root):
    (root / "subreddits_list.json").write_text("null")
    done = call({}, "plan", "--root", root, "--suffix=sample")
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1
    assert "list of subreddits" in done.stderr


def test_a_misspelt_variable_is_told(call, root):
    environment = {"THREADLOOM_SUFIX": "x", "THREADLOOM_CORPUS": "/x"}
    for command in ("plan", "verify", "doctor", "assign", "queue"):
        done = call(environment, command, "--root", root / "missing")
        assert done.stderr.splitlines()[0] == (
            "warning: THREADLOOM_SUFIX is in the environment but is not a setting"
            " (did you mean THREADLOOM_SUFFIX?)"
        )


def test_assign_reads_the_file_and_its_own_model(call, root):
    file = root / "threadloom.toml"
    file.write_text('suffix = "of the file"\nmodel = "/the/one/that/embeds"\nprecision = "bf16"\n')
    done = call({"THREADLOOM_MODEL": "/x"}, "assign", "--root", root, "--model=/nowhere")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "nothing is embedded in" in line and "of the file" in line
    assert line.endswith(f"(--suffix is from {file})")


@pytest.mark.parametrize("command", ["run", "plan", "queue"])
def test_a_redis_url_that_is_ambiguous_is_refused_without_the_password(call, root, command):
    (root / "threadloom.toml").write_text('redis = "redis://me:left/right@node1"\n')
    flags = () if command == "queue" else ("--suffix=sample", "--mps_share=0.5")
    done = call({}, command, "--root", root, *flags)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: --redis: it can be read in more than one way")
    assert line.endswith(f"(--redis is from {root / 'threadloom.toml'})")
    assert "left" not in line and "right" not in line


def test_folders_are_made_as_the_umask_says(program, root):
    command = f"umask 002; exec '{program.path}' --root '{root}' --suffix=sample --cluster=false"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    outputs = root / "embeddings"
    folders = [outputs, *(p for p in outputs.rglob("*") if p.is_dir())]
    assert len(folders) > 2
    assert {oct(p.stat().st_mode & 0o777) for p in folders} == {"0o775"}


def test_a_completion_names_the_program(call):
    done = call({}, "completion", "bash", "threadloom")
    assert done.returncode == 0
    assert "__start_threadloom threadloom" in done.stdout  # what cobra's script ends with
    assert call({}, "completion", "tcsh").returncode == 2
    assert call({}, "completion", "bash", "x; rm -rf").returncode == 2
