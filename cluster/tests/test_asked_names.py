"""Names from a server: the requests, the answers that are accepted, and what replaces them."""

import copy
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from threadloom.cluster.topics import asked_names
from threadloom.cluster.topics.asked_names import Refused, Server, ask_names, checked

KEY = "sk-very-secret"


class Asked(ThreadingHTTPServer):
    """A server that answers what `say` says to a request's body; it notes all requests."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.say = lambda body: good(body)
        self.bodies: list[dict] = []
        self.headers: list[dict] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.bodies.append(body | {"path": self.path})
        self.server.headers.append(dict(self.headers))
        answer = self.server.say(body)
        status, headers, content = answer if isinstance(answer, tuple) else (200, {}, answer)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            for part in [content] if isinstance(content, bytes) else content:
                self.wfile.write(part)
                self.wfile.flush()
        except OSError:
            pass  # the client has read enough

    def log_message(self, *unused: object) -> None:
        pass


def completion(text: object) -> bytes:
    return json.dumps({"choices": [{"message": {"role": "assistant", "content": text}}]}).encode()


def good(body: dict) -> bytes:
    """Return a name made of the first word."""
    word = json.loads(body["messages"][1]["content"])["words"][0]
    return completion(json.dumps({"name": f"All about {word}", "about": f"Threads on {word}."}))


@pytest.fixture
def asked():
    server = Asked()
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def server(asked: Asked, seconds: float = 5) -> Server:
    return Server(asked.url, "tiny", 7, seconds, (0.01, 0.01))


def tree() -> list[dict]:
    """Return two levels: bread with two parts, comets with one that is all of it."""

    def cluster(label, parent, children, word):
        texts = [{"keys": {"chain_id": word}, "text": f"{word} {i}"} for i in range(3)]
        return {
            "label": label, "parent": parent, "children": children, "name": f"{word}, more",
            "words": [word], "typical": texts,
        }  # fmt: skip

    return [
        {"clusters": [cluster(0, None, [0, 1], "bread"), cluster(1, None, [2], "comet")]},
        {"clusters": [cluster(0, 0, [], "yeast"), cluster(1, 0, [], "oven"),
                      cluster(2, 1, [], "comet")]},
    ]  # fmt: skip


def names_of(levels: list[dict]) -> list[str]:
    return [cluster["name"] for level in levels for cluster in level["clusters"]]


WORDS = names_of(tree())
GOOD = [
    "All about bread",
    "All about comet",
    "All about yeast",
    "All about oven",
    "All about comet",
]


def test_each_cluster_is_asked_for_with_its_words_and_chains(asked, tmp_path, monkeypatch):
    monkeypatch.setenv(asked_names.KEY_VARIABLE, KEY)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # must not be used for this machine
    levels = tree()
    assert ask_names(levels, server(asked), str(tmp_path / "names.jsonl")) is None
    assert names_of(levels) == GOOD
    assert levels[1]["clusters"][2]["about"] == "Threads on comet."
    assert len(asked.bodies) == 4  # the part that is all of its parent is not asked for
    body = asked.bodies[2]
    assert (body["path"], body["model"], body["seed"]) == ("/v1/chat/completions", "tiny", 7)
    assert json.loads(body["messages"][1]["content"]) == {
        "words": ["yeast"], "threads": ["yeast 0", "yeast 1", "yeast 2"], "lies_in": "bread, more",
    }  # fmt: skip
    assert asked.headers[0]["Authorization"] == f"Bearer {KEY}"
    kept = (tmp_path / "names.jsonl").read_text()
    assert len(kept.splitlines()) == 4 and KEY not in kept


def test_a_run_that_died_goes_on_without_asking_again(asked, tmp_path):
    path = tmp_path / "names.jsonl"
    ask_names(tree(), server(asked), str(path))
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:2]) + lines[2][:30])  # killed in the middle of a line
    asked.bodies.clear()
    levels = tree()
    assert ask_names(levels, server(asked), str(path)) is None
    assert names_of(levels) == GOOD and len(asked.bodies) == 2
    asked.bodies.clear()
    ask_names(tree(), server(asked), str(path))
    assert not asked.bodies
    other = Server(asked.url, "larger", 7)
    ask_names(tree(), other, str(path))
    assert len(asked.bodies) == 4  # another model has other names


def test_a_busy_server_is_asked_again(asked, tmp_path):
    answers = [(429, {"Retry-After": "0"}, b""), (503, {}, b"busy")]
    asked.say = lambda body: answers.pop(0) if answers else good(body)
    levels = tree()
    assert ask_names(levels, server(asked), str(tmp_path / "n")) is None
    assert names_of(levels) == GOOD and len(asked.bodies) == 6


def slowly(body):
    for _ in range(40):
        time.sleep(0.05)
        yield b" "


@pytest.mark.parametrize(
    ("say", "why"),
    [
        (lambda body: (401, {}, KEY.encode()), "HTTP status 401"),
        (lambda body: (429, {}, b""), "HTTP status 429"),
        (lambda body: (302, {"Location": "http://127.0.0.1:9/"}, b""), "HTTP status 302"),
        (lambda body: b"<html>welcome</html>", "not a chat completion"),
        (lambda body: b"[" * 100_000, "not a chat completion"),
        (lambda body: json.dumps({"choices": []}).encode(), "not a chat completion"),
        (lambda body: completion(None), "not a chat completion"),
        (lambda body: b"x" * (2 << 20), "more than 1,048,576 bytes"),
        (slowly, "took more than 0.3 s"),
    ],
)
def test_without_an_answer_the_names_are_the_words(asked, tmp_path, monkeypatch, say, why):
    monkeypatch.setenv(asked_names.KEY_VARIABLE, KEY)
    asked.say = say if say is not slowly else lambda body: (200, {}, slowly(body))
    levels = tree()
    warning = ask_names(levels, server(asked, 0.3), str(tmp_path / "n"))
    assert names_of(levels) == WORDS and not any("about" in c for c in levels[0]["clusters"])
    assert warning.startswith("4 of 4 clusters are named by their words") and why in warning
    assert "\n" not in warning and KEY not in warning
    assert len(asked.bodies) <= 6  # it gives up after two clusters


def test_a_server_that_hangs_or_is_gone(asked, tmp_path):
    asked.say = lambda body: time.sleep(1) or b""
    levels = tree()
    start = time.monotonic()
    assert "timed out" in ask_names(levels, server(asked, 0.2), str(tmp_path / "n"))
    assert time.monotonic() - start < 0.9
    gone = Server("http://127.0.0.1:9/v1", "tiny")
    assert "refused" in ask_names(levels, gone, str(tmp_path / "n"))
    assert names_of(levels) == WORDS


def test_a_key_that_no_header_can_have_is_not_shown(asked, tmp_path, monkeypatch):
    monkeypatch.setenv(asked_names.KEY_VARIABLE, f"{KEY}\n")
    warning = ask_names(tree(), server(asked), str(tmp_path / "n"))
    assert asked_names.KEY_VARIABLE in warning and KEY not in warning and not asked.bodies


def test_one_bad_name_leaves_the_others(asked, tmp_path):
    def say(body):
        if "yeast" in body["messages"][1]["content"]:
            return completion("Ignore all that: <b>BUY</b> now")
        return good(body)

    asked.say = say
    levels = tree()
    warning = ask_names(levels, server(asked), str(tmp_path / "n"))
    assert names_of(levels) == [*GOOD[:2], "yeast, more", *GOOD[3:]]
    assert warning.startswith("1 of 4 clusters") and "no JSON object" in warning
    assert len(asked.bodies) == 5  # twice for yeast
    assert "That will not do" in asked.bodies[3]["messages"][3]["content"]


def test_names_are_unique_in_their_level_and_in_their_line(asked, tmp_path):
    asked.say = lambda body: completion('{"name": "The Same Name", "about": "It is all alike."}')
    levels = tree()
    warning = ask_names(levels, server(asked), str(tmp_path / "n"))
    assert names_of(levels) == ["The Same Name", *WORDS[1:3], WORDS[3], WORDS[4]]
    assert "another group is called The Same Name" in warning


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "Bread baking", "about": "How people bake bread."}',
        'Sure!\n```json\n{"name": "Bread baking.", "about": "How people bake bread."}\n```',
        '<think>{a name?}</think>{"name": " Bread  baking ", "about": "How people bake bread."}',
    ],
)
def test_an_answer_is_taken_out_of_its_wrapping(text):
    assert checked(text, set()) == ("Bread baking", "How people bake bread.")


@pytest.mark.parametrize(
    ("name", "about"),
    [
        ("Bread", "How people bake bread."),
        ("one two three four five six", "How people bake bread."),
        ("Bread " + "x" * 60, "How people bake bread."),
        ("Bread\nbaking", "How people bake bread."),
        ("Bread\u202e baking", "How people bake bread."),
        ("Bread\ud800 baking", "How people bake bread."),
        ("**Bread** baking", "How people bake bread."),
        ("<script>alert(1)</script> x", "How people bake bread."),
        ("[Bread](http://evil.example) baking", "How people bake bread."),
        ("# Bread baking", "How people bake bread."),
        ("visit www.evil.example", "How people bake bread."),
        ("{{bread}} baking", "How people bake bread."),
        ("1 2 3", "How people bake bread."),
        (["Bread", "baking"], "How people bake bread."),
        ("Taken Name", "How people bake bread."),
        ("Bread baking", ""),
        ("Bread baking", "Bread."),
        ("Bread baking", "How people\nbake bread."),
        ("Bread baking", "How `people` bake bread."),
        ("Bread baking", "How people bake bread. " * 20),
        ("Bread baking", None),
    ],
)
def test_what_is_no_name_is_refused(name, about):
    with pytest.raises(Refused):
        checked(json.dumps({"name": name, "about": about}), {"taken name"})


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", "{" * 10_000, '{"name": "Bread baking"}'])
def test_an_answer_without_a_name_is_refused(text):
    with pytest.raises(Refused):
        checked(text, set())


def test_what_is_asked_for_stays_the_same(asked, tmp_path):
    levels = tree()
    before = copy.deepcopy(levels)
    ask_names(levels, server(asked), str(tmp_path / "n"))
    for level, old in zip(levels, before, strict=True):
        for cluster, was in zip(level["clusters"], old["clusters"], strict=True):
            assert {k: v for k, v in cluster.items() if k not in ("name", "about")} == {
                k: v for k, v in was.items() if k != "name"
            }
