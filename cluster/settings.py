"""The settings of the step, the paths of its results, and the fingerprint of both."""

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from threadloom.cluster.files.points import TIME_COLUMN
from threadloom.cluster.methods import registry
from threadloom.cluster.methods.hdbscan import RECIPE

ALL = "all"
SUBREDDIT = "subreddit"


@dataclass(frozen=True)
class Settings:
    """The settings of the step.

    clusters_dir: the folder for the results, made if missing.
    text_column: the column of the chains files that holds the text.
    by: "all" clusters all chains together, "subreddit" each subreddit on its own.
    seed: 0 .. 2**32 - 1.
    method: one of `registry.METHODS`, or `registry.AUTO`.
    min_size: the least number of fitted chains in a cluster; 0: a share of those fitted.
    sample: the most different chains that are fitted; 0: as many as the method takes.
    time_column: the column with the times of the chains, if they have one.
    lease: the file of the run's lease on `clusters_dir` (see `files.lease`); "" if there is none.
    embedder: how words are embedded, for the names (see `topics.word_vectors`); "" if they are not.
    name_url, name_model: the server and its model that are asked for names (see
    `topics.asked_names`); "" if none is.

    Raises ValueError, with one line that says what to change, if a value cannot be used.
    """

    clusters_dir: str
    text_column: str = "text"
    by: str = ALL
    seed: int = 0
    method: str = registry.AUTO
    min_size: int = 0
    sample: int = 0
    time_column: str = TIME_COLUMN
    lease: str = ""
    embedder: str = ""
    name_url: str = ""
    name_model: str = ""

    def __post_init__(self) -> None:
        """Refuse wrong values before a run starts."""
        if not self.clusters_dir:
            raise ValueError("clusters_dir is empty: name the folder for the clusters")
        if not self.text_column:
            raise ValueError("text_column is empty: name the column that holds the text")
        if not self.time_column:
            raise ValueError("time_column is empty: name the column that holds the times")
        if self.by not in (ALL, SUBREDDIT):
            raise ValueError(f'by is {self.by!r}: use "{ALL}" or "{SUBREDDIT}"')
        if not 0 <= self.seed < 2**32:
            raise ValueError(f"seed is {self.seed}: use a number from 0 to 4294967295")
        if self.min_size < 0 or self.min_size == 1:
            raise ValueError(f"min_size is {self.min_size}: use 0, or 2 or more")
        if self.sample < 0:
            raise ValueError(f"sample is {self.sample}: use 0 or more")
        if bool(self.name_url) != bool(self.name_model):
            raise ValueError("name_url and name_model belong together: set both or none")
        registry.check(self.method)

    def as_dict(self) -> dict:
        """Return the settings that decide the result.

        The folder and the lease do not, nor does how words are embedded: the program that does it
        may lie elsewhere in the next run.
        """
        settings = asdict(self)
        del settings["clusters_dir"], settings["lease"], settings["embedder"]
        return settings


class Outputs:
    """The paths of one group's results."""

    def __init__(self, folder: str) -> None:
        """Name the results in a folder."""
        self.labels = os.path.join(folder, "labels.parquet")  # one row for each chain
        self.points = os.path.join(folder, "points.parquet")  # where each chain lies on the map
        self.report = os.path.join(folder, "clusters.json")  # written last: all are there if it is
        self.table = os.path.join(folder, "clusters.md")  # the report for readers
        self.map = os.path.join(folder, "map.html")
        self.image = os.path.join(folder, "map.png")
        self.model = os.path.join(folder, "model")  # a folder; `assign` uses it
        self.over_time = os.path.join(folder, "over_time.parquet")  # only if chains have times
        self.left_out = os.path.join(folder, "left_out.json")  # only if something was left out
        self.names = os.path.join(folder, "names.jsonl")  # only if a server was asked for names

    def all_there(self) -> bool:
        """Return whether the results that every clustering has all exist."""
        files = (self.labels, self.points, self.report, self.table, self.map, self.image)
        return all(map(os.path.exists, (*files, os.path.join(self.model, "model.json"))))


def outputs(settings: Settings, group: str) -> Outputs:
    """Return where the results of `group` go: clusters_dir, or the group's own folder in it.

    Raises ValueError for a group whose name is not a plain folder name, such as "../x".
    """
    if settings.by == ALL:
        return Outputs(settings.clusters_dir)
    if not group or group.startswith(".") or any(c in group for c in "/\\\0"):
        raise ValueError(f"the subreddit {group!r} cannot be the name of a folder")
    return Outputs(os.path.join(settings.clusters_dir, group))


def fingerprint(settings: Settings, group: str, paths: Iterable[str]) -> str:
    """Return the sha256, in hex, of everything that decides the result.

    That is the settings, the method's version and numbers, and each file's absolute path, size and
    time of change (nanoseconds). Size and time are left out if the system does not tell them.
    """
    files = []
    for path in sorted(os.path.abspath(p) for p in paths):
        try:
            stat = os.stat(path)
            files.append([path, stat.st_size, stat.st_mtime_ns])
        except OSError:
            files.append([path])
    versions = registry.versions(settings.method)
    facts = [settings.as_dict(), versions, group, asdict(RECIPE), files]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
