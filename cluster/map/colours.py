"""Colours for the clusters of a map: each clear on white, and neighbours unlike each other.

The colours are even steps in OKLCH (Ottosson 2020, https://bottosson.github.io/posts/oklab/), where
equal distances look equally different. How unlike two colours are counts three times: as most
people see them, and as people do who lack the red or the green cones (Machado, Oliveira and
Fernandes 2009, table 1, severity 1).
"""

import functools

import numpy as np

NOISE = "#b9bcc2"

_HUES = 20
# Lightness; the brightest still has a contrast of 3 to white (WCAG 2.2, 1.4.11).
_LIGHTNESS = (0.64, 0.52, 0.41)
_MOST_CHROMA = 0.19
# The lightness of the names' colours: a contrast of 7 to white.
_INK = 0.38

_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
_VISIONS = (
    np.eye(3),
    np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
)


def assign(anchors: np.ndarray) -> list[tuple[str, str]]:
    """Return for clusters at float[c, 2] their colours and, darker, those of their names.

    One after the other each takes the colour that is least like those taken; the nearer a taken
    colour is on the map, the more it counts. As for electric charges: 1 over distance squared, on
    the map and between the colours. Up to 60 clusters have colours of their own.
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
    """Return how unlike any two of 60 colours are, float[60, 60], and them with their inks."""
    hues = np.arange(_HUES) * 2 * np.pi / _HUES + np.radians(255)
    linear = np.array([_in_gamut(light, hue) for light in _LIGHTNESS for hue in hues])
    inks = [_hex(_in_gamut(_INK, hue)) for _ in _LIGHTNESS for hue in hues]
    unlike = np.zeros((len(linear), len(linear)))
    for vision in _VISIONS:
        lab = _lab(np.clip(linear @ vision.T, 0, 1))
        unlike += ((lab[:, None] - lab[None]) ** 2).sum(axis=2)
    # A colour used twice is very like itself, but the fiftieth cluster may have to.
    return unlike + 1e-4, list(zip(map(_hex, linear), inks, strict=True))


def _in_gamut(lightness: float, hue: float) -> np.ndarray:
    """Return the most colourful linear sRGB, float[3], of a lightness and a hue (radians)."""
    for chroma in np.linspace(_MOST_CHROMA, 0, 96):
        lab = np.array([lightness, chroma * np.cos(hue), chroma * np.sin(hue)])
        linear = np.linalg.solve(_TO_LMS, np.linalg.solve(_TO_LAB, lab) ** 3)
        if (linear >= -1e-9).all() and (linear <= 1 + 1e-9).all():
            return np.clip(linear, 0, 1)
    raise AssertionError("grey is always in the gamut")


def _lab(linear: np.ndarray) -> np.ndarray:
    """Return linear sRGB float[n, 3] as OKLab."""
    return np.cbrt(linear @ _TO_LMS.T) @ _TO_LAB.T


def _hex(linear: np.ndarray) -> str:
    """Return linear sRGB float[3] as "#rrggbb" (IEC 61966-2-1)."""
    curved = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return "#" + "".join(f"{round(255 * float(value)):02x}" for value in curved)
