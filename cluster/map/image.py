"""The map of a group's chains as an image, for a README or a talk."""

import textwrap
import warnings

import numpy as np
from adjustText import adjust_text
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from threadloom.cluster.files.atomic_write import replacing
from threadloom.cluster.map.colours import NOISE
from threadloom.cluster.map.data import MapData, clean

_INCHES = (12.0, 9.0)
_DPI = 150
_NAME_CHARACTERS = 60
_LINE_CHARACTERS = 22
# More names do not fit, and finding places for them takes long.
_MOST_NAMES = 50


def write_image(path: str, data: MapData, heading: str) -> None:
    """Write the map as a PNG of 1800 by 1350 pixels; `heading` says whose map it is."""
    with replacing(path) as temporary, warnings.catch_warnings():
        # A box replaces a character that the font lacks. Whoever reads the log cannot change that.
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        _figure(data, heading).savefig(
            temporary, format="png", dpi=_DPI, metadata={"Software": None}
        )


def _figure(data: MapData, heading: str) -> Figure:
    """Return the figure with its canvas."""
    figure = Figure(figsize=_INCHES, facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.02, 0.02, 0.96, 0.88))
    axes.set_axis_off()
    axes.set_aspect("equal", adjustable="datalim")
    figure.text(
        0.02, 0.96, clean(" ".join(heading.split())), size=17, weight="bold", parse_math=False
    )
    figure.text(0.02, 0.93, data.caption, size=11, color="#59616c", parse_math=False)
    rows = data.rows_to_draw()
    crowd = np.log10(max(len(rows), 30))
    colours = np.array([colour for colour, _ in data.colours] + [NOISE])
    axes.scatter(
        *data.points[rows].T,
        c=colours[data.labels[rows]],
        s=max(60 - 13 * crowd, 1.5),
        alpha=max(1.15 - 0.12 * crowd, 0.5),
        linewidths=0,
    )
    figure.draw_without_rendering()
    _name(axes, data)
    return figure


def _name(axes: Axes, data: MapData) -> None:
    """Write the largest clusters' names, moved apart, with a line to a cluster that is far away."""
    texts = []
    largest = max(data.sizes.max(initial=1), 1)
    for label in np.flatnonzero(data.sizes)[:_MOST_NAMES]:
        texts.append(
            axes.text(
                *data.anchors[label],
                _lines(data.names[label]),
                color=data.colours[label][1],
                size=7.5 + 4 * (data.sizes[label] / largest) ** 0.5,
                weight="bold",
                ha="center",
                va="center",
                parse_math=False,
                path_effects=[withStroke(linewidth=2.5, foreground="white")],
            )
        )
    if texts:
        adjust_text(
            texts,
            ax=axes,
            force_text=(0.3, 0.6),
            force_static=(0.2, 0.4),
            expand=(1.08, 1.3),
            # A number of rounds instead of a time, so that every machine makes the same picture.
            iter_lim=200,
            arrowprops={"arrowstyle": "-", "color": "#59616c", "lw": 0.7},
        )


def _lines(name: str) -> str:
    """Return a name in short lines; a very long one is cut."""
    name = clean(name)
    if len(name) > _NAME_CHARACTERS:
        name = name[: _NAME_CHARACTERS - 1] + "…"
    return textwrap.fill(name, _LINE_CHARACTERS)
