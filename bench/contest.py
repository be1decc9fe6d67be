"""Contenders in processes of their own (see `child.py`); one computes at a time."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import product

WARM_UP = 64  # texts in the first request to each contender, which does not count


class Skipped(Exception):
    """A contender that cannot take part; the message is one line that says why."""


@dataclass(frozen=True)
class Contender:
    """A name and how to get the command that starts it; `prepare` may raise Skipped."""

    name: str
    prepare: Callable[[], list[str | Path]]
    ours: bool = False


@dataclass(frozen=True)
class Turn:
    """What one contender did in one round."""

    seconds: float
    peak_rss_mb: float
    vectors: np.ndarray  # float32[texts, dimension]


class Child:
    """A contender's process. Its model is loaded when the constructor returns."""

    def __init__(self, contender: Contender) -> None:
        """Start the process; raise Skipped if it ends instead of getting ready."""
        self.contender = contender
        command = contender.prepare()
        self._scratch = tempfile.TemporaryDirectory()
        self._errors = Path(self._scratch.name) / "errors.txt"
        with self._errors.open("wb") as errors:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                encoding="utf-8",
            )
        self.description = self._answer()["ready"]

    def embed(self, texts: list[str]) -> Turn:
        """Have texts embedded, and wait for it."""
        out = Path(self._scratch.name) / "vectors.f32"
        self._process.stdin.write(json.dumps({"texts": texts, "out": str(out)}) + "\n")
        self._process.stdin.flush()
        answer = self._answer()
        vectors = np.fromfile(out, np.float32).reshape(len(texts), -1)
        return Turn(answer["seconds"], product.memory(self._process.pid, "VmHWM"), vectors)

    def close(self) -> None:
        """Let the process end."""
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
        self._scratch.cleanup()

    def _answer(self) -> dict:
        line = self._process.stdout.readline()
        if line:
            return json.loads(line)
        code = self._process.wait()
        said = self._errors.read_text(encoding="utf-8", errors="replace")
        self.close()
        raise Skipped(last_line(said) or f"ended with exit code {code}")


def start_all(contenders: list[Contender], texts: list[str]) -> list[Child]:
    """Start the contenders one after the other and warm them up; print which are skipped."""
    children = []
    some = spread(texts, WARM_UP)
    for contender in contenders:
        try:
            child = Child(contender)
            child.embed(some)
        except Skipped as reason:
            print(f"{contender.name}: skipped: {reason}", flush=True)
            continue
        print(f"{contender.name}: {child.description}", flush=True)
        children.append(child)
    return children


def spread(items: list, number: int) -> list:
    """Return `number` of the items, or all if there are fewer, spread evenly."""
    number = min(number, len(items))
    return [items[i * len(items) // number] for i in range(number)]


def python(module: str, *arguments: str, interpreter: Path | str = sys.executable) -> list:
    """Return the command of a contender in Python."""
    return [interpreter, Path(__file__).with_name("child.py"), module, *arguments]


def checked(what: str, command: list, **environment: str) -> None:
    """Run a command that prepares a contender; raise Skipped if it fails."""
    done = subprocess.run(
        command,
        cwd=product.REPOSITORY,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    if done.returncode:
        raise Skipped(f"{what}: {last_line(done.stdout)}")


def last_line(text: str) -> str:
    """Return the last line that is not blank."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""
