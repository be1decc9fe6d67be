"""The map of a group's chains: one HTML file that opens offline, with everything in it.

Bokeh's JavaScript, from its Python package, paints and moves the points. The scripts and the style
in `assets/` add names, legend, search and tooltips.

Nothing in a chain's text can run. The page holds the data compressed, as text without markup, and
the scripts insert texts as text. In addition the page's Content-Security-Policy allows only these
scripts, by their hashes, and no requests.
"""

import base64
import hashlib
import html
import json
import re
import zlib
from importlib import resources

import numpy as np

from threadloom.cluster.files.atomic_write import write_text
from threadloom.cluster.map.colours import NOISE
from threadloom.cluster.map.data import MapData, clean

# A coordinate on the longer side of the map becomes a whole number from 0 to this. At the page's
# highest zoom, 200 times, a step is still less than a pixel.
_STEPS = 999_999
_SCRIPTS = (
    *("data.js", "points.js", "names.js", "panel.js", "tooltip.js"),
    *("pinned.js", "lasso.js", "page.js"),
)


def write_map(path: str, data: MapData, heading: str) -> None:
    """Write the map as an HTML page that needs nothing else; `heading` says whose map it is."""
    write_text(path, page(data, heading))


def page(data: MapData, heading: str) -> str:
    """Return the page. The same data give the same bytes."""
    scripts = [*_bokeh(), _script()]
    hashes = " ".join(f"'sha256-{_sha256(script)}'" for script in scripts)
    parts = {
        "heading": html.escape(clean(heading)),
        "caption": html.escape(data.caption),
        "hashes": hashes,
        "style": _asset("page.css"),
        "data": _packed(data),
        "scripts": "\n".join(f"<script>{script}</script>" for script in scripts),
    }
    # All parts are filled in in one pass, so that a heading such as "{{data}}" is not replaced.
    return re.sub(r"\{\{(\w+)\}\}", lambda place: parts[place[1]], _asset("page.html"))


def _packed(data: MapData) -> str:
    """Return what the page shows as JSON, compressed with zlib, in base64."""
    rows = data.rows_to_draw()
    low = data.points.min(axis=0).astype(np.float64) if len(rows) else np.zeros(2)
    extent = float(np.ptp(data.points, axis=0).max()) if len(rows) else 0.0
    scale = _STEPS / extent if extent else 0.0
    points = np.rint((data.points[rows] - low) * scale).astype(int)
    anchors = np.rint((data.anchors - low) * scale).astype(int)
    subreddits = sorted({data.subreddits[row] for row in rows})
    index = {name: i for i, name in enumerate(subreddits)}
    content = {
        "clusters": [
            {
                "name": name,
                "size": int(data.sizes[label]),
                "at": anchors[label].tolist(),
                "reach": round(data.reaches[label] * scale),
                "colour": data.colours[label][0],
                "ink": data.colours[label][1],
                "chart": data.charts[label] if data.charts else "",
            }
            for label, name in enumerate(data.names)
        ],
        "inner": [
            {
                "name": inner.name,
                "size": inner.size,
                "at": np.rint((inner.at - low) * scale).astype(int).tolist(),
                "reach": round(inner.reach * scale),
                "label": inner.label,
                "parent": inner.parent,
            }
            for inner in data.inner
        ],
        "colourings": [
            {"name": c.name, "labels": c.labels[rows].tolist(), "colours": c.colours}
            for c in data.colourings
        ],
        "noise": {"size": len(data.labels) - int(data.sizes.sum()), "colour": NOISE},
        "x": points[:, 0].tolist(),
        "y": points[:, 1].tolist(),
        "labels": data.labels[rows].tolist(),
        "titles": _picked(data.titles, rows),
        "texts": [data.texts[row] for row in rows],
        "subreddits": subreddits,
        "subreddit": [index[data.subreddits[row]] for row in rows],
        "ids": _picked(data.ids, rows),
        "links": _picked(data.links, rows),
        "times": [None if np.isnat(t) else str(t) for t in data.times[rows]]
        if data.times is not None
        else None,
        "all": data.all_rows,
    }
    text = clean(json.dumps(content, ensure_ascii=False, separators=(",", ":")))
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def _picked(values: list[str] | None, rows: np.ndarray) -> list[str] | None:
    """Return the values of some rows; None if there are none."""
    return None if values is None else [values[row] for row in rows]


def _bokeh() -> list[str]:
    """Return BokehJS, from Bokeh's Python package."""
    folder = resources.files("bokeh") / "server" / "static" / "js"
    return [
        (folder / name).read_text(encoding="utf-8") for name in ("bokeh.min.js", "bokeh-api.min.js")
    ]


def _script() -> str:
    """Return our own scripts as one; its names are hidden from the rest of the page."""
    return '(() => {\n"use strict";\n' + "\n".join(map(_asset, _SCRIPTS)) + "})();\n"


def _asset(name: str) -> str:
    """Return a file of `assets/`."""
    return (resources.files(__package__) / "assets" / name).read_text(encoding="utf-8")


def _sha256(script: str) -> str:
    """Return the hash of a script in the form that a Content-Security-Policy has."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
