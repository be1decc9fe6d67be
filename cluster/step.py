"""The whole step, from the files of a group to its labels, report and map; needs no Beam."""

import logging
import os
import time
from collections.abc import Iterable
from dataclasses import asdict, replace

import numpy as np
import pyarrow as pa

from threadloom.cluster.files import labels as labelling
from threadloom.cluster.files import lease
from threadloom.cluster.files import report as reporting
from threadloom.cluster.files import sources as reading
from threadloom.cluster.files.key_columns import read_chains_column, read_keys
from threadloom.cluster.files.left_out import Findings, NothingLeft, count, write_list
from threadloom.cluster.files.over_time import write_over_time
from threadloom.cluster.files.points import Named, write_points
from threadloom.cluster.files.sources import Opened, Source
from threadloom.cluster.files.times import instants
from threadloom.cluster.files.vectors import read_vectors
from threadloom.cluster.methods import model as models
from threadloom.cluster.methods.fit import cluster_vectors
from threadloom.cluster.methods.hdbscan import RECIPE
from threadloom.cluster.settings import ALL, TIME_COLUMN, Outputs, Settings, fingerprint, outputs
from threadloom.cluster.topics import word_vectors
from threadloom.cluster.topics.asked_names import Server
from threadloom.cluster.topics.describe import describe, look_at
from threadloom.cluster.topics.over_time import OverTime, over_time

_LOG = logging.getLogger(__name__)


def cluster_files(sources: Iterable[Source], settings: Settings, group: str = ALL) -> dict:
    """Cluster the chains of a group and write what `settings.Outputs` names.

    If all of it exists and nothing that decides it has changed, nothing is computed. Returns
    the summary: `group`, `rows`, `clusters`, `noise_rows`, `files` (numbers), `files_left_out`
    (those that could not take part, or whose texts could not), `reused` (bool), `seconds` (of this
    call), and the paths `labels`, `report`, `table` and `map`.

    Files that cannot take part are left out. Warnings in the log and in the report name the first
    few, and `left_out.json` lists all. If no file can take part, only `left_out.json` is written,
    and this raises NothingLeft with a message of one line. If another run has taken over the
    folder, nothing is written, and this raises Superseded.
    """
    start = time.monotonic()
    sources = list(sources)
    paths = outputs(settings, group)
    wanted = fingerprint(settings, group, {p for s in sources for p in (s.embeddings, s.chains)})
    report = _still_good(paths, wanted)
    reused = report is not None
    if report is not None:
        for warning in report["warnings"]:
            _LOG.warning("%s: %s", group, warning)
    else:
        report = _compute(sources, settings, group, paths, wanted, start)
    figures = reporting.headline(report["rows"], len(report["clusters"]), report["noise_rows"])
    seconds = time.monotonic() - start
    _LOG.info("%s: %s %s", group, figures, "as before" if reused else f"in {seconds:.0f} s")
    return {
        "group": group,
        "rows": report["rows"],
        "clusters": len(report["clusters"]),
        "noise_rows": report["noise_rows"],
        "files": report["files"],
        "files_left_out": report["files_left_out"],
        "reused": reused,
        "seconds": round(seconds, 3),
        "labels": paths.labels,
        "report": paths.report,
        "table": paths.table,
        "map": paths.map,
    }


def _still_good(paths: Outputs, wanted: str) -> dict | None:
    """Return the report of an earlier run if all its files exist and nothing has changed."""
    report = reporting.read_report(paths.report)
    if report is None or report.get("fingerprint") != wanted or not paths.all_there():
        return None
    if not report.get("lasting", True):
        return None
    if report.get("time") and not os.path.exists(paths.over_time):
        return None
    return report if labelling.read_fingerprint(paths.labels) == wanted else None


def _compute(
    sources: list[Source], settings: Settings, group: str, paths: Outputs, wanted: str, start: float
) -> dict:
    """Do all the work, write everything, and return the report."""
    found = Findings()
    files, vectors = _read(sources, settings, group, paths, found)
    rows = len(vectors)
    kinds = reading.models([f for f in files if f.rows])
    _LOG.info("%s: clustering %s vectors by %s", group, f"{rows:,}", settings.method)
    fitted = cluster_vectors(
        vectors, settings.seed, settings.method, settings.min_size, settings.sample, draw=True
    )
    clusters = fitted.clustering
    looked = look_at(vectors, clusters)
    # The vectors need the most memory of all, so the other columns are read after they are gone.
    del vectors
    keys = labelling.with_subreddits(read_keys(files, found), files)
    _LOG.info("%s: reading the texts of %s clusters", group, clusters.count)
    model = kinds[0] if kinds else {}
    server = None
    if settings.name_url:
        server = Server(settings.name_url, settings.name_model, settings.seed)
    described = describe(
        *(files, keys, fitted, looked, found),
        embed=lambda words: word_vectors.embed(words, settings.embedder, model),
        server=server,
        answers=paths.names,
    )
    columns = {
        name: _column(name, keys, files, found)
        for name in dict.fromkeys((TIME_COLUMN, settings.time_column))
    }
    times = _times(columns[settings.time_column], settings.time_column, rows, found)
    timed = over_time(times, clusters)
    found.log(group)
    report = {
        "format": reporting.FORMAT,
        "fingerprint": wanted,
        "group": group,
        "settings": settings.as_dict(),
        "method": fitted.method,
        "recipe": asdict(RECIPE),
        "rows": rows,
        "fitted_rows": len(fitted.rows),
        "files": len(files),
        "files_left_out": count(found.left_out),
        # The system may allow next time what it refused now, although the files are the same.
        "lasting": not any(f.passing for f in found.left_out),
        "noise_rows": clusters.noise_rows,
        "noise_share": round(clusters.noise_rows / rows, 4) if rows else 0.0,
        "models": kinds,
        "warnings": found.lines(),
        "clusters": described.clusters,
        "method_level": clusters.method_level + 1,
        "levels": described.levels,
        "seconds": round(time.monotonic() - start, 3),
    }
    if timed is not None:
        _add_times(report, timed)
    lease.check(settings.lease)
    labelling.write_labels(paths.labels, keys, clusters, wanted)
    write_points(
        paths.points,
        keys,
        columns[TIME_COLUMN],
        fitted.places,
        Named(clusters.labels, described.names[clusters.method_level]),
        clusters.probabilities,
        [
            Named(at.labels, names)
            for at, names in zip(clusters.levels, described.names, strict=True)
        ],
        wanted,
    )
    models.save(
        paths.model,
        replace(
            fitted.model,
            names=described.names,
            embedding={k: v for k, v in model.items() if k != "files"},
            about={"group": group, **settings.as_dict(), "fingerprint": wanted},
        ),
    )
    if timed is not None:
        spans = timed.periods
        write_over_time(paths.over_time, spans.unit, spans.starts, timed.tables, described.names)
    elif os.path.exists(paths.over_time):
        os.remove(paths.over_time)
    write_list(paths.left_out, found.left_out)
    reporting.write_table(paths.table, report)
    # Not at the top, because drawing takes a second to import.
    from threadloom.cluster.map.data import map_data
    from threadloom.cluster.map.image import write_image
    from threadloom.cluster.map.page import write_map

    charts = [reporting.chart_of(c) for c in report["clusters"]] if timed is not None else None
    data = map_data(fitted, described.names, described.snippets, keys, charts, times)
    write_map(paths.map, data, group)
    write_image(paths.image, data, group)
    # Written last, because its fingerprint says that the others exist. The lease is checked
    # again, because another run may have taken over since.
    lease.check(settings.lease)
    reporting.write_report(paths.report, report)
    return report


def _column(
    name: str, keys: pa.Table, files: list[Opened], found: Findings
) -> pa.ChunkedArray | None:
    """Return a column of all rows: of the embeddings if they kept it, else of the chains."""
    if name in keys.column_names:
        return keys.column(name)
    return read_chains_column(name, files, found)


def _times(column: pa.ChunkedArray | None, name: str, rows: int, found: Findings) -> np.ndarray:
    """Return the times of all rows, datetime64[s][n]; NaT if one is not known."""
    if column is not None:
        return instants(column)
    if name != TIME_COLUMN:
        found.warn(f"no chains have a column {name!r}: name the one with times as time_column")
    return np.full(rows, np.datetime64("NaT"), "datetime64[s]")


def _add_times(report: dict, timed: OverTime) -> None:
    """Add to the report when the chains of each cluster were written, and whether it rises."""
    report["time"] = timed.about()
    for number, level in enumerate(report["levels"]):
        for cluster, said in zip(level["clusters"], timed.of_clusters(number), strict=True):
            cluster |= said
    own = report["levels"][report["method_level"] - 1]["clusters"]
    for cluster, same in zip(report["clusters"], own, strict=True):
        cluster |= {key: same[key] for key in ("over_time", "trend")}


def _read(
    sources: list[Source], settings: Settings, group: str, paths: Outputs, found: Findings
) -> tuple[list[Opened], np.ndarray]:
    """Return the files that can take part, and their vectors; NothingLeft if there is none."""
    files = reading.of_one_model(reading.open_sources(sources, settings.text_column, found), found)
    rows = sum(f.rows for f in files)
    _LOG.info("%s: reading %s files, %s rows", group, f"{len(files):,}", f"{rows:,}")
    files, vectors = read_vectors(files, found)
    if found.left_out and not files:
        lease.check(settings.lease)
        write_list(paths.left_out, found.left_out)
        raise NothingLeft(found.left_out)
    return files, vectors
