"""What `pipeline doctor` finds on a machine that is well, and on one that is not."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest


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
