"""Make chains of dumps as 'import' does, with a plain, slow program that keeps all in memory.

    python pipeline/tests/plainimport.py --chains=leaf RC_2005-12.zst RC_2006-01.zst

docs/import.md is the contract. This program shares no code with the command, so that a test can
compare the two.
"""

import argparse
import bz2
import codecs
import gzip
import json
import lzma
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import zstandard

SPACE = " \t\n\v\f\r"
LAST_SECOND = 253402300799
ROWS, TEXT = 100_000, 256 << 20  # of a file, at most
BOTS = frozenset({"automoderator"})
COUNTS = ("blank", "not_json", "not_object", "odd", "other_subreddit", "long_thread", "duplicate",
          "submission", "deleted", "bot", "in_chain", "cut", "alone")  # fmt: skip
# Go's encoding/json replaces each byte that is not UTF-8, but Python's "replace" each run of them.
codecs.register_error("each", lambda e: ("\ufffd", e.start + 1))


class Number(str):
    """A number of JSON as it was written."""


class Odd(Exception):
    """A field cannot be read."""


@dataclass
class Post:
    """A comment or a submission. The link of a submission is its own id, and its parent is 0."""

    submission: bool
    subreddit: str
    link: int
    id: int
    parent: int | None  # the comment's; None: it answers the submission
    created: int
    score: int | None
    title: str
    text: str
    author: str
    retrieved: int
    marked: bool  # deleted by _meta

    @property
    def emptied(self) -> bool:
        """Return whether it is deleted by its words."""
        words = self.text.lower()
        return self.text in ("", "[deleted]", "[removed]") or words.startswith("[ removed by ")

    @property
    def worth(self) -> tuple:
        """Return the key by which two lines with the same id are compared; the greater one wins."""
        score = (self.score is not None, self.score or 0)
        words = (self.title, self.text, self.author)
        return (not self.emptied, self.retrieved, self.created, score, self.parent or 0, *words,
                self.marked, self.parent is not None)  # fmt: skip


def imported(
    dumps: Iterable[Path], *, chains: str = "leaf", subreddits: Iterable[str] | None = None,
    bots: Iterable[str] = BOTS, min_turns: int = 0, max_turns: int = 10,
    max_thread: int = 1_000_000, authors: bool = False,
) -> tuple[dict, dict[str, list[dict]]]:  # fmt: skip
    """Return the counts, and the rows of each subreddit in the order of its files."""
    counts, odd = Counter(), Counter()
    listed = None if subreddits is None else {name.lower(): name for name in subreddits}
    folders: dict[str, str] = dict(listed or {})
    best: dict[tuple, Post] = {}
    of_thread: Counter[tuple] = Counter()  # lines
    for line in (line for dump in dumps for line in lines(Path(dump))):
        kind, post = parse(line, odd)
        if not kind and listed is not None and post.subreddit.lower() not in listed:
            kind = "other_subreddit"
        if kind:
            counts[kind] += 1
            continue
        name = post.subreddit.lower()
        if listed is None:
            folders[name] = min(folders.get(name, post.subreddit), post.subreddit)
        of_thread[name, post.link] += 1
        key = (name, post.link, post.submission, post.id)
        if key in best:
            post = max(post, best[key], key=lambda p: p.worth)
        best[key] = post
    threads: dict[tuple, dict[int, Post]] = defaultdict(dict)
    titles = {}
    for (name, link, submission, id_), post in best.items():
        if submission:
            titles[name, link] = post
        else:
            threads[name, link][id_] = post
    rows: dict[str, list[dict]] = defaultdict(list)
    for (name, link), number in sorted(of_thread.items()):
        thread, top = threads[name, link], titles.get((name, link))
        if len(thread) > max_thread:
            counts["long_thread"] += number
            continue
        counts["submission"] += top is not None
        counts["duplicate"] += number - len(thread) - (top is not None)
        options = (chains, min_turns or (1 if chains == "comment" else 2), max_turns)
        left_out = {id_: why for id_, p in thread.items() if (why := why_left_out(p, set(bots)))}
        counts.update(left_out.values())
        above, fates, made = weave(thread, left_out, *options)
        counts.update(fates.values())
        for leaf in sorted(made):
            row = row_of(made[leaf], above, thread, left_out, top)
            row |= {"author": thread[leaf].author} if authors else {}
            row["subreddit"] = folder = folders[name]
            row["permalink"] = f"/r/{folder}/comments/{row['link_id']}/_/{row['leaf_id']}/"
            rows[folder].append(row)
    return {name: counts[name] for name in COUNTS if name != "odd"} | {"odd": dict(odd)}, dict(rows)


def lines(dump: Path) -> list[bytes]:
    """Return a dump's lines without their ends, whatever it is compressed with."""
    raw = dump.read_bytes()
    if raw[:4] == b"\x28\xb5\x2f\xfd":
        decoder = zstandard.ZstdDecompressor(max_window_size=1 << 31)
        with decoder.stream_reader(raw, read_across_frames=True) as reader:
            raw = reader.read()
    for magic, codec in ((b"\x1f\x8b", gzip), (b"BZh", bz2), (b"\xfd7zXZ\0", lzma)):
        if raw.startswith(magic):
            raw = codec.decompress(raw)
    found = raw.split(b"\n")
    return found if found[-1] else found[:-1]


def parse(line: bytes, odd: Counter) -> tuple[str, Post | None]:
    """Return a post, or the count that a line without one belongs to."""
    if not line.strip(SPACE.encode()):
        return "blank", None
    try:
        text = line.decode("utf-8", "each")
        # No number is turned into a float: an id may have more digits than one holds.
        value = json.loads(text, parse_int=Number, parse_float=Number, parse_constant=refuse)
    except ValueError:
        return "not_json", None
    if not isinstance(value, dict):
        return "not_object", None
    try:
        return "", post_of(value)
    except Odd as error:
        odd[str(error)] += 1
        return "odd", None


def refuse(constant: str) -> None:
    """Refuse NaN and Infinity, which are no JSON."""
    raise ValueError(constant)


def post_of(value: dict) -> Post:
    """Return the post that an object is."""
    submission = value.get("body") is None and value.get("title") is not None
    name = string(value, "subreddit")
    if not re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}", name):
        raise Odd("subreddit")
    id_field = "name" if value.get("id") is None and value.get("name") is not None else "id"
    id_ = number_of(value, id_field)
    meta = value["_meta"] if isinstance(value.get("_meta"), dict) else {}
    if not submission and "body" not in value:
        raise Odd("body")
    if not submission and "parent_id" not in value:
        raise Odd("parent_id")
    parent = value.get("parent_id")
    answers = submission or parent is None or (type(parent) is str and parent.startswith("t3_"))
    if not submission and parent is not None:
        parent = number_of(value, "parent_id")
    created = integer(value, "created_utc")
    if created is None or not 0 <= created <= LAST_SECOND:
        raise Odd("created_utc")
    score = integer(value, "score")
    if score is not None and not -(1 << 31) <= score < 1 << 31:
        raise Odd("score")
    times = ((value, "retrieved_on"), (value, "retrieved_utc"), (meta, "retrieved_2nd_on"))
    text = cleaned(string(value, "selftext" if submission else "body"))
    return Post(
        submission, name, id_ if submission else number_of(value, "link_id"), id_,
        None if answers else parent, created, score, cleaned(string(value, "title")), text,
        string(value, "author"), max(moment(*time) for time in times),
        meta.get("was_deleted_later") is True,
    )  # fmt: skip


def string(value: dict, field: str) -> str:
    """Return a field's text; the empty text if the field is absent or null."""
    text = "" if value.get(field) is None else value[field]
    if type(text) is not str:
        raise Odd(field)
    return re.sub("[\ud800-\udfff]", "\ufffd", text)


def number_of(value: dict, field: str) -> int:
    """Return an id as a number."""
    id_ = value.get(field)
    if type(id_) is Number and re.fullmatch("[0-9]{1,19}", id_):
        number = int(id_)
    elif type(id_) is str and (match := re.fullmatch("(?:t[13]_)?([0-9a-zA-Z]{1,12})", id_)):
        number = int(match[1], 36)
    else:
        raise Odd(field)
    if number >= 36**12:
        raise Odd(field)
    return number


def integer(value: dict, field: str) -> int | None:
    """Return a field's integer, which may stand in a string or be a float."""
    number = value.get(field)
    if number is None:
        return None
    if type(number) in (str, Number) and re.fullmatch("-?[0-9]{1,30}", number):
        return int(number)
    if type(number) is Number and abs(float(number)) < 1e18:
        return int(float(number))
    raise Odd(field)


def moment(value: dict, field: str) -> int:
    """Return a time of retrieval, 0 if there is none that can be read."""
    try:
        return integer(value, field) or 0
    except Odd:
        return 0


def cleaned(text: str) -> str:
    """Return a text as the chains have it."""
    known = {"&amp;": "&", "&lt;": "<", "&gt;": ">"}
    text = re.sub("&(amp|lt|gt);", lambda m: known[m[0]], text)
    return re.sub("\r\n?", "\n", text).replace("\0", "\ufffd").strip(SPACE)


def why_left_out(post: Post, bots: set[str]) -> str | None:
    """Return the count of a comment that no chain has."""
    if post.emptied or post.marked:
        return "deleted"
    return "bot" if post.author.lower() in bots else None


def weave(
    thread: dict[int, Post], left_out: dict[int, str], chains: str, min_turns: int, max_turns: int
) -> tuple[dict, dict[int, str], dict[int, list[int]]]:
    """Return each comment's parent, its count, and the turns of each leaf's chain."""
    above = {id_: post.parent if post.parent in thread else None for id_, post in thread.items()}
    break_circles(above)
    kept_above = {}  # the next comment above that is not left out
    for id_ in thread:
        parent = above[id_]
        while parent in left_out:
            parent = above[parent]
        kept_above[id_] = parent
    kept = [id_ for id_ in thread if id_ not in left_out]
    replies = defaultdict(list)
    for id_ in kept:
        replies[kept_above[id_]].append(id_)
    ways = {}
    for id_ in kept:
        way = [id_]
        while kept_above[way[0]] is not None and (chains != "pair" or len(way) < 2):
            way.insert(0, kept_above[way[0]])
        if chains == "comment":
            way = [id_]
        if chains in ("comment", "pair") or not replies[id_]:
            ways[id_] = way
    if chains == "longest":
        below = Counter()  # the longest way down from each comment
        for way in ways.values():
            for i, id_ in enumerate(reversed(way)):
                below[id_] = max(below[id_], i)
        goes_on = {id_: min(r, key=lambda c: (-below[c], c)) for id_, r in replies.items() if r}
        for leaf, way in ways.items():
            starts = [i for i in range(1, len(way)) if goes_on[way[i - 1]] != way[i]]
            ways[leaf] = way[max(starts, default=0) :]
    made = {leaf: way[-max_turns:] for leaf, way in ways.items() if len(way) >= min_turns}
    fates = dict.fromkeys(kept, "alone")
    fates |= {id_: "cut" for way in ways.values() if len(way) >= min_turns for id_ in way}
    fates |= {id_: "in_chain" for turns in made.values() for id_ in turns}
    return above, fates, made


def break_circles(above: dict[int, int | None]) -> None:
    """In each circle of comments, remove the parent of the one with the lowest id."""
    done = set()
    for id_ in above:
        way = []
        while id_ is not None and id_ not in done:
            done.add(id_)
            way.append(id_)
            id_ = above[id_]
        if id_ in way:
            above[min(way[way.index(id_) :])] = None


def row_of(
    turns: list[int], above: dict, thread: dict[int, Post], left_out: dict, top: Post | None
) -> dict:
    """Return a chain's columns, without those that need the subreddit's name."""
    way = [turns[-1]]  # from the leaf up
    while above[way[-1]] is not None:
        way.append(above[way[-1]])
    root, leaf, first = thread[way[-1]], thread[way[0]], way.index(turns[0])
    in_text = way[: first + 1] if any(i not in left_out for i in way[first + 1 :]) else way
    missing = sum(id_ in left_out for id_ in in_text)
    words = [top.title, "" if top.emptied or top.marked else top.text] if top else []
    words += [thread[id_].text for id_ in turns]
    return {
        "chain_id": f"{base36(leaf.link)}_{base36(leaf.id)}",
        "text": "\n\n".join(filter(None, words)),
        "link_id": base36(leaf.link),
        "root_id": base36(root.id),
        "leaf_id": base36(leaf.id),
        "created_utc": leaf.created,
        "started_utc": thread[turns[0]].created,
        "score": leaf.score,
        "n_turns": len(turns),
        "n_missing": missing,
        "depth": len(way),
        "complete": root.parent is None and len(way) == len(turns) + missing,
        "title": top.title if top else None,
    }


def base36(number: int) -> str:
    """Return a number as Reddit writes ids."""
    digits = ""
    while number or not digits:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return digits


def files(rows: list[dict]) -> list[list[dict]]:
    """Return a subreddit's rows as its files have them."""
    found, size = [[]], 0
    for row in rows:
        if len(found[-1]) == ROWS or size >= TEXT:
            found.append([])
            size = 0
        found[-1].append(row)
        size += len(row["text"].encode())
    return found


def main() -> None:
    """Print the counts, and all chains as a JSON object a line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dumps", type=Path, nargs="+")
    parser.add_argument("--chains", default="leaf")
    parser.add_argument("--subreddits", type=lambda names: names.split(","))
    options = parser.parse_args()
    counts, rows = imported(options.dumps, chains=options.chains, subreddits=options.subreddits)
    print(json.dumps(counts))
    for row in (row for name in sorted(rows) for row in rows[name]):
        print(json.dumps(row, ensure_ascii=False))


if __name__ == "__main__":
    main()
