"""The report on a group's clusters: as JSON for programs, as a Markdown table for readers."""

import json
import math
from collections.abc import Mapping

from threadloom.cluster.files.atomic_write import write_text

FORMAT = 2


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
    """Write the clusters as a Markdown table, largest first."""
    rows, noise = report["rows"], report["noise_rows"]
    lines = [
        f"# {escape(report['group'])}: {headline(rows, len(report['clusters']), noise)}",
        "",
    ]
    lines += [f"> {escape(warning)}\n" for warning in report["warnings"]]
    if report["clusters"]:
        lines += [
            "| label | name | chains | words | subreddits | typical |",
            "|---:|---|---:|---|---|---|",
        ]
    for cluster in report["clusters"]:
        subreddits = ", ".join(f"{name} {size:,}" for name, size in cluster["subreddits"].items())
        typical = cluster["typical"][0]["text"] if cluster["typical"] else ""
        words = ", ".join(cluster["words"])
        cells = [cluster["name"], f"{cluster['size']:,}", words, subreddits, typical]
        lines.append(f"| {cluster['label']} | {' | '.join(map(escape, cells))} |")
    write_text(path, "\n".join(lines).rstrip() + "\n")


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
