"""The report on a group's clusters: as JSON for programs, as a Markdown table for readers."""

import json
import math
from collections.abc import Mapping, Sequence

from threadloom.cluster.files.atomic_write import write_text

FORMAT = 3

# At most so many rising and so many falling clusters are named.
_TREND_NAMES = 10
_ARROWS = {"rising": " ↗", "falling": " ↘", None: ""}
_BARS = "·▁▂▃▄▅▆▇█"
_MOST_BARS = 24
# The tree in the table for readers has at most so many lines.
_TREE_LINES = 300


def write_report(path: str, report: Mapping) -> None:
    """Write the report as JSON; a value unknown to JSON, such as a time, becomes a string."""
    text = json.dumps(plain(report), indent=2, ensure_ascii=False, allow_nan=False)
    # A broken text may hold half a surrogate pair, which UTF-8 cannot encode: keep the rest.
    write_text(path, text.encode(errors="replace").decode() + "\n")


def read_report(path: str) -> dict | None:
    """Return the report of an earlier run; None if there is none that can be read."""
    try:
        with open(path, encoding="utf-8") as file:
            report = json.load(file)
    except (OSError, ValueError):
        return None
    return report if isinstance(report, dict) and report.get("format") == FORMAT else None


def write_table(path: str, report: Mapping) -> None:
    """Write the clusters as a Markdown table, largest first, and the tree as a list."""
    rows, noise = report["rows"], report["noise_rows"]
    lines = [
        f"# {escape(report['group'])}: {headline(rows, len(report['clusters']), noise)}",
        "",
    ]
    lines += [f"> {escape(warning)}\n" for warning in report["warnings"]]
    timed = report.get("time")
    if timed:
        lines += _trends(report["clusters"])
    if report["clusters"]:
        when = f" by {timed['unit']} |" if timed else ""
        lines += [
            f"| label | name | chains |{when} words | subreddits | typical |",
            f"|---:|---|---:|{'---|' if timed else ''}---|---|---|",
        ]
    for cluster in report["clusters"]:
        subreddits = ", ".join(f"{name} {size:,}" for name, size in cluster["subreddits"].items())
        typical = cluster["typical"][0]["text"] if cluster["typical"] else ""
        words = ", ".join(cluster["words"])
        chart = [chart_of(cluster)] if timed else []
        cells = [_title(cluster), f"{cluster['size']:,}", *chart, words, subreddits, typical]
        lines.append(f"| {cluster['label']} | {' | '.join(map(escape, cells))} |")
    lines += _tree(report["levels"], report["method_level"])
    write_text(path, "\n".join(lines).rstrip() + "\n")


def _trends(clusters: list[dict]) -> list[str]:
    """Return a line for the clusters that rise, and one for those that fall, largest first."""
    lines = []
    for trend in ("rising", "falling"):
        names = [escape(c["name"]) for c in clusters if c["trend"] == trend]
        if names:
            more = f"; and {len(names) - _TREND_NAMES:,} more" if len(names) > _TREND_NAMES else ""
            lines += [f"{trend.capitalize()}: {'; '.join(names[:_TREND_NAMES])}{more}", ""]
    return lines


def chart_of(cluster: Mapping) -> str:
    """Return a cluster's chains by period as bars, with an arrow if it rises or falls."""
    return bars(cluster["over_time"]) + _ARROWS[cluster["trend"]]


def bars(chains: Sequence[int]) -> str:
    """Return the chains of each period as a line of bars such as "▁▂▅█".

    The highest bar is the largest number. A period without chains is a dot. If there are more
    periods than fit, each bar stands for several, all for the same number but perhaps the last.
    """
    joined = max(-(-len(chains) // _MOST_BARS), 1)
    sums = [sum(chains[i : i + joined]) for i in range(0, len(chains), joined)]
    largest = max([1, *sums])
    return "".join(_BARS[-(-n * (len(_BARS) - 1) // largest)] for n in sums)


def _tree(levels: list[dict], method_level: int, most: int = _TREE_LINES) -> list[str]:
    """Return the tree as a nested list, with the largest `most` clusters; [] for a flat one.

    A cluster that a finer level does not divide has a line at its coarsest level only.
    """
    if len(levels) < 2:
        return []
    by_size = sorted(
        (-cluster["size"], level, cluster["label"])
        for level, found in enumerate(levels)
        for cluster in found["clusters"]
        if not _undivided(levels, level, cluster)
    )
    # A parent is at least as large as its child and comes before it, so no line lacks its parent.
    shown = {(level, label) for _, level, label in by_size[:most]}
    lines = [
        "",
        "## The tree",
        "",
        "Each line has the level, the label at that level, the name and the number of chains."
        f" The table above shows level {method_level}."
        " A cluster that no finer level divides is not repeated.",
        "",
    ]
    if left_out := len(by_size) - len(shown):
        lines[4:4] = [
            f"The smallest {left_out:,} of {len(by_size):,} clusters are left out here."
            " `clusters.json` has all."
        ]

    def add(level: int, label: int, indent: str) -> None:
        cluster = levels[level]["clusters"][label]
        if (level, label) in shown:
            number = f"`{level + 1}:{label}`"
            lines.append(f"{indent}- {number} {escape(_title(cluster))} ({cluster['size']:,})")
            indent += "  "
        for child in cluster["children"]:
            add(level + 1, child, indent)

    for cluster in levels[0]["clusters"]:
        add(0, cluster["label"], "")
    return lines


def _title(cluster: Mapping) -> str:
    """Return the name, and the sentence that a server gave with it."""
    return ": ".join(filter(None, (cluster["name"], cluster.get("about"))))


def _undivided(levels: list[dict], level: int, cluster: dict) -> bool:
    """Return whether a cluster is all of its parent."""
    if not level:
        return False
    return len(levels[level - 1]["clusters"][cluster["parent"]]["children"]) == 1


def headline(rows: int, clusters: int, noise_rows: int) -> str:
    """Return "1,234 chains, 5 clusters, 8 % noise"."""
    share = 100 * noise_rows / rows if rows else 0
    plural = "" if clusters == 1 else "s"
    return f"{rows:,} chains, {clusters} cluster{plural}, {share:.0f} % noise"


def escape(cell: str) -> str:
    """Return a text as one table cell without markup, links and line ends."""
    text = " ".join(cell.split()).replace("&", "&amp;").replace("<", "&lt;")
    text = text.encode(errors="replace").decode()
    return "".join(f"\\{c}" if c in "\\`*_[]|~#>$" else c for c in text)


def plain(value: object) -> object:
    """Return a value that JSON can hold: NaN becomes null, bytes hex, and times text."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, bytes):
        return value.hex()
    return value if value is None or isinstance(value, str | int) else str(value)
