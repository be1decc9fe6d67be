"""Put new chains into the clusters of an earlier run: python -m threadloom.cluster.assign.

Reads a JSON object from standard input: `model` (the folder of a model, `clusters/{suffix}/model`),
`jobs` (objects as `beam.transform` describes them), `text_column`, `clusters_dir`, `lease` (the
file of the run's lease on that folder) and `grow` (whether to make new clusters). Writes
`assigned.parquet` and `assigned.json` to `clusters_dir`, and prints the content of `assigned.json`
on one line. If it fails, it prints one line on standard error, and the exit code is 1.
"""

import json
import logging
import os
import sys
import time
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from threadloom.cluster.clustering import Clustering
from threadloom.cluster.files import labels as labelling
from threadloom.cluster.files import lease as leases
from threadloom.cluster.files import sources as reading
from threadloom.cluster.files.key_columns import read_keys
from threadloom.cluster.files.left_out import Findings, NothingLeft, as_list, count
from threadloom.cluster.files.report import write_report
from threadloom.cluster.files.sources import Opened, Source
from threadloom.cluster.files.texts import read_texts
from threadloom.cluster.files.vectors import read_vectors
from threadloom.cluster.methods import grow as growing
from threadloom.cluster.methods import model as models
from threadloom.cluster.topics.tree import Cells, describe_levels
from threadloom.cluster.topics.vocabulary import ClusterTexts

FORMAT = 2
# The folder for a model with new clusters. A clustering of these chains keeps its own in `model`.
GROWN = "grown"


def assign_files(
    sources: Iterable[Source],
    model_dir: str,
    clusters_dir: str,
    text_column: str = "text",
    lease: str = "",
    grow: bool = False,
) -> dict:
    """Assign the chains of `sources` to the clusters of a model, without fitting anything.

    grow: make new clusters of chains that fit none, see `methods.grow`. Old ones keep their numbers
    and names. The model with both goes to the folder `grown` in `clusters_dir`, if there are new
    ones, and the report's `grown` names it.

    Writes `assigned.parquet`, which has the columns of labels.parquet, and `assigned.json`, whose
    content this returns: `rows`, `noise_rows`, `noise_share`, `fitted_noise_share` (the share to
    expect among rows like those that were fitted), `drift` (the difference), and for each cluster
    its `label`, `name`, `rows`, `share`, `fitted_share` and `new` (whether it is new). `levels` has
    the same for each level of the tree, coarsest first, and `moved`: the share of the clustered
    rows that are in other clusters than one would expect from the fitted rows. `left_out` has the
    files that cannot take part, such as those of another model or precision, with the reasons;
    `files_left_out` counts them. `warnings` has other findings about the files.

    Writes nothing and raises NothingLeft, with a message of one line, if no file can take part, or
    Superseded if another run has taken over the folder (see `files.lease`).
    """
    start = time.monotonic()
    model = models.load(model_dir)
    findings = Findings()
    files = reading.open_sources(sources, text_column, findings)
    files = reading.of_that_model(files, model.embedding, findings)
    files, vectors = read_vectors(files, findings)
    if findings.left_out and not files:
        raise NothingLeft(findings.left_out)
    keys = labelling.with_subreddits(read_keys(files, findings), files)
    if grow:
        grown = growing.grow(model, vectors)
        model, found = _named(grown, model.names, files, vectors, findings), grown.clustering
        first_new = grown.first_new_at
    else:
        found, first_new = model.assign(vectors), [len(names) for names in model.names]
    has_new = first_new[-1] < len(model.names[-1])
    rows = len(found.labels)
    share = found.noise_rows / rows if rows else 0.0
    levels = [_level(model, found, level, new) for level, new in enumerate(first_new)]
    folder = os.path.join(clusters_dir, GROWN)
    report = {
        "format": FORMAT,
        "model": os.path.abspath(model_dir),
        "model_fingerprint": model.about.get("fingerprint"),
        "rows": rows,
        "files": len(files),
        "files_left_out": count(findings.left_out),
        "left_out": as_list(findings.left_out),
        "warnings": findings.warnings,
        "noise_rows": found.noise_rows,
        "noise_share": round(share, 4),
        "fitted_noise_share": model.noise_share,
        "drift": round(share - model.noise_share, 4),
        "method_level": model.method_level + 1,
        "clusters": levels[model.method_level]["clusters"],
        "levels": levels,
        "grown": os.path.abspath(folder) if has_new else "",
        "seconds": round(time.monotonic() - start, 3),
    }
    leases.check(lease)
    if has_new:
        models.save(folder, model)
    fingerprint = str(report["model_fingerprint"])
    labelling.write_labels(os.path.join(clusters_dir, "assigned.parquet"), keys, found, fingerprint)
    write_report(os.path.join(clusters_dir, "assigned.json"), report)
    return report


def _named(
    grown: growing.Grown,
    names: tuple[tuple[str, ...], ...],
    files: list[Opened],
    vectors: np.ndarray,
    found: Findings,
) -> models.Model:
    """Return the grown model with names for its new clusters; `names` are those of the old ones."""
    if not grown.new:
        return grown.model
    labels = grown.clustering.labels
    cells = Cells.of([labels])
    texts = ClusterTexts(len(labels), cells.count)
    for row, text in enumerate(read_texts(files, found)):
        texts.add(int(cells.of_rows[row]), text)
    # Without the vectors of words, because no program that embeds is at hand here.
    [described] = describe_levels(
        texts, cells, [np.empty(0, np.int32)], cells.sums(vectors), lambda _: None
    )
    taken = {name for level in names for name in level}
    new = []
    for label in grown.new:
        name = described[label].name
        new.append(f"{name} ({label})" if name in taken else name)
        taken.add(new[-1])
    return replace(grown.model, names=tuple((*level, *new) for level in names))


def _level(model: models.Model, found: Clustering, level: int, first_new: int) -> dict:
    """Return the clusters of a level with their rows among the new ones and the fitted ones."""
    names = model.names[level]
    labels, fitted = found.levels[level].labels, model.labels_at(level)
    now = np.bincount(labels[labels >= 0], minlength=len(names))
    before = np.bincount(fitted[fitted >= 0], minlength=len(names))
    # The total variation distance of the two distributions.
    moved = np.abs(now / max(now.sum(), 1) - before / max(before.sum(), 1)).sum() / 2
    return {
        "level": level + 1,
        "moved": round(float(moved), 4) if now.any() else 0.0,
        "clusters": [
            {
                "label": label,
                "name": name,
                "rows": int(now[label]),
                "share": round(int(now[label]) / len(labels), 4) if len(labels) else 0.0,
                "fitted_share": round(int(before[label]) / len(fitted), 4),
                "new": label >= first_new,
            }
            for label, name in enumerate(names)
        ],
    }


def main() -> None:
    """Read the request, assign, print the figures."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    request = json.load(sys.stdin)
    try:
        sources = [Source.from_job(job) for job in request["jobs"]]
        report = assign_files(
            sources,
            request["model"],
            request["clusters_dir"],
            request["text_column"],
            request["lease"],
            request["grow"],
        )
    except (OSError, ValueError, leases.Superseded) as error:
        raise SystemExit(f"{error}") from None
    json.dump(report, sys.stdout)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
