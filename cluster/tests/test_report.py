"""The table and the tree for readers, as a Markdown parser reads them."""

import itertools

import pytest
from markdown_it import MarkdownIt

from threadloom.cluster.files import report as reporting

HOSTILE = [
    *("<script>alert(1)</script>", "[x](http://example.org)", "![x](y.png)", "a | b", "# heading"),
    *("`code`", "*a* _b_ ~~c~~", "two\n\n- lines", "\\", "&lt;b&gt;", "1. one", "$x$", "> quote"),
    "| --- |",
]


def cluster(label: int, name: str, size: int, parent: int | None, children: list[int]) -> dict:
    return {
        **{"label": label, "parent": parent, "children": children, "name": name, "size": size},
        **{"share": 0.0, "words": [name], "coherence": None, "subreddits": {}, "typical": []},
    }


def written(levels: list[list[dict]], path) -> str:
    """Return the table of a report with these clusters at each level; the method's is the first."""
    report = {
        **{"group": "all", "rows": 1000, "noise_rows": 0, "warnings": [], "method_level": 1},
        "clusters": levels[0],
        "levels": [{"level": i, "clusters": level} for i, level in enumerate(levels, 1)],
    }
    reporting.write_table(str(path), report)
    return path.read_text()


def shown(text: str) -> list[tuple[int, str]]:
    """Return the depth and the text of each item of the lists, as a Markdown parser reads them."""
    items, depth = [], 0
    for token in MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text):
        depth += {"bullet_list_open": 1, "bullet_list_close": -1}.get(token.type, 0)
        assert not token.type.startswith(("html", "ordered", "fence", "blockquote"))
        if token.type == "inline" and depth:
            kinds = {child.type for child in token.children}
            assert kinds <= {"text", "code_inline", "text_special"}, token.content
            items.append((depth, "".join(child.content for child in token.children)))
    return items


def test_the_tree_is_a_nested_list_and_names_are_only_text(tmp_path):
    count = len(HOSTILE)
    top = [cluster(0, "all of it", 900, None, list(range(count)))]
    below = [cluster(i, name, 60 - i, 0, []) for i, name in enumerate(HOSTILE)]
    text = written([top, below], tmp_path / "clusters.md")
    want = [(1, "1:0 all of it (900)")]
    want += [(2, f"2:{i} {' '.join(n.split())} ({60 - i})") for i, n in enumerate(HOSTILE)]
    assert shown(text) == want


def test_a_cluster_that_is_not_divided_has_one_line(tmp_path):
    levels = [
        [cluster(0, "a", 50, None, [0]), cluster(1, "b", 40, None, [1, 2])],
        [cluster(0, "a", 50, 0, [0, 1]), cluster(1, "c", 30, 1, [2]), cluster(2, "d", 10, 1, [3])],
        [cluster(0, "e", 30, 0, []), cluster(1, "f", 20, 0, []), cluster(2, "c", 30, 1, []),
         cluster(3, "d", 10, 2, [])],
    ]  # fmt: skip
    assert shown(written(levels, tmp_path / "clusters.md")) == [
        *((1, "1:0 a (50)"), (2, "3:0 e (30)"), (2, "3:1 f (20)")),
        *((1, "1:1 b (40)"), (2, "2:1 c (30)"), (2, "2:2 d (10)")),
    ]


def test_a_large_tree_names_its_largest_clusters_and_says_what_is_left_out(tmp_path):
    parents = [cluster(i, f"p{i}", 100 - i, None, [2 * i, 2 * i + 1]) for i in range(50)]
    sizes = [(100 - i // 2) // 2 + (0 if i % 2 else (100 - i // 2) % 2) for i in range(100)]
    middle = [cluster(i, f"m{i}", sizes[i], i // 2, [3 * i, 3 * i + 1, 3 * i + 2])
              for i in range(100)]  # fmt: skip
    fine = [cluster(i, f"f{i}", sizes[i // 3] // 3 or 1, i // 3, []) for i in range(300)]
    text = written([parents, middle, fine], tmp_path / "clusters.md")
    items = shown(text)
    assert len(items) == 300
    assert "The smallest 150 of 450 clusters are left out here" in text
    for (depth, _), (after, _) in itertools.pairwise(items):
        assert after <= depth + 1
    assert {f"1:{i} p{i} ({100 - i})" for i in range(50)} <= {t for d, t in items if d == 1}
    smallest = min(int(t.rsplit("(", 1)[1][:-1]) for _, t in items)
    assert smallest >= sorted((c["size"] for c in fine), reverse=True)[149]


@pytest.mark.parametrize("levels", [[[]], [[cluster(0, "a", 9, None, [])]]])
def test_a_flat_clustering_has_no_tree(tmp_path, levels):
    assert "The tree" not in written(levels, tmp_path / "clusters.md")


def test_an_older_report_is_none(tmp_path):
    path = tmp_path / "clusters.json"
    reporting.write_report(str(path), {"format": reporting.FORMAT})
    assert reporting.read_report(str(path)) == {"format": reporting.FORMAT}
    reporting.write_report(str(path), {"format": reporting.FORMAT - 1})
    assert reporting.read_report(str(path)) is None
