"""Skips because a machine lacks something are named, and fail in CI; set-up brings the servers."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
GO = """package thing

import "testing"

func TestSkipped(t *testing.T) {
	t.Log("this is no reason")
	t.Skip("no thing on this machine: apt-get install thing")
}

func TestPasses(t *testing.T) {}
"""
PYTHON = """import pytest

@pytest.mark.parametrize("number", range(2))
def test_skipped(number):
    pytest.skip("no other on this machine: apt-get install other")

@pytest.mark.xfail(reason="it is known to fail")
def test_fails():
    assert False
"""


@pytest.fixture
def named(tmp_path):
    """Return named(CI=…): the exit code and the lines that name the skips of a folder."""

    def named(**environment: str) -> tuple[int, list[str]]:
        rest = {name: value for name, value in os.environ.items() if name != "CI"}
        command = [sys.executable, REPOSITORY / ".ci" / "skips.py", tmp_path]
        done = subprocess.run(command, capture_output=True, text=True, env=rest | environment)
        assert done.stderr == ""
        return done.returncode, done.stdout.splitlines()

    return named


@pytest.fixture
def go_report(tmp_path):
    """Run a Go test that is skipped as `make test` runs Go's tests."""
    (tmp_path / "go.mod").write_text("module thing\n")
    (tmp_path / "thing_test.go").write_text(GO)
    (program,) = (REPOSITORY / "build" / "bin").glob("gotestsum-*")
    command = [program, "--junitfile=go.xml", "--", "./..."]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)


@pytest.fixture
def python_report(tmp_path):
    """Run Python tests that are skipped as `make test` runs Python's tests."""
    (tmp_path / "test_thing.py").write_text(PYTHON)
    command = [sys.executable, "-m", "pytest", "-q", "--junitxml=python.xml", "test_thing.py"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)


def test_skips_of_both_languages_are_named(go_report, python_report, named):
    assert named() == (
        0,
        [
            "skipped 2 tests: no other on this machine: apt-get install other",
            "skipped 1 test: no thing on this machine: apt-get install thing",
        ],
    )


def test_what_no_command_brings_is_no_failure_in_ci(tmp_path, named):
    (tmp_path / "test_thing.py").write_text(PYTHON.replace("apt-get install other", "no swapping"))
    command = [sys.executable, "-m", "pytest", "-q", "--junitxml=python.xml", "test_thing.py"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    assert named(CI="1") == (0, ["skipped 2 tests: no other on this machine: no swapping"])


@pytest.mark.parametrize("report", ["go_report", "python_report"])
def test_a_skip_is_a_failure_in_ci(request, report, named):
    request.getfixturevalue(report)
    code, lines = named(CI="1")
    assert code == 1
    assert lines[-1].startswith("error: ")


def test_no_skip_is_no_failure_in_ci(tmp_path, named):
    (tmp_path / "go.xml").write_text("<testsuites><testsuite><testcase/></testsuite></testsuites>")
    assert named(CI="1") == (0, [])


@pytest.mark.parametrize("kind", ["redis", "valkey"])
def test_set_up_brings_servers_that_the_machine_lacks(start_redis, kind, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv(f"{kind.upper()}_SERVER", raising=False)
    assert Path(start_redis(kind).program) == REPOSITORY / ".venv" / "bin" / f"{kind}-server"
