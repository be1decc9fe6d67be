"""What a clustering left out, and why: files, the texts of files, columns.

A file that cannot take part never ends the clustering of the others. `Findings` notes it, and the
run names it at its end.
"""

import json
import logging
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, field

from threadloom.cluster.files.atomic_write import write_text
from threadloom.cluster.files.columns import printable

FORMAT = 1
# What is left out: the file with all of its rows, or only its texts.
FILE, TEXTS = "file", "texts"
# How many files a message names.
_NAMED = 3

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class LeftOut:
    """A file that could not take part.

    file: the path as `shown` gives it. part: "file", or "texts" if its vectors take part and only
    its texts cannot be read. passing: the system refused, so the next try may succeed.
    """

    file: str
    reason: str
    part: str = FILE
    passing: bool = False

    def __str__(self) -> str:
        """Return it as a part of a message."""
        only = "its texts are left out: " if self.part == TEXTS else ""
        return f"{self.file}: {only}{self.reason}"


@dataclass
class Findings:
    """The problems that came up while the files were read."""

    left_out: list[LeftOut] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def leave_out(self, path: str, why: object, part: str = FILE) -> None:
        """Note a file that cannot take part; `why` is the reason or the exception."""
        passing = bool(getattr(why, "passing", False))
        self.left_out.append(LeftOut(shown(path), str(why), part, passing))

    def warn(self, text: str) -> None:
        """Note something else that a reader of the results should know."""
        self.warnings.append(text)

    def lines(self) -> list[str]:
        """Return everything as warnings, one line each; the line on files names the first few."""
        return [*self.warnings, *([sentence(self.left_out)] if self.left_out else [])]

    def log(self, group: str) -> None:
        """Write the warnings to the log."""
        for line in self.lines():
            _LOG.warning("%s: %s", group, line)


class NothingLeft(ValueError):
    """None of the files can take part; `left_out` says why."""

    def __init__(self, left_out: list[LeftOut]) -> None:
        """Take the files, at least one."""
        super().__init__(f"no file can take part: {sentence(left_out)}")
        self.left_out = left_out


def sentence(left_out: list[LeftOut]) -> str:
    """Return "3 files are left out: …", with the names and reasons of the first few."""
    files = count(left_out)
    named = "; ".join(map(str, left_out[:_NAMED]))
    more = f"; and {len(left_out) - _NAMED} more" if len(left_out) > _NAMED else ""
    return f"{files} {'file is' if files == 1 else 'files are'} left out: {named}{more}"


def count(left_out: list[LeftOut]) -> int:
    """Return how many files these are."""
    return len({f.file for f in left_out})


def shown(path: str) -> str:
    r"""Return a path as one line of text, with \xe9 and the like for bytes that are not UTF-8."""
    return printable(os.fsencode(path).decode(errors="backslashreplace"))


def as_list(left_out: list[LeftOut]) -> list[dict]:
    """Return the files for a JSON report."""
    return [{k: v for k, v in asdict(f).items() if k != "passing"} for f in left_out]


def write_list(path: str, left_out: list[LeftOut]) -> None:
    """Write all files that were left out as JSON, or remove an earlier list if there are none."""
    if left_out:
        content = {"format": FORMAT, "left_out": as_list(left_out)}
        write_text(path, json.dumps(content, indent=2) + "\n")
        return
    with suppress(FileNotFoundError):
        os.unlink(path)
