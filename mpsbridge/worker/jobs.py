"""Jobs and paths, read as strictly as ``mpsbridge/job.go`` and ``pathmap.go`` do."""

import json
import posixpath
from dataclasses import dataclass

from threadloom.worker.codes import BAD_JOB, Refused

MAX_JOB_BYTES = 64 << 10  # more than two paths need


@dataclass(frozen=True)
class Job:
    """One file to embed. Its paths are absolute, as the producer sees them."""

    raw: bytes
    input_path: str
    output_path: str


def parse(raw: bytes) -> Job:
    """Read a job; Refused unless it has the two keys with safe paths and nothing else."""
    if len(raw) > MAX_JOB_BYTES:
        raise Refused(BAD_JOB, "a job longer than 64 KiB")
    try:
        values = json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError):
        raise Refused(BAD_JOB, "a job that is not JSON") from None
    if not isinstance(values, dict):
        raise Refused(BAD_JOB, "a job that is not an object")
    for name in ("input_path", "output_path"):
        if name not in values:
            raise Refused(BAD_JOB, f"a job without {name}")
        if not isinstance(values[name], str):
            raise Refused(BAD_JOB, f"a job whose {name} is not a string")
    for name in values:
        if name not in ("input_path", "output_path"):
            raise Refused(BAD_JOB, f"a job with the unknown key {name}")
    for name, path in values.items():
        if reason := _fault(path):
            raise Refused(BAD_JOB, f"a job whose {name} {reason}")
    return Job(raw, values["input_path"], values["output_path"])


def _fault(path: str) -> str:
    if not path.startswith("/"):
        return "is not absolute"
    if ".." in path.split("/"):
        return "has .. in it"
    if "\0" in path:
        return "has a NUL byte"
    if any(0xD800 <= ord(c) < 0xE000 for c in path):
        return "is not UTF-8"
    return "" if path.endswith(".parquet") else "does not end in .parquet"


class PathMap:
    """Translates paths of the producer into those of this machine."""

    def __init__(self, pairs: list[str]):
        """Read FROM=TO pairs of absolute folders; ValueError, in one line, if one is wrong."""
        self._pairs: dict[str, str] = {}
        for pair in pairs:
            start, equals, target = pair.partition("=")
            if not equals:
                raise ValueError(f"{pair}: want FROM=TO")
            for folder in (start, target):
                if not folder.startswith("/"):
                    raise ValueError(f"{folder} is not absolute")
            start = posixpath.normpath(start)
            if start in self._pairs:
                raise ValueError(f"{start} is mapped twice")
            self._pairs[start] = posixpath.normpath(target)

    def map(self, path: str) -> str:
        """Return what this machine calls a path; the longest FROM above it decides."""
        folder = longest(path, self._pairs)
        if folder is None:
            return path
        rest = path.removeprefix(folder).removeprefix("/")
        target = self._pairs[folder]
        return f"{target.removesuffix('/')}/{rest}" if rest else target


def longest(path: str, folders) -> str | None:
    """Return the longest of some folders above a path, by whole components; None if none is."""
    holding = [f for f in folders if path == f or path.startswith(f.removesuffix("/") + "/")]
    return max(holding, key=len, default=None)
