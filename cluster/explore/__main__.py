"""Make the data of the page that `explore` shows: python -m threadloom.cluster.explore.

Reads a JSON object from standard input: `clusters_dir` (the folder with clusters.json and
points.parquet), `group` ("all", or a subreddit), and `jobs` (objects as `beam.transform` describes
them). Writes `explore/metadata.json` and `explore/dataset.parquet` into `clusters_dir`, unless they
are there and belong to these clusters. Prints one line of JSON: `page` (the folder of the page's
scripts), `data` (the folder of the two files), `rows`, `shown`, `clusters`, `reused`. If it fails,
it prints one line on standard error, and the exit code is 1.
"""

import hashlib
import importlib.util
import itertools
import json
import logging
import os
import sys
from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from threadloom.cluster.explore import dataset, page
from threadloom.cluster.files.atomic_write import write_parquet, write_text
from threadloom.cluster.files.key_columns import read_keys
from threadloom.cluster.files.labels import FINGERPRINT, LABEL, with_subreddits
from threadloom.cluster.files.left_out import FILE, Findings, shown
from threadloom.cluster.files.points import LEVEL, NAME_LEVEL, Named, X, Y
from threadloom.cluster.files.report import headline, read_report
from threadloom.cluster.files.sources import Opened, Source, open_sources
from threadloom.cluster.files.texts import read_texts
from threadloom.cluster.files.vectors import read_rows
from threadloom.cluster.settings import Outputs

# Changes whenever the form of the two files changes.
_FORMAT = 1


def explore(sources: Iterable[Source], clusters_dir: str, group: str) -> dict:
    """Make the page's data, if they are not there, and return what `main` prints.

    Raises ValueError, in one line that says what to do, if the clusters do not belong to the files.
    """
    paths = Outputs(clusters_dir)
    report = read_report(paths.report)
    if report is None or not os.path.exists(paths.points):
        raise ValueError(
            f"no clusters of this version in {clusters_dir}: run the pipeline first, and after "
            "--cluster_by=subreddit name the subreddit with --group"
        )
    folder = os.path.join(clusters_dir, "explore")
    wanted = _identity(report, paths)
    made = _made(folder)
    reused = made is not None and made.get("identity") == wanted
    if not reused:
        made = _make(list(sources), paths, report, group, folder, wanted)
    return {
        "page": _static(),
        "data": folder,
        "rows": made["rows"],
        "shown": made["shown"],
        "clusters": made["clusters"],
        "reused": reused,
    }


def _static() -> str:
    """Return the folder of the page's scripts; ValueError if the package is not installed."""
    found = importlib.util.find_spec("embedding_atlas")  # an import would need torch
    folder = found and os.path.join(os.path.dirname(found.origin), "static")
    if not folder or not os.path.isfile(os.path.join(folder, "index.html")):
        raise ValueError(
            f"{sys.executable} has no package embedding-atlas: run 'make setup', or "
            "pip install --no-deps embedding-atlas==0.22.0"
        )
    return folder


def _identity(report: dict, paths: Outputs) -> str:
    """Return a hash of what the page's data depend on."""
    stat = os.stat(paths.points)
    facts = [_FORMAT, dataset.MOST, report["fingerprint"], stat.st_size, stat.st_mtime_ns]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _made(folder: str) -> dict | None:
    """Return what an earlier call noted about the data that it made; None if there are none."""
    try:
        with open(os.path.join(folder, "metadata.json"), encoding="utf-8") as file:
            made = json.load(file)["threadloom"]
        return made if os.path.exists(os.path.join(folder, "dataset.parquet")) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _make(
    sources: list[Source], paths: Outputs, report: dict, group: str, folder: str, wanted: str
) -> dict:
    """Write the two files, and return what is noted about them."""
    points = pq.read_table(paths.points)
    if (points.schema.metadata or {}).get(FINGERPRINT, b"").decode() != report["fingerprint"]:
        raise ValueError(
            f"{paths.points} and clusters.json are not of the same run: run the pipeline again"
        )
    files = _files(sources, paths, report, points)
    labels = points.column(LABEL).to_numpy()
    rows = dataset.sample(labels, dataset.MOST)
    findings = Findings()
    shown_rows = np.isin(np.arange(len(points)), rows)
    texts = list(itertools.compress(read_texts(files, findings), shown_rows))
    for line in findings.lines():
        logging.getLogger(__name__).warning("%s", line)
    table = dataset.dataset(points.take(pa.array(rows)), texts, read_rows(files, rows))
    levels = [_named(points, n) for n in points.column_names if n.startswith(LEVEL)]
    places = np.stack([points.column(name).to_numpy() for name in (X, Y)], axis=1)
    drawn = page.map_labels(levels, report["method_level"] - 1, places)
    count = len(report["clusters"])
    note = _note(len(points), len(rows), count, int((labels < 0).sum()), group)
    metadata = page.metadata(note, dataset.columns(table), _charted(table), drawn, places)
    made = {
        "identity": wanted,
        "rows": len(points),
        "shown": len(rows),
        "clusters": count,
    }
    write_parquet(os.path.join(folder, "dataset.parquet"), table, store_schema=False)
    # Written last, because it says that the other is there.
    text = json.dumps({**metadata, "threadloom": made}, ensure_ascii=False)
    write_text(os.path.join(folder, "metadata.json"), text.encode(errors="replace").decode() + "\n")
    return made


def _files(sources: list[Source], paths: Outputs, report: dict, points: pa.Table) -> list[Opened]:
    """Return the files whose rows are those of points.parquet, in their order."""
    left_out = set()
    if os.path.exists(paths.left_out):
        with open(paths.left_out, encoding="utf-8") as file:
            left_out = {f["file"] for f in json.load(file)["left_out"] if f["part"] == FILE}
    findings = Findings()
    files = open_sources(
        [s for s in sources if shown(s.embeddings) not in left_out],
        report["settings"]["text_column"],
        findings,
    )
    keys = with_subreddits(read_keys(files, findings), files)
    same = len(keys) == len(points) and all(
        keys.column(n).equals(points.column(n)) for n in keys.column_names
        if n in points.column_names and keys.schema.field(n).type == points.schema.field(n).type
    )  # fmt: skip
    if not same:
        raise ValueError(
            f"{paths.points} does not belong to the embeddings, which have changed since: "
            "run the pipeline again"
        )
    return files


def _named(points: pa.Table, column: str) -> Named:
    """Return the labels of a level, with the name of each of its clusters."""
    labels = points.column(column).to_numpy()
    found, first = np.unique(labels, return_index=True)
    texts = points.column(column.replace(LEVEL, NAME_LEVEL)).take(pa.array(first)).to_pylist()
    names = [""] * (int(labels.max(initial=-1)) + 1)
    for label, text in zip(found.tolist(), texts, strict=True):
        if label >= 0:
            names[label] = text
    return Named(labels, names)


def _charted(table: pa.Table) -> Sequence[str]:
    """Return the columns that get a chart."""
    levels = [n for n in table.column_names if n.startswith(page.CLUSTER_LEVEL)]
    return [page.CLUSTER, "subreddit", "created_utc", "score", "n_turns", *levels, "probability"]


def _note(rows: int, shown_rows: int, clusters: int, noise: int, group: str) -> str:
    """Return the text above the charts, in Markdown."""
    lines = [f"**{page.as_markdown(group)}**: {headline(rows, clusters, noise)}."]
    if shown_rows < rows:
        lines.append(f"This page has an even sample of **{shown_rows:,} of {rows:,}** chains.")
    lines.append("Zoom in: the names become finer. Click a point to read its chain.")
    return "\n\n".join(lines)


def main() -> None:
    """Read the request, make the data, print where they are."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(message)s")
    request = json.load(sys.stdin)
    try:
        sources = [Source.from_job(job) for job in request["jobs"]]
        result = explore(sources, request["clusters_dir"], request["group"])
    except (OSError, ValueError) as error:
        raise SystemExit(f"{error}") from None
    json.dump(result, sys.stdout)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
