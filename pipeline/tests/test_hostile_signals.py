"""Send each signal while an output is in each state that can be seen on the disk.

transforms/chainfile/steps_test.go stops a process at the steps that cannot be told apart there.
"""

import signal
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

FILES = 2
ROWS = 10_000  # more than a row group: a part is on the disk before the rest is embedded
MAGIC = b"PAR1"  # with which a whole file ends


def held(path) -> bytes:
    """Return the content of a file that may vanish at any moment."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


STATES = {
    "created": lambda root: root.unfinished,
    "half written": lambda root: any(held(p) for p in root.unfinished),
    "all written": lambda root: any(
        len(b) > 4 and b.endswith(MAGIC) for b in map(held, root.unfinished)
    ),
    "renamed": lambda root: root.outputs,
}


def twice(process) -> None:
    process.send_signal(signal.SIGINT)
    time.sleep(0.005)
    process.send_signal(signal.SIGINT)


def stop_and_continue(process) -> None:
    process.send_signal(signal.SIGSTOP)
    time.sleep(0.2)
    process.send_signal(signal.SIGCONT)


#: What is sent, and the exit codes that may come of it. 0: everything was done by then.
SIGNALS = {
    "SIGTERM": (lambda process: process.terminate(), {143, 0}),
    "SIGINT twice": (twice, {130, 0}),
    "SIGKILL": (lambda process: process.kill(), {-9, 0}),
    "SIGSTOP, SIGCONT": (stop_and_continue, {0}),
}


@pytest.fixture
def root(new_root, tmp_path, spoil):
    root = new_root(tmp_path)
    texts = pa.table({"text": [f"reply {n % 50}" for n in range(ROWS)]})  # quickly embedded
    root.put({f"f{n}": spoil.written(texts) for n in range(FILES)})
    return root


def whole(root) -> bool:
    return all(pq.read_table(p).num_rows == ROWS for p in root.outputs.values())


@pytest.mark.parametrize("name", SIGNALS)
@pytest.mark.parametrize("state", STATES)
def test_no_half_output_is_left_and_the_next_run_heals(program, root, state, name):
    send, codes = SIGNALS[name]
    process = program.start(*root.flags)
    while not STATES[state](root) and process.poll() is None:
        time.sleep(
            0.001
        )  # a short state may be missed; then a later one is there, or the run has ended
    send(process)
    ended = program.end(process)
    assert ended.code in codes, ended.errors
    assert "panic" not in ended.errors
    assert whole(root)
    if name in ("SIGTERM", "SIGSTOP, SIGCONT"):  # which let it finish its open files
        assert root.unfinished == []
    if ended.code == 0:
        assert len(root.outputs) == FILES
        return
    again = program.run(*root.flags)
    assert again.code == 0, again.errors
    assert len(root.outputs) == FILES
    assert whole(root)
    assert root.unfinished == []
