"""The whole step, from the files of a group to its labels and report; needs no Beam."""

import logging
import os
import time
from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from threadloom.cluster import files as reading
from threadloom.cluster import labels as labelling
from threadloom.cluster import report as reporting
from threadloom.cluster import typical
from threadloom.cluster.files import Opened, Source
from threadloom.cluster.recipe import RECIPE, Clustering, cluster_vectors
from threadloom.cluster.settings import ALL, Outputs, Settings, fingerprint, outputs
from threadloom.cluster.words import WordCounts

_LOG = logging.getLogger(__name__)


def cluster_files(sources: Iterable[Source], settings: Settings, group: str = ALL) -> dict:
    """Cluster the chains of a group and write its labels.parquet, clusters.md and clusters.json.

    When all three are there and nothing that decides them has changed, nothing is computed. Returns
    the summary: `group`, `rows`, `clusters`, `noise_rows`, `files` (numbers), `reused` (bool),
    `seconds` (of this call), and the paths `labels`, `report` and `table`.

    Raises FileNotFoundError or ValueError, with one line that names the file, for files that are
    missing or do not go together; then nothing is written.
    """
    start = time.monotonic()
    sources = list(sources)
    paths = outputs(settings, group)
    mark = fingerprint(settings, group, {p for s in sources for p in (s.embeddings, s.chains)})
    report = _still_good(paths, mark)
    reused = report is not None
    if report is None:
        report = _compute(sources, settings, group, paths, mark, start)
    figures = reporting.headline(report["rows"], len(report["clusters"]), report["noise_rows"])
    seconds = time.monotonic() - start
    _LOG.info("%s: %s %s", group, figures, "as before" if reused else f"in {seconds:.0f} s")
    return {
        "group": group,
        "rows": report["rows"],
        "clusters": len(report["clusters"]),
        "noise_rows": report["noise_rows"],
        "files": report["files"],
        "reused": reused,
        "seconds": round(seconds, 3),
        "labels": paths.labels,
        "report": paths.report,
        "table": paths.table,
    }


def _still_good(paths: Outputs, mark: str) -> dict | None:
    """Return the report of an earlier run, when its three files are there and still hold."""
    report = reporting.read_report(paths.report)
    if report is None or report.get("fingerprint") != mark or not os.path.exists(paths.table):
        return None
    return report if labelling.read_fingerprint(paths.labels) == mark else None


def _compute(
    sources: list[Source], settings: Settings, group: str, paths: Outputs, mark: str, start: float
) -> dict:
    """Do all the work, write the three files, and return the report."""
    files = reading.open_sources(sources, settings.text_column)
    rows = sum(f.rows for f in files)
    _LOG.info("%s: reading %s files, %s rows", group, f"{len(files):,}", f"{rows:,}")
    keys = labelling.with_subreddits(reading.read_keys(files), files)
    warnings = _warnings(files)
    for warning in warnings:
        _LOG.warning("%s: %s", group, warning)
    vectors = reading.read_vectors(files)
    _LOG.info("%s: reducing and clustering %s vectors", group, f"{rows:,}")
    clustering = cluster_vectors(vectors, settings.seed)
    rows_to_show = typical.candidates(vectors, clustering)
    del vectors
    _LOG.info("%s: reading the texts of %s clusters", group, clustering.count)
    report = {
        "format": reporting.FORMAT,
        "fingerprint": mark,
        "group": group,
        "settings": settings.as_dict(),
        "recipe": RECIPE.as_dict(),
        "rows": rows,
        "files": len(files),
        "noise_rows": clustering.noise_rows,
        "noise_share": round(clustering.noise_rows / rows, 4) if rows else 0.0,
        "models": reading.models(files),
        "warnings": warnings,
        "clusters": _describe(files, settings.text_column, keys, clustering, rows_to_show),
        "seconds": round(time.monotonic() - start, 3),
    }
    labelling.write_labels(paths.labels, keys, clustering, mark)
    reporting.write_table(paths.table, report)
    # Last: it holds the fingerprint, which says that the other two are there.
    reporting.write_report(paths.report, report)
    return report


def _describe(
    files: list[Opened],
    text_column: str,
    keys: pa.Table,
    clustering: Clustering,
    rows_to_show: list[list[int]],
) -> list[dict]:
    """Return what the report says of each cluster, largest first; reads all texts once."""
    counts = WordCounts()
    wanted = {row for candidates in rows_to_show for row in candidates}
    shown: dict[int, str] = {}
    for row, text in enumerate(reading.read_texts(files, text_column)):
        counts.add(int(clustering.labels[row]), text)
        if row in wanted:
            shown[row] = text
    top = counts.top()
    sizes = np.bincount(clustering.labels[clustering.labels >= 0], minlength=clustering.count)
    subreddits = labelling.subreddit_counts(keys, clustering.labels, clustering.count)
    return [
        {
            "label": label,
            "size": int(sizes[label]),
            "share": round(int(sizes[label]) / len(clustering.labels), 4),
            "words": top[label],
            "subreddits": subreddits[label],
            "typical": [
                {"keys": keys.slice(row, 1).to_pylist()[0], "text": text}
                for row, text in typical.pick(rows_to_show[label], shown)
            ],
        }
        for label in range(clustering.count)
    ]


def _warnings(files: list[Opened]) -> list[str]:
    """Return what a reader of the report should know about the files, one line each."""
    kinds = {(f.model["model_sha256"], f.model["precision"]) for f in files}
    if len(kinds) < 2:
        return []
    names = ", ".join(
        f"{m['model']} {m['precision']} ({m['files']})" for m in reading.models(files)
    )
    return [f"the vectors come from more than one model or precision: {names}"]
