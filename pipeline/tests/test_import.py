"""'import' beside the plain program, on invented dumps of all eras and on real ones."""

import bz2
import gzip
import json
import lzma

import pyarrow.parquet as pq
import pytest
import zstandard

MODES = ("leaf", "longest", "pair", "comment")
ERAS = "--months=2005-12,2006-01,2012-09,2019-01,2020-05,2023-12,2024-01"


@pytest.fixture(scope="module")
def eras(invent) -> list:
    """Return fourteen dumps with all odd things, and a deep thread."""
    return invent(ERAS, "--bytes=8M", "--subreddits=14", "--comb=40")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("data", ["eras", "sample_dumps"])
def test_chains_are_those_of_the_plain_program(request, importing, tmp_path, data, mode):
    dumps = request.getfixturevalue(data)
    counts = importing(tmp_path).done(f"--chains={mode}", *dumps).check(dumps, chains=mode)
    # The test proves nothing if the dumps do not have each of these things.
    rare = ["deleted", "submission", "in_chain", *["alone"] * (mode != "comment")]
    rare += ["blank", "not_json", "not_object", "duplicate", "bot"] * (data == "eras")
    assert all(counts[name] for name in rare), counts


def test_the_samples_have_as_many_lines_as_counted_by_hand(plainimport, sample_dumps):
    lines = [len(plainimport.lines(dump)) for dump in sample_dumps]
    assert lines == [1075, 3666, 9095, 145, 427]


@pytest.mark.parametrize(
    ("flags", "options"),
    [
        (["--authors"], {"authors": True}),
        (["--max_turns=3", "--min_turns=3"], {"max_turns": 3, "min_turns": 3}),
        (["--min_turns=1"], {"min_turns": 1}),
        (["--chains=longest", "--max_turns=4"], {"chains": "longest", "max_turns": 4}),
        (["--bots=none"], {"bots": ()}),
        (
            ["--subreddits=sourdough,Knitting.0.com,absent"],
            {"subreddits": ["sourdough", "Knitting.0.com", "absent"]},
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_options(importing, eras, tmp_path, flags, options):
    importing(tmp_path).done(*flags, *eras).check(eras, **options)


def test_threads_that_are_left_out(importing, eras, tmp_path):
    importing(tmp_path).done("--max_thread=20", *eras).check(eras, max_thread=20)


def test_duplicates_make_no_thread_longer(importing, tmp_path):
    dump = tmp_path / "dump"
    dump.write_bytes(b"\n".join(line(id=f"c{n % 15}", score=n) for n in range(60)))
    importing(tmp_path).done("--max_thread=20", dump).check([dump], max_thread=20)


def test_bots_of_a_file(importing, eras, tmp_path):
    bots = tmp_path / "bots"
    bots.write_text("INVENTED7\n\ninvented8\n[deleted]\n")
    done = importing(tmp_path).done(f"--bots={bots}", *eras)
    counts = done.check(eras, bots=("invented7", "invented8", "[deleted]"))
    assert counts["bot"] > 0


def test_a_small_memory_gives_the_same(importing, eras, tmp_path):
    importing(tmp_path).done("--memory=64MiB", *eras).check(eras)


def test_dumps_in_another_order_give_the_same_bytes(importing, eras, tmp_path):
    one = importing(tmp_path / "one").done(*eras).parts
    other = importing(tmp_path / "other").done(*eras[::-2], *eras[-2::-2]).parts
    assert one == other
    assert one


COMPRESSED = {
    "ndjson": bytes,
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstandard.compress,
    "two frames.zst": lambda raw: zstandard.compress(raw[:999]) + zstandard.compress(raw[999:]),
    "two parts.gz": lambda raw: gzip.compress(raw[:999]) + gzip.compress(raw[999:]),
    "two streams.xz": lambda raw: lzma.compress(raw[:999]) + lzma.compress(raw[999:]),
    "two streams.bz2": lambda raw: bz2.compress(raw[:999]) + bz2.compress(raw[999:]),
}


@pytest.mark.parametrize("name", COMPRESSED)
def test_each_compression_gives_the_same_chains(importing, invent, tmp_path, name):
    (plain, *_) = invent("--months=2012-09", "--bytes=600K", "--compression=ndjson")
    dump = tmp_path / f"dump of {name}.data"  # the first bytes count, not the name
    dump.write_bytes(COMPRESSED[name](plain.read_bytes()))
    importing(tmp_path).done(dump).check([plain])


@pytest.mark.parametrize("window", [20, 27, 31])
def test_each_window(importing, invent, tmp_path, window):
    dumps = invent("--months=2024-01", "--bytes=3M", f"--window={window}")
    importing(tmp_path).done(*dumps).check(dumps)


def line(**fields: object) -> bytes:
    """Return a comment that answers the submission 22569, which other fields change."""
    plain = {"id": "c1", "link_id": "t3_22569", "parent_id": "t3_22569", "subreddit": "reddit.com",
             "created_utc": 1134365188, "score": 2, "author": "a", "body": "text"}  # fmt: skip
    return json.dumps(plain | fields).encode()


ERA_TABLE = {
    "2005": ({"created_utc": 1134365188}, 1134365188),
    "2009": ({"created_utc": "1251763200", "name": "t1_c2"}, 1251763200),
    "2019": ({"created_utc": 1548982122, "edited": 1548982200.0}, 1548982122),
    "2024": (
        {"created_utc": 1706745600.0, "_meta": {"retrieved_2nd_on": 1706875209}},
        1706745600,
    ),
    "integers": ({"parent_id": int("c1", 36), "id": int("c2", 36)}, 1134365188),
    "no score": ({"score": None}, 1134365188),
}


@pytest.mark.parametrize("era", ERA_TABLE)
def test_each_eras_time_parent_and_score(importing, tmp_path, era):
    fields, time = ERA_TABLE[era]
    answer = {"id": "c2", "parent_id": "t1_c1", "score": -7, "body": "answer"} | fields
    dump = tmp_path / "dump"
    dump.write_bytes(line() + b"\n" + line(**answer))
    ((rows,),) = importing(tmp_path).done(dump).rows.values()
    assert rows == [
        {"chain_id": "22569_c2", "text": "text\n\nanswer", "subreddit": "reddit.com",
         "link_id": "22569", "root_id": "c1", "leaf_id": "c2",
         "permalink": "/r/reddit.com/comments/22569/_/c2/", "created_utc": time,
         "started_utc": 1134365188, "score": answer["score"], "n_turns": 2, "n_missing": 0,
         "depth": 2, "complete": True, "title": None}
    ]  # fmt: skip


def test_real_lines_of_each_era(importing, sample_dumps, tmp_path):
    dumps = [
        sample_dumps[0].with_name(f"eras_{kind}.ndjson") for kind in ("comments", "submissions")
    ]
    importing(tmp_path).done("--chains=comment", *dumps).check(dumps, chains="comment")


ESCAPED = line().replace(b'"text"', b'"%s"')
ODD_LINES = {  # a line, and the text of its chain or the count that it is in
    "plain": (line(), "text"),
    "bytes that are not UTF-8": (ESCAPED % b"a\xff\xe2\x82b", "a\ufffd\ufffd\ufffdb"),
    "a surrogate as bytes": (ESCAPED % b"\xed\xa0\x80", "\ufffd\ufffd\ufffd"),
    "half a pair": (ESCAPED % rb"\ud83d!", "\ufffd!"),
    "the other half": (ESCAPED % rb"\ude80!", "\ufffd!"),
    "a half before a pair": (ESCAPED % rb"\ud83d\ud83d\ude80", "\ufffd🚀"),
    "NUL": (ESCAPED % rb"a\u0000b", "a\ufffdb"),
    "entities": (ESCAPED % rb"&lt;&amp;gt; &amp;amp; &quot;", "<&gt; &amp; &quot;"),
    "ends of lines": (ESCAPED % rb"\r\n a\r\nb \t", "a\nb"),
    "an escaped key": (line().replace(b'"body"', rb'"\u0062ody"'), "text"),
    "a key twice": (line().replace(b"{", b'{"body": 7, ', 1), "text"),
    "a key in capitals": (line(BODY="other"), "text"),
    "keys of an inner object": (line(z={"body": "x", "id": []}), "text"),
    "many spaces": (b" \t" + line() + b" \r", "text"),
    "a float as score": (line(score=2.9), "text"),
    "a string as score": (line(score="2"), "text"),
    "a time in a string": (line(created_utc="1134365188"), "text"),
    "ids without their kinds": (line(link_id="22569"), "text"),
    "a name in place of an id": (line(id=None, name="t1_c1"), "text"),
    "no author": (line(author=None), "text"),
    "deleted": (line(body="[deleted]"), "deleted"),
    "removed": (line(body="\n[removed] "), "deleted"),
    "removed by Reddit": (line(body="[ REMOVED by Reddit ]"), "deleted"),
    "empty": (line(body=" \r\n\t"), "deleted"),
    "deleted later": (line(_meta={"was_deleted_later": True}), "deleted"),
    "not deleted later": (line(_meta={"was_deleted_later": False}), "text"),
    "not deleted": (line(body="[Deleted]"), "[Deleted]"),
    "written by somebody deleted": (line(author="[deleted]"), "text"),
    "a bot": (line(author="automoderator"), "bot"),
    "blank": (b" \t\r", "blank"),
    "NaN": (line(gilded=float("nan")), "not_json"),
    "a byte order mark": (b"\xef\xbb\xbf" + line(), "not_json"),
    "two objects": (line() + line(), "not_json"),
    "broken off": (line()[:-5], "not_json"),
    "a bad escape": (ESCAPED % rb"\x", "not_json"),
    "a tab within a string": (ESCAPED % b"a\tb", "not_json"),
    "a number with a zero before it": (line().replace(b": 2,", b": 02,"), "not_json"),
    "an array": (b"[1]", "not_object"),
    "null": (b"null", "not_object"),
    "a string": (b'"text"', "not_object"),
    "no subreddit": (line(subreddit=None), "odd subreddit"),
    "a path as subreddit": (line(subreddit="../x"), "odd subreddit"),
    "a hidden folder": (line(subreddit=".import"), "odd subreddit"),
    "a long name": (line(subreddit="x" * 65), "odd subreddit"),
    "a bad id": (line(id="c-1"), "odd id"),
    "an id of another type": (line(id=[1]), "odd id"),
    "no submission": (line(link_id=None), "odd link_id"),
    "a bad parent": (line(parent_id="t1_"), "odd parent_id"),
    "a time before 1970": (line(created_utc=-1), "odd created_utc"),
    "a time after 9999": (line(created_utc=253402300800), "odd created_utc"),
    "the last time": (line(created_utc=253402300799), "text"),
    "no time": (line(created_utc=None), "odd created_utc"),
    "a bad score": (line(score="many"), "odd score"),
    "no body, no title": (line().replace(b'"body"', b'"text"'), "odd body"),
    "null as body": (line(body=None), "deleted"),
    "a body of another type": (line(body=["text"]), "odd body"),
    "a submission": (line(body=None, title="t"), "submission"),
}


@pytest.mark.parametrize("name", ODD_LINES)
def test_odd_lines_in_the_plain_program(plainimport, tmp_path, name):
    raw, wanted = ODD_LINES[name]
    dump = tmp_path / "dump"
    dump.write_bytes(raw)
    assert came_of(*plainimport.imported([dump], chains="comment")) == wanted


def came_of(counts: dict, rows: dict) -> str:
    """Return the text of the only row, or the only count."""
    odd = [f"odd {field}" for field in counts["odd"]]
    (one,) = odd or [name for name, number in counts.items() if name != "odd" and number]
    if one != "in_chain":
        assert not rows
        return one
    ((row,),) = rows.values()
    return row["text"]


def test_odd_lines(importing, tmp_path):
    """All at once, each in a thread of its own."""
    dump = tmp_path / "dump"
    raws = [
        raw.replace(b'"t3_22569"', b'"t3_%d"' % n).replace(b'"22569"', b'"%d"' % n)
        for n, (raw, _) in enumerate(ODD_LINES.values(), 22570)
    ]
    dump.write_bytes(b"\n".join(raws))
    done = importing(tmp_path).done("--max_bad=100%", "--chains=comment", dump)
    counts = done.check([dump], chains="comment")
    texts = [text for _, text in ODD_LINES.values()]
    ((rows,),) = done.rows.values()
    assert (
        counts["in_chain"] == len(rows) == sum(t not in counts and t[:4] != "odd " for t in texts)
    )
    assert {row["text"] for row in rows} <= set(texts)
    for name in counts.keys() - {"odd", "in_chain"}:
        assert counts[name] == texts.count(name), name
    for field, number in counts["odd"].items():
        assert number == texts.count(f"odd {field}"), field


# Comments are written "id<parent", deleted ones with a "-" in front; "id" alone answers the
# submission. Then, for each mode, the chains by leaf: turns, n_missing, depth, complete.
THREADS = {
    "a branch": (
        "a b<a c<a d<b",
        {
            "leaf": {"d": ("a b d", 0, 3, True), "c": ("a c", 0, 2, True)},
            "longest": {"d": ("a b d", 0, 3, True)},
            "pair": {
                "b": ("a b", 0, 2, True),
                "c": ("a c", 0, 2, True),
                "d": ("b d", 0, 3, False),
            },
            "comment": {
                "a": ("a", 0, 1, True),
                "b": ("b", 0, 2, False),
                "c": ("c", 0, 2, False),
                "d": ("d", 0, 3, False),
            },
        },
    ),
    "deleted between": (
        "a -b<a c<b",
        {
            "leaf": {"c": ("a c", 1, 3, True)},
            "longest": {"c": ("a c", 1, 3, True)},
            "pair": {"c": ("a c", 1, 3, True)},
            "comment": {"a": ("a", 0, 1, True), "c": ("c", 0, 3, False)},
        },
    ),
    "deleted above all": (
        "-a -b<a c<b d<c",
        {
            "leaf": {"d": ("c d", 2, 4, True)},
            "pair": {"d": ("c d", 2, 4, True)},
            "comment": {"c": ("c", 2, 3, True), "d": ("d", 0, 4, False)},
        },
    ),
    "deleted below": ("a b<a -c<b", {"leaf": {"b": ("a b", 0, 2, True)}}),
    "only deleted replies": ("a -b<a -c<b", {"leaf": {}, "comment": {"a": ("a", 0, 1, True)}}),
    "a missing parent": (
        "b<z c<b",
        {
            "leaf": {"c": ("b c", 0, 2, False)},
            "comment": {"b": ("b", 0, 1, False), "c": ("c", 0, 2, False)},
        },
    ),
    "a missing parent of a deleted one": ("-b<z c<b d<c", {"leaf": {"d": ("c d", 1, 3, False)}}),
    "a circle": (
        "a<c b<a c<b d<b",
        {"leaf": {"c": ("a b c", 0, 3, False), "d": ("a b d", 0, 3, False)}},
    ),
    "a circle with deleted ones": ("-a<c b<a -c<b d<c", {"leaf": {"d": ("b d", 2, 4, False)}}),
    "its own parent": ("a<a b<a", {"leaf": {"b": ("a b", 0, 2, False)}}),
    "equal ways": (
        "a b<a c<a e<b d<c",
        {
            "leaf": {"e": ("a b e", 0, 3, True), "d": ("a c d", 0, 3, True)},
            "longest": {"e": ("a b e", 0, 3, True), "d": ("c d", 0, 3, False)},
        },
    ),
    "a longer way past a deleted one": (
        "a -b<a c<b d<c e<d f<a g<f",
        {"longest": {"e": ("a c d e", 1, 5, True), "g": ("f g", 0, 3, False)}},
    ),
    "longer than ten": (
        "-a b<a c<b d<c e<d f<e g<f -h<g i<h j<i k<j l<k m<l n<m",
        {
            "leaf": {"n": ("d e f g i j k l m n", 1, 14, False)},
            "longest": {"n": ("d e f g i j k l m n", 1, 14, False)},
        },
    ),
    "ten and a deleted one above": (
        "-a b<a c<b d<c e<d f<e g<f h<g i<h j<i k<j",
        {"leaf": {"k": ("b c d e f g h i j k", 1, 11, True)}},
    ),
}


@pytest.mark.parametrize("mode", MODES)
def test_threads(importing, plainimport, tmp_path, mode):
    dump = tmp_path / "dump"
    found = []
    for link, (comments, _) in enumerate(THREADS.values(), 100):
        for comment in comments.split():
            id_, _, parent = comment.strip("-").partition("<")
            fields = {"parent_id": f"t1_{parent}"} if parent else {}
            body = "[deleted]" if comment[0] == "-" else id_
            found.append(line(id=id_, link_id=f"t3_{link}", body=body, **fields))
    dump.write_bytes(b"\n".join(found))
    _, plain = plainimport.imported([dump], chains=mode)
    check_threads(plain["reddit.com"], mode)
    done = importing(tmp_path).done(f"--chains={mode}", dump)
    done.check([dump], chains=mode)
    check_threads(done.rows["reddit.com"][0], mode)


def check_threads(rows: list[dict], mode: str) -> None:
    for link, (name, (_, wanted)) in enumerate(THREADS.items(), 100):
        if mode in wanted:
            ours = [row for row in rows if row["link_id"] == str(link)]
            columns = ("n_missing", "depth", "complete")
            chains = {
                row["leaf_id"]: (row["text"].replace("\n\n", " "), *(row[c] for c in columns))
                for row in ours
            }
            assert chains == wanted[mode], name


def test_the_better_of_two_lines_with_one_id_wins(importing, tmp_path):
    pairs = {
        "with a body": [{"body": "[deleted]", "retrieved_on": 9}, {"retrieved_on": 1}],
        "found later": [{"retrieved_on": 5}, {"retrieved_utc": 6}],
        "found later the second time": [
            {"retrieved_on": 5},
            {"retrieved_on": 3, "_meta": {"retrieved_2nd_on": 6}},
        ],
        "written later": [{}, {"created_utc": 1134365189}],
        "with the higher score": [{"score": None}, {"score": -2}],
        "with the greater parent": [{"parent_id": "t1_8"}, {"parent_id": "t1_11"}],
        "with the greater text": [{}, {}],
    }
    dump = tmp_path / "dump"
    found = []
    for n, (name, pair) in enumerate(pairs.items(), 100):
        for fields, text in zip(pair, ("no " + name, "yes " + name), strict=True):
            found.append(line(**{"link_id": f"t3_{n}", "body": text} | fields))
    for order in (found, found[::-1]):
        dump.write_bytes(b"\n".join(order))
        root = tmp_path / str(order is found)
        done = importing(root).done("--chains=comment", dump)
        ((rows,),) = done.rows.values()
        assert [row["text"] for row in rows] == [f"yes {name}" for name in pairs]
        assert done.check([dump], chains="comment")["duplicate"] == len(pairs)


def test_a_comb_is_no_matter_of_recursion(importing, invent, tmp_path):
    """Each of 100,100 comments has two replies, and only one of them has replies itself."""
    depth = 100_100
    dumps = invent("--months=2006-01", "--bytes=0", f"--comb={depth}")
    done = importing(tmp_path).done(*dumps)
    parts = [pq.read_table(p) for p in sorted((done.folder / "Comb").iterdir())]
    assert [len(part) for part in parts] == [100_000, 100]
    depths = sorted(d for part in parts for d in part["depth"].to_pylist())
    assert depths == list(range(2, depth + 2))
    assert all(n == min(d, 10) for d, n in zip(*(columns(parts, "depth", "n_turns")), strict=True))
    counts = done.counts
    assert (counts["in_chain"], counts["cut"], counts["alone"]) == (2 * depth, 0, 0)


def columns(tables: list, *names: str) -> list[list]:
    return [[value for t in tables for value in t[name].to_pylist()] for name in names]


@pytest.mark.long
def test_a_thread_of_a_million_comments(importing, invent, tmp_path):
    dumps = invent("--months=2006-01", "--bytes=0", "--thread=1000000")
    done = importing(tmp_path).done(*dumps)
    assert done.counts["long_thread"] == 0
    assert done.counts["in_chain"] > 800_000
    other = importing(tmp_path / "less").done("--max_thread=900000", *dumps)
    assert other.counts["in_chain"] == 0
    assert other.counts["long_thread"] > 900_000
