"""What a run leaves behind for those who watch it: records, metrics, progress."""

import contextlib
import fcntl
import json
import os
import pty
import re
import signal
import socket
import struct
import subprocess
import termios
import threading
import time
import urllib.request
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest


@pytest.fixture
def root(tmp_path, copy_sample) -> Path:
    return copy_sample(tmp_path)


def flags(root: Path, *more: object) -> tuple[object, ...]:
    return ("--root", root, "--suffix=sample", "--cluster=false", *more)


def records(root: Path) -> list[dict]:
    paths = sorted((root / "embeddings" / "sample" / "_runs").iterdir())
    assert [path.suffix for path in paths] == [".json"] * len(paths)
    return [json.loads(path.read_text()) for path in paths]


def test_a_run_leaves_a_record_and_metrics(program, root):
    metrics = root / "threadloom.prom"
    redis = ("--redis=redis://me:secret@node1", "--mps_share=0")
    ended = program.run(*flags(root, *redis, "--metrics_file", metrics))
    assert ended.code == 0, ended.errors
    (record,) = records(root)
    assert (record["exit_code"], record["summary"]) == (0, ended.summary)
    assert record["started"] < record["ended"]
    assert record["settings"]["precision"] == "fp32"
    assert record["settings"]["subreddits"] == str(root / "subreddits_list.json")
    assert "secret" not in json.dumps(record)
    lines = metrics.read_text().splitlines()
    assert 'threadloom_files_done_total{suffix="sample"} 12' in lines
    assert 'threadloom_rows_total{suffix="sample"} 300' in lines
    assert 'threadloom_run_exit_code{suffix="sample"} 0' in lines
    assert any(line.startswith("threadloom_engine_info{backend=") for line in lines)


def test_a_killed_run_leaves_a_record_without_an_end(program, until, root):
    process = program.start(*flags(root))
    until(lambda: list(root.glob("embeddings/sample/_runs/*.json")))
    process.kill()
    process.communicate()
    (record,) = records(root)
    assert (record["ended"], record["exit_code"], record["summary"]) == (None, None, None)


def test_metrics_are_served_while_it_runs_to_this_machine_alone(program, until, root):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    process = program.start(*flags(root, f"--metrics_addr=:{port}"))

    def served() -> str:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
                return answer.read().decode()
        except OSError:
            return ""

    text = until(served)
    assert 'threadloom_run_started_timestamp_seconds{suffix="sample"}' in text
    assert "run_exit_code" not in text
    listening = [line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    assert f"0100007F:{port:04X}" in listening
    assert program.end(process).code == 0


def served(port: int) -> dict[str, float]:
    """Return the metrics that a run serves, by name; nothing while it does not serve them."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            text = answer.read().decode()
    except OSError:
        return {}
    line = re.compile(r"^threadloom_(\w+)\{suffix=\"\w+\"\} (\S+)$", re.MULTILINE)
    return {name: float(value) for name, value in line.findall(text)}


def test_rows_count_before_their_file_is_finished(program, new_root, tmp_path):
    root = new_root(tmp_path / "root")
    files, rows = 2, 1500
    for file in range(files):
        texts = [f"{file} {i} " + "bread " * (i % 200) for i in range(rows)]
        pq.write_table(pa.table({"text": texts}), root.chains / f"{file}.parquet")
    (root.chains / "bad.parquet").write_bytes(b"no parquet")
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    metrics = tmp_path / "threadloom.prom"
    watch = (f"--metrics_addr=:{port}", "--metrics_file", metrics)
    process = program.start(*root.flags, *watch)
    seen = []
    while process.poll() is None:
        if now := served(port):
            seen.append(now)
        time.sleep(0.02)
    ended = program.end(process)
    assert (ended.code, ended.summary["rows"]) == (3, files * rows)
    open_files = [now for now in seen if now["files_done_total"] == 0]
    growing = sorted({now["rows_embedded_total"] for now in open_files})
    assert len(growing) > 3, growing
    assert all(now["rows_total"] == now["tokens_total"] == 0 for now in open_files)
    for name in ("rows_embedded_total", "tokens_embedded_total", "tokens_run_total"):
        counted = [now[name] for now in seen]
        assert counted == sorted(counted), name
    # As soon as the bad file is known to be bad, its rows no longer count.
    tried = [now for now in open_files if now["files_dead_lettered_total"]]
    for now in tried:
        assert abs(now["rows_embedded_total"] + now["rows_left"] - files * rows) < rows / 10
    assert tried
    last = metrics.read_text().splitlines()
    for name in ("rows", "rows_embedded"):
        assert f'threadloom_{name}_total{{suffix="test"}} {files * rows}' in last
    assert 'threadloom_rows_left{suffix="test"} 0' in last


def test_an_address_in_use_is_one_line_and_exit_2(program, root):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        ended = program.run(*flags(root, f"--metrics_addr=127.0.0.1:{s.getsockname()[1]}"))
    assert ended.code == 2
    assert len(ended.errors.splitlines()) == 1
    assert "--metrics_addr" in ended.errors


def on_a_terminal(program, *flags: object, interrupt_at: bytes = b"") -> tuple[int, str, str]:
    """Run the program with standard error on a terminal; return the code, that and its output.

    SIGINT is sent once something has been shown.
    """
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    process = subprocess.Popen(
        [program.path, *map(str, flags)],
        stdout=subprocess.PIPE,
        stderr=its,
        text=True,
        env={**os.environ, "TERM": "xterm"},
    )
    os.close(its)
    seen, sent = bytearray(), []

    def read() -> None:
        with contextlib.suppress(OSError):  # EIO: the other end is closed
            while some := os.read(ours, 4096):
                seen.extend(some)
                if interrupt_at and interrupt_at in seen and not sent:
                    sent.append(signal.SIGINT)
                    process.send_signal(signal.SIGINT)

    reader = threading.Thread(target=read)
    reader.start()
    out, _ = process.communicate(timeout=900)
    reader.join()
    os.close(ours)
    return process.returncode, seen.decode(), out


def screen_of(written: str) -> list[str]:
    """Return the lines that a terminal shows after what was written to it."""
    lines, row, column = [""], 0, 0
    for part in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|\r|\n|[^\x1b\r\n]+", written):
        if part == "\n":
            row, column = row + 1, 0
            lines += [""] * (row + 1 - len(lines))
        elif part == "\r":
            column = 0
        elif part.startswith("\x1b["):
            number, kind = int(re.sub(r"\D", "", part) or 1), part[-1]
            if kind in "AF":
                row, column = max(0, row - number), 0 if kind == "F" else column
            elif kind == "J":
                lines[row:] = [lines[row][:column]]
            elif kind == "K":
                lines[row] = lines[row][:column]
            else:
                assert kind in "mhl", repr(part)
        else:
            line = lines[row].ljust(column)
            lines[row] = line[:column] + part + line[column + len(part) :]
            column += len(part)
    return [line.rstrip() for line in lines]


def lines_of(screen: list[str]) -> list[str]:
    """Return the lines that are not empty, without the one that each run on Prism begins with."""
    lines = [line for line in screen if line]
    assert "Prism listens on all interfaces" in lines[0]
    return lines[1:]


def test_a_bar_is_shown_on_a_terminal_and_nothing_is_left_of_it(program, root):
    spoiled = next((root / "chains" / "sample").glob("*/*.parquet"))
    spoiled.write_bytes(b"no parquet")
    code, seen, out = on_a_terminal(program, *flags(root))
    assert code == 3
    assert re.search(r"\d+ of 12 files", seen)
    assert re.search(r"rows/s, \d+ tokens/s; 1 dead letters; onnxruntime-\w+ fp32", seen)
    left = lines_of(screen_of(seen))
    assert len(left) == 2, left
    assert "dead letter" in left[0]  # the warning that came while the bar was shown
    assert left[1].startswith("dead letters: 1")
    assert "files of" not in out
    assert out.splitlines()[0].startswith("files     11 embedded")
    assert "\x1b" not in out


def test_verify_shows_a_bar_and_leaves_nothing_of_it(program, root):
    assert program.run(*flags(root)).code == 0
    wrong = next((root / "embeddings" / "sample").glob("*/*.parquet"))
    wrong.write_bytes(b"no parquet")
    code, seen, out = on_a_terminal(program, "verify", *flags(root))
    assert code == 3
    assert re.search(r"\d+ of 12 files", seen)
    assert re.search(r"rows/s; 1 wrong outputs", seen)
    assert "tokens/s" not in seen
    assert "embedding a sample again" in seen
    assert [line for line in screen_of(seen) if line] == ["wrong outputs: 1"]
    assert out.startswith("outputs   12, ")
    assert "\x1b" not in out


def test_an_interrupted_bar_leaves_the_terminal_clean(program, root):
    many = root / "chains" / "sample" / "sourdough"
    texts = [f"{i} {' '.join(['bread'] * (i % 200))}" for i in range(20_000)]
    for i in range(0, len(texts), 500):
        pq.write_table(pa.table({"text": texts[i : i + 500]}), many / f"more-{i}.parquet")
    code, seen, _ = on_a_terminal(program, *flags(root), interrupt_at=rb"of 52 files")
    assert code == 128 + signal.SIGINT
    left = lines_of(screen_of(seen))
    assert len(left) == 2, left
    assert left[0].startswith("interrupt: finishing")
    assert left[1].startswith("interrupted: open files were finished")


def test_there_is_no_bar_without_a_terminal(program, root):
    done = subprocess.run(
        [program.path, *map(str, flags(root))], capture_output=True, text=True, check=True
    )
    assert "\x1b" not in done.stderr + done.stdout
    # A run of more than half a minute, on a busy machine, logs lines.
    assert all("msg=embedding files=" in line for line in lines_of(done.stderr.splitlines()))
    ended = program.run(*flags(root, "--progress=bar"))
    assert ended.code == 2
    assert "--progress=log" in ended.errors
    assert len(ended.errors.splitlines()) == 1


def test_no_progress_is_shown_where_none_is_asked_for(program, root):
    code, seen, _ = on_a_terminal(program, *flags(root, "--progress=none"))
    assert (code, lines_of(screen_of(seen))) == (0, [])
