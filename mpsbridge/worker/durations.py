"""Times in settings, read as the pipeline reads them (``mpsbridge/duration.go``)."""

import re

ERROR = "want a time such as 3s, 1m30s or 250ms, or a number of seconds"
_NANOSECONDS = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "μs": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}
_LONGEST = 2**63 - 1  # nanoseconds, as in Go
_NUMBER = r"([0-9]+\.?[0-9]*|\.[0-9]+)"
_PART = re.compile(rf"{_NUMBER}({'|'.join(_NANOSECONDS)})")
_SECONDS = re.compile(_NUMBER)


def parse(text: str) -> float:
    """Return the seconds of a time with units or of a plain number of seconds; else ValueError."""
    if _SECONDS.fullmatch(text):
        text += "s"
    total, at = 0, 0
    while at < len(text) and (part := _PART.match(text, at)):
        whole, _, fraction = part[1].partition(".")
        unit = _NANOSECONDS[part[2]]
        total += int(whole or 0) * unit + int(fraction or 0) * unit // 10 ** len(fraction)
        at = part.end()
    if not text or at < len(text) or total > _LONGEST:
        raise ValueError(ERROR)
    return total / 10**9
