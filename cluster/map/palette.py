"""Make palette.json, the map's colours: python -m threadloom.cluster.map.palette ('make palette').

Importing Glasbey takes ten seconds, because numba compiles it each time. So a run only reads the
file, and this program makes it anew when somebody wants other colours.
"""

import json
from pathlib import Path

# Number, and bounds in CAM02-UCS: dark enough for white, and no grey, because noise is grey.
_COLOURS, _LIGHTNESS, _CHROMA = 60, (20, 55), (15, 90)
# The highest relative luminance: 3:1 against white for a point (WCAG 2.2, 1.4.11), 7:1 for a name.
_POINT, _INK = 0.298, 0.098
# How most people see, and how people see who lack the red or the green cones.
_VISIONS = (
    "sRGB1",
    {"name": "sRGB1+CVD", "cvd_type": "protanomaly", "severity": 100},
    {"name": "sRGB1+CVD", "cvd_type": "deuteranomaly", "severity": 100},
)


def main() -> None:
    """Write each colour with that of its name and its places in a uniform colour space."""
    import glasbey
    import numpy as np
    from colorspacious import cspace_convert
    from matplotlib.colors import to_hex

    # More than needed, because the bounds on lightness do not ensure the contrast.
    colours = glasbey.create_palette(
        100,
        lightness_bounds=_LIGHTNESS,
        chroma_bounds=_CHROMA,
        colorblind_safe=True,
        as_hex=False,
    )
    rgb = np.round(np.array(colours) * 255) / 255
    luminance = cspace_convert(rgb, "sRGB1", "sRGB1-linear") @ [0.2126, 0.7152, 0.0722]
    rgb, luminance = (a[luminance <= _POINT][:_COLOURS] for a in (rgb, luminance))
    dark = cspace_convert(rgb, "sRGB1", "sRGB1-linear") * np.minimum(1, _INK / luminance)[:, None]
    inks = cspace_convert(dark, "sRGB1-linear", "sRGB1")
    seen = np.hstack([cspace_convert(rgb, vision, "CAM02-UCS") for vision in _VISIONS])
    palette = [
        {"colour": to_hex(colour), "ink": to_hex(ink), "seen": place.round(1).tolist()}
        for colour, ink, place in zip(rgb, inks, seen, strict=True)
    ]
    lines = ",\n".join(map(json.dumps, palette))
    file = Path(__file__).parent / "assets" / "palette.json"
    file.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
