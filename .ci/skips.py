#!/usr/bin/env python3
"""Say which tests were skipped, and why: skips.py FOLDER, which holds JUnit reports.

The reason of a skip says which command brings what is missing. With CI in the environment such a
skip is a failure, so that no machine passes because it lacks a program. If no command can bring it,
such as a file system that can swap two names, the skip is named and is no failure.
"""

import os
import re
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path

# A command in a reason, which brings what is missing.
COMMAND = re.compile(r"\b(apt-get|brew|make|pip|uv) ")


def main(folder: str) -> int:
    """Print a line for each reason; return the code to exit with."""
    reasons = Counter(reason for path in Path(folder).glob("*.xml") for reason in skips(path))
    for reason, tests in sorted(reasons.items()):
        print(f"skipped {tests} test{'s' if tests > 1 else ''}: {reason}")
    if os.environ.get("CI") and any(map(COMMAND.search, reasons)):
        print("error: CI allows no skip if a command brings what is missing (see above)")
        return 1
    return 0


def skips(path: Path) -> list[str]:
    """Return the reason of each skip in a file that pytest or gotestsum wrote."""
    found = ElementTree.parse(path).getroot().iter("skipped")
    return [reason(s.get("message", "")) for s in found if s.get("type") != "pytest.xfail"]


def reason(message: str) -> str:
    """Return a skip's reason in one line, without what Go writes around it."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith(("=== ", "--- "))] or ["no reason given"]
    return re.sub(r"^\S+\.go:\d+: ", "", lines[-1])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
