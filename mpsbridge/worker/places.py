"""Find the files of a job on this machine, and check whether this worker may touch them."""

import contextlib
import json
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from threadloom.worker.codes import NOT_VISIBLE, OUTSIDE_ROOT, Failure, Refused
from threadloom.worker.jobs import Job, PathMap, longest

NONCE_FILE = ".threadloom-nonce"
LATE_ENTRIES = 5.0  # seconds until a file that another machine wrote is visible (NFS)


class NotHere(Exception):
    """A job that this worker cannot do, but others may; the message is one line."""


@dataclass(frozen=True)
class Settings:
    """How a run embeds. The defaults are for jobs that somebody put in by hand."""

    text_column: str = "text"
    keep: tuple[str, ...] = ()  # empty: all scalar columns
    fixed_size_lists: bool = False  # how Arrow's readers see the vectors
    prompt: str = ""
    long_text: str = "truncate"  # or "chunk"
    model: dict = field(default_factory=dict)  # facts that this worker's model must have

    @property
    def chunked(self) -> bool:
        """Return whether long texts are read in chunks."""
        return self.long_text == "chunk"


@dataclass(frozen=True)
class Below:
    """A file below a root; its path has no links.

    If there is a link when the file is opened, somebody put it there since. It is not followed.
    """

    root: str
    path: str

    @property
    def name(self) -> str:
        """Return the file's name in its folder."""
        return os.path.basename(self.path)

    def open_folder(self, make: bool = False) -> int:
        """Return a descriptor of the file's folder; OSError if a link is on the way."""
        here = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY)
        for name in os.path.relpath(os.path.dirname(self.path), self.root).split("/"):
            above = here
            try:
                if make:
                    with contextlib.suppress(FileExistsError):
                        os.mkdir(name, dir_fd=above)
                here = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=above)
            finally:
                os.close(above)
        return here

    def open(self) -> BinaryIO:
        """Open the file for reading."""
        folder = self.open_folder()
        try:
            return os.fdopen(os.open(self.name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=folder), "rb")
        finally:
            os.close(folder)


@dataclass(frozen=True)
class Work:
    """A job on this machine."""

    job: Job
    input: Below
    output: Below
    settings: Settings


class Places:
    """The folders that this worker may read and write."""

    def __init__(self, roots: list[str], paths: PathMap):
        """Take the folders as they are named; links in them are followed later."""
        self._roots = [os.path.abspath(root) for root in roots]
        self._paths = paths

    def resolve(self, job: Job, runs: dict[str, str]) -> Work:
        """Return the job's files on this machine.

        runs: the settings of each run (JSON) by its output folder. Raises NotHere if the folder is
        not mounted or not this worker's, and Refused if the paths lead out of the roots.
        """
        run = longest(job.output_path, runs)
        settings = self._settings(run, runs[run]) if run else Settings()
        source, target = self._paths.map(job.input_path), self._paths.map(job.output_path)
        for path in (source, target):
            if longest(path, self._roots) is None:
                if run:
                    raise NotHere(f"{path} is not below --root (--path_map may be missing)")
                raise Refused(OUTSIDE_ROOT, f"{path} is outside --root")
        folder, name = os.path.split(target)
        output = self._below(folder)
        output = Below(output.root, os.path.join(output.path, name))
        return Work(job, self._below(source), output, settings)

    def _below(self, path: str) -> Below:
        real = os.path.realpath(path)
        root = longest(real, map(os.path.realpath, self._roots))
        if root is None:
            raise Refused(OUTSIDE_ROOT, f"{path} leads outside --root")
        return Below(root, real)

    def _settings(self, run: str, text: str) -> Settings:
        folder = self._paths.map(run)
        facts = _facts(run, text)
        try:
            seen = Path(folder, NONCE_FILE).read_text(encoding="utf-8").strip()
        except OSError:
            raise NotHere(f"{folder} has no {NONCE_FILE}: it is not mounted here") from None
        if seen != facts.get("nonce"):
            raise NotHere(f"{folder} is another folder than the pipeline's: wrong nonce")
        others = ("nonce", "text_column", "keep", "fixed_size_lists", "prompt", "long_text",
                  "version")  # fmt: skip
        model = {k: v for k, v in facts.items() if k not in others}
        return Settings(
            facts.get("text_column", "text"), tuple(facts.get("keep") or ()),
            facts.get("fixed_size_lists", False), facts.get("prompt", ""),
            facts.get("long_text", "truncate"), model,
        )  # fmt: skip


def _facts(run: str, text: str) -> dict:
    """Read a run's settings; NotHere if this worker would make other outputs than the run."""
    try:
        facts = json.loads(text)
    except (ValueError, RecursionError):
        raise NotHere(f"the settings of {run} are not JSON") from None
    if not isinstance(facts, dict):
        raise NotHere(f"the settings of {run} are not a JSON object")
    for name in ("text_column", "prompt", "model"):
        if not isinstance(facts.get(name, ""), str):
            raise NotHere(f"the settings of {run}: {name} is not a string")
    if (long := facts.get("long_text", "truncate")) not in ("truncate", "chunk"):
        raise NotHere(f"the settings of {run}: this worker does not know the long_text {long!r}")
    if not isinstance(facts.get("fixed_size_lists", False), bool):
        raise NotHere(f"the settings of {run}: fixed_size_lists is neither true nor false")
    keep = facts.get("keep") or []
    if not isinstance(keep, list) or not all(isinstance(name, str) for name in keep):
        raise NotHere(f"the settings of {run}: keep is not a list of strings")
    return facts


def wait_for(path: str, seconds: float = LATE_ENTRIES) -> None:
    """Wait until a file that another machine wrote is visible; Failure if it takes too long."""
    end = time.monotonic() + seconds
    while not os.path.exists(path):
        if time.monotonic() > end:
            raise Failure(NOT_VISIBLE, f"this worker sees no file {path}")
        if os.path.isdir(os.path.dirname(path)):
            os.listdir(os.path.dirname(path))  # makes NFS look again
        time.sleep(0.2)
