"""Colours for the clusters of a map: each clear on white, and neighbours unlike each other.

The colours are Glasbey's (see `palette`), chosen so that people who are colour-blind can tell them
apart, too.
"""

import functools
import json
from importlib import resources

import numpy as np

NOISE = "#b9bcc2"


def assign(anchors: np.ndarray) -> list[tuple[str, str]]:
    """Return for clusters at float[c, 2] their colours and, darker, those of their names.

    One cluster after the other takes the colour with the lowest cost. The cost is the sum over the
    clusters before it of 1 / (distance between the colours squared * distance on the map squared),
    so that near clusters get unlike colours. Up to 60 clusters have colours of their own.
    """
    unlike, colours = _palette()
    extent = float(np.ptp(anchors, axis=0).max()) if len(anchors) else 0.0
    places = anchors / extent if extent else anchors
    taken: list[int] = []
    for i in range(len(places)):
        near = 1 / (((places[:i] - places[i]) ** 2).sum(axis=1) + 0.01)
        taken.append(int((near / unlike[:, taken]).sum(axis=1).argmin()))
    return [colours[index] for index in taken]


@functools.cache
def _palette() -> tuple[np.ndarray, list[tuple[str, str]]]:
    """Return how unlike any two colours are, float[60, 60], and the colours with their inks."""
    file = resources.files(__package__) / "assets" / "palette.json"
    palette = json.loads(file.read_text(encoding="utf-8"))
    seen = np.array([entry["seen"] for entry in palette])
    unlike = ((seen[:, None] - seen[None]) ** 2).sum(axis=2)
    # A colour has no distance to itself. Some are used twice if there are many clusters, so the
    # cost must be finite.
    return unlike + 1e-4 * unlike.max(), [(e["colour"], e["ink"]) for e in palette]
