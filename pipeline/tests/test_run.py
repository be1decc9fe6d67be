"""Whole runs on the invented chains: what they leave behind and how they end."""

import json
import shutil
import signal
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from sklearn.metrics import adjusted_mutual_info_score

SUBREDDITS = 6
FILES = 12
ROWS = 300


@pytest.fixture
def root(tmp_path, copy_sample) -> Path:
    """Return a copy of the sample with nothing embedded."""
    return copy_sample(tmp_path)


@pytest.fixture(scope="module")
def whole_run(program, copy_sample, tmp_path_factory):
    """Run the whole pipeline once; returns the clusters' folder and how the run ended."""
    root = copy_sample(tmp_path_factory.mktemp("whole"))
    ended = program.run(*flags(root))
    assert ended.code == 0, ended.errors
    return root / "clusters" / "sample", ended


def flags(root: Path, *more: object) -> tuple[object, ...]:
    return ("--root", root, "--suffix", "sample", *more)


def python_children(pid: int) -> list[int]:
    """Return the Python processes that a process has started."""
    listed = Path(f"/proc/{pid}/task").glob("*/children")
    children = {int(child) for file in listed for child in file.read_text().split()}
    return [c for c in children if b"threadloom.cluster" in Path(f"/proc/{c}/cmdline").read_bytes()]


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_a_run_leaves_vectors_labels_and_a_table_of_clusters(whole_run):
    clusters, ended = whole_run
    assert (ended.summary["files_done"], ended.summary["rows"]) == (FILES, ROWS)
    assert ended.summary["clustered_rows"] == ROWS
    assert ended.summary["texts_per_second"] > 0
    labels = pq.read_table(clusters / "labels.parquet")
    assert labels.num_rows == ROWS
    assert {"chain_id", "subreddit", "label", "probability"} <= set(labels.column_names)
    report = json.loads((clusters / "clusters.json").read_text())
    assert len(report["clusters"]) == ended.summary["clusters"] > 1
    assert report["clusters"][0]["words"][0] in (clusters / "clusters.md").read_text()
    # The program that embedded the chains has also embedded the words for the names.
    assert "words are embedded for the names" in ended.errors
    assert "named without the vectors of words" not in ended.errors


def test_the_samples_clusters_follow_its_topics(whole_run):
    clusters, _ = whole_run
    labels = pq.read_table(clusters / "labels.parquet").to_pydict()
    agreement = adjusted_mutual_info_score(labels["subreddit"], labels["label"])
    assert agreement >= 0.6
    assert labels["label"].count(-1) <= 0.25 * ROWS


@pytest.fixture
def namer():
    """Serve names, as a server of a language model does; returns its URL and what it was asked."""
    asked: list[tuple[dict, str]] = []

    class Namer(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append((body, self.headers["Authorization"]))
            answer = {"name": f"Invented topic {len(asked)}", "about": "People talk about it."}
            message = {"role": "assistant", "content": json.dumps(answer)}
            content = json.dumps({"choices": [{"message": message}]}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *unused):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Namer)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1", asked
    server.shutdown()
    server.server_close()


def test_cluster_by_subreddit_writes_a_folder_for_each_with_names_from_a_server(
    program, root, namer, monkeypatch
):
    url, asked = namer
    monkeypatch.setenv("THREADLOOM_NAME_KEY", "sk-secret-key")
    more = ("--cluster_by=subreddit", f"--name_url={url}", "--name_model=tiny")
    ended = program.run(*flags(root, *more))
    assert ended.code == 0, ended.errors
    assert ended.summary["clustered_rows"] == ROWS
    written = sorted((root / "clusters" / "sample").rglob("labels.parquet"))
    assert len(written) == SUBREDDITS
    assert sum(pq.read_metadata(path).num_rows for path in written) == ROWS
    assert "are sent to a server" in ended.errors and url in ended.errors
    named = 0
    for path in written:
        for level in json.loads((path.parent / "clusters.json").read_text())["levels"]:
            for cluster in level["clusters"]:
                assert cluster["name"].startswith("Invented topic ")
                assert cluster["about"] == "People talk about it."
                named += 1
        if (path.parent / "names.jsonl").exists():
            assert "People talk about it." in (path.parent / "clusters.md").read_text()
    assert named >= len(asked) > 0
    assert {(body["model"], key) for body, key in asked} == {("tiny", "Bearer sk-secret-key")}
    everything = [p.read_bytes() for p in root.rglob("*") if p.is_file()]
    assert not any(b"sk-secret-key" in content for content in everything)
    assert "sk-secret-key" not in ended.errors + json.dumps(ended.summary)


def test_too_few_rows_are_no_error(program, root):
    (root / "subreddits_list.json").write_text(json.dumps(["few"]))
    source = next((root / "chains" / "sample").glob("*/*.parquet"))
    few = root / "chains" / "sample" / "few" / "few.parquet"
    few.parent.mkdir()
    pq.write_table(pq.read_table(source).slice(0, 3), few)
    ended = program.run(*flags(root))
    assert ended.code == 0, ended.errors
    assert (ended.summary["clustered_rows"], ended.summary["clusters"]) == (3, 0)
    assert pq.read_metadata(root / "clusters" / "sample" / "labels.parquet").num_rows == 3


def test_an_empty_list_is_no_error(program, root):
    (root / "subreddits_list.json").write_text("[]")
    ended = program.run(*flags(root))
    assert ended.code == 0, ended.errors
    assert ended.summary["files_done"] == 0


def test_without_clustering_no_python_is_needed(program, root):
    ended = program.run(*flags(root, "--cluster=false", "--python=/nowhere"))
    assert ended.code == 0, ended.errors
    assert not (root / "clusters").exists()


def test_only_the_summary_is_on_standard_output(program, root):
    done = subprocess.run(
        [program.path, *map(str, flags(root, "--cluster=false"))], capture_output=True, text=True
    )
    assert done.returncode == 0
    # Standard error has the one notice of every run on Prism, and nothing else.
    (notice,) = done.stderr.splitlines()
    assert "Prism listens on all interfaces" in notice
    assert done.stdout.splitlines()[0] == f"files     {FILES} embedded, 0 skipped, 0 dead-lettered"


@pytest.mark.parametrize(
    ("flag", "says"),
    [
        ("--sufix=x", "--help"),
        ("--runner=spark", "--runner"),
        ("--suffix=none", "check --root and --suffix"),
        ("--subreddits=/nowhere.json", "--subreddits"),
        ("--model=/nowhere", "make setup"),
        ("--onnxruntime_lib=/nowhere.so", "--onnxruntime_lib"),
        ("--cluster_by=author", "--cluster_by"),
        ("--cluster_method=k-means", "--cluster_method"),
        ("--cluster_min_size=1", "--cluster_min_size"),
        ("--python=/nowhere", "--cluster=false"),
        ("--async", "--cluster_endpoint"),
        ("--python=/bin/false", "threadloom[cluster]"),
        ("--onnxruntime_lib=/bin/false", "/bin/false"),
    ],
)
def test_a_wrong_setting_is_one_line_and_exit_2(program, root, flag, says):
    ended = program.run(*flags(root, flag))
    assert ended.code == 2, ended.errors
    assert ended.summary is None
    assert len(ended.errors.splitlines()) == 1
    assert ended.errors.startswith("error: ")
    assert says in ended.errors
    assert not (root / "embeddings").exists()


@pytest.mark.skipif(find_spec("cuml") is not None, reason="RAPIDS is installed")
def test_a_method_that_is_not_installed_is_refused_before_anything_runs(program, root):
    ended = program.run(*flags(root, "--cluster_method=cuml"))
    assert ended.code == 2, ended.errors
    assert len(ended.errors.splitlines()) == 1
    assert "cuml is not installed; use auto, hdbscan, leiden, evoc" in ended.errors
    assert not list((root / "embeddings").rglob("*.parquet"))


@pytest.mark.parametrize("file", ["model.onnx", "model.onnx_data"])
def test_a_spoiled_model_is_refused(program, root, tmp_path, file):
    model = tmp_path / "model"
    shutil.copytree(program.path.parent / "models" / "all-MiniLM-L6-v2", model)
    with (model / "onnx" / file).open("ab") as graph:
        graph.write(b"\0")
    ended = program.run(*flags(root, "--model", model))
    assert ended.code == 2
    assert len(ended.errors.splitlines()) == 1
    assert "is not the file in the manifest" in ended.errors


def test_a_failed_cluster_step_is_told_in_one_line(program, until, root):
    assert program.run(*flags(root, "--cluster=false")).code == 0
    labels = root / "clusters" / "sample" / "labels.parquet"
    labels.mkdir(parents=True)  # which no file can replace
    process = program.start(*flags(root))
    (child,) = until(lambda: python_children(process.pid))
    ended = program.end(process)
    assert ended.code == 1
    last = ended.errors.splitlines()[-1]
    assert last.startswith("error: ")
    assert str(labels) in last
    assert len(last) < 500
    until(lambda: is_gone(child))
    assert [path.name for path in labels.parent.glob("*.parquet")] == [labels.name]


@pytest.mark.parametrize("how", ["done", signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_the_python_side_ends_with_the_run(program, until, root, how):
    process = program.start(*flags(root))
    (child,) = until(lambda: python_children(process.pid))
    if how != "done":
        process.send_signal(how)
    process.communicate()
    until(lambda: is_gone(child))
    if how == "done":
        assert process.returncode == 0
    elif how == signal.SIGKILL:
        assert process.returncode == -how
    else:
        assert process.returncode == 128 + how
