"""The whole step, from the files of a group to its labels, report and map; needs no Beam."""

import logging
import time
from collections.abc import Iterable
from dataclasses import replace

from threadloom.cluster import files as reading
from threadloom.cluster import labels as labelling
from threadloom.cluster import model as models
from threadloom.cluster import report as reporting
from threadloom.cluster.densities import RECIPE
from threadloom.cluster.describe import describe
from threadloom.cluster.files import Source
from threadloom.cluster.fit import cluster_vectors
from threadloom.cluster.settings import ALL, Outputs, Settings, fingerprint, outputs

_LOG = logging.getLogger(__name__)


def cluster_files(sources: Iterable[Source], settings: Settings, group: str = ALL) -> dict:
    """Cluster the chains of a group and write what `settings.Outputs` names.

    When all of it is there and nothing that decides it has changed, nothing is computed. Returns
    the summary: `group`, `rows`, `clusters`, `noise_rows`, `files` (numbers), `reused` (bool),
    `seconds` (of this call), and the paths `labels`, `report`, `table` and `map`.

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
        "map": paths.map,
    }


def _still_good(paths: Outputs, mark: str) -> dict | None:
    """Return the report of an earlier run, when all its files are there and still hold."""
    report = reporting.read_report(paths.report)
    if report is None or report.get("fingerprint") != mark or not paths.all_there():
        return None
    return report if labelling.read_fingerprint(paths.labels) == mark else None


def _compute(
    sources: list[Source], settings: Settings, group: str, paths: Outputs, mark: str, start: float
) -> dict:
    """Do all the work, write everything, and return the report."""
    files = reading.open_sources(sources, settings.text_column)
    rows = sum(f.rows for f in files)
    _LOG.info("%s: reading %s files, %s rows", group, f"{len(files):,}", f"{rows:,}")
    keys = labelling.with_subreddits(reading.read_keys(files), files)
    kinds = reading.models(files)
    warnings = _warnings(kinds)
    for warning in warnings:
        _LOG.warning("%s: %s", group, warning)
    vectors = reading.read_vectors(files)
    _LOG.info("%s: clustering %s vectors by %s", group, f"{rows:,}", settings.method)
    fitted = cluster_vectors(
        vectors, settings.seed, settings.method, settings.min_size, settings.sample, draw=True
    )
    found = fitted.clustering
    _LOG.info("%s: reading the texts of %s clusters", group, found.count)
    described = describe(files, settings.text_column, keys, fitted, vectors)
    del vectors
    report = {
        "format": reporting.FORMAT,
        "fingerprint": mark,
        "group": group,
        "settings": settings.as_dict(),
        "recipe": RECIPE.as_dict(),
        "rows": rows,
        "fitted_rows": len(fitted.rows),
        "files": len(files),
        "noise_rows": found.noise_rows,
        "noise_share": round(found.noise_rows / rows, 4) if rows else 0.0,
        "models": kinds,
        "warnings": warnings,
        "clusters": described.clusters,
        "levels": described.levels,
        "seconds": round(time.monotonic() - start, 3),
    }
    labelling.write_labels(paths.labels, keys, found, mark)
    models.save(
        paths.model,
        replace(
            fitted.model,
            names=tuple(c["name"] for c in described.clusters),
            embedding={k: v for k, v in kinds[0].items() if k != "files"} if kinds else {},
            about={"group": group, **settings.as_dict(), "fingerprint": mark},
        ),
    )
    reporting.write_table(paths.table, report)
    # Not at the top: what draws takes a second to import.
    from threadloom.cluster.map import write_map
    from threadloom.cluster.mapimage import write_image

    write_map(paths.map, described.map, group)
    write_image(paths.image, described.map, group)
    # Last: it holds the fingerprint, which says that the others are there.
    reporting.write_report(paths.report, report)
    return report


def _warnings(kinds: list[dict]) -> list[str]:
    """Return what a reader of the report should know about the vectors, one line each."""
    if len({(m["model_sha256"], m["precision"]) for m in kinds}) < 2:
        return []
    names = ", ".join(f"{m['model']} {m['precision']} ({m['files']})" for m in kinds)
    return [f"the vectors come from more than one model or precision: {names}"]
