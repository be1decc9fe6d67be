"""The addresses of chains on Reddit."""

import re

_REDDIT = "https://www.reddit.com"
_PATH = re.compile(r"/r/[!-~]+")


def address(permalink: str | None) -> str:
    """Return the address of a permalink, such as /r/golang/comments/1/_/2/; "" if it is none."""
    return _REDDIT + permalink if permalink and _PATH.fullmatch(permalink) else ""
