"""No thread of a worker ends alone, and no word that is lost strands a job."""

import contextlib
import sys
import threading
import time
from types import SimpleNamespace

import pytest
import redis

from threadloom.worker import __main__ as command
from threadloom.worker import model, queue, worker


def fail(*_):
    raise KeyError("nobody foresaw this")


def loader_ends():
    queue.Queue.take = fail


def heartbeat_ends():
    queue.Queue.reap = fail


@pytest.mark.parametrize("change", [loader_ends, heartbeat_ends])
def test_a_worker_one_of_whose_threads_has_ended_ends_and_says_why(bridge, capfd, change):
    process = bridge.start(change, lease=1)
    process.join(20)
    assert process.exitcode == 1
    said = capfd.readouterr().err
    assert "ThreadEnded: the thread that" in said
    assert "nobody foresaw this" in said


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_goes_on_after_an_error(monkeypatch, caplog, terminal):
    """A file's name is not read as markup. If the progress cannot be shown, it is tried again."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    monkeypatch.setattr(command, "PROGRESS_EVERY", 0.05)
    asked = []

    class Current:
        def __format__(self, _) -> str:
            asked.append(1)
            if len(asked) == 1 and not terminal:
                fail()
            return "/data/[/b].parquet"

    totals = SimpleNamespace(files=1, rows=2)
    with command._progress(SimpleNamespace(totals=totals, current=Current())):
        end = time.monotonic() + 10
        while len(asked) < 4:
            assert time.monotonic() < end, "progress is not shown any more"
            time.sleep(0.05)
    assert caplog.text.count("progress cannot be shown") == (0 if terminal else 1)


def slow_preparation():
    tokenise = model.Encoder.tokenise

    def slowly(self, *arguments):
        time.sleep(2)
        return tokenise(self, *arguments)

    model.Encoder.tokenise = slowly


def test_a_worker_that_prepares_a_job_is_not_idle(bridge):
    bridge.put(bridge.file("a"))
    bridge.start(slow_preparation, idle=0.5).join(30)
    assert bridge.outputs() == ["a.parquet"]


class Held:
    """The loader's connection. A test decides what happens while the loader reads its list."""

    def __init__(self, jobs: list[bytes]):
        self.jobs, self.meanwhile = jobs, lambda: None
        self.back: list[bytes] = []

    def held(self, _) -> list[bytes]:
        found = list(self.jobs)
        self.meanwhile()
        return found

    def give_back(self, _, raw: bytes, _end: str) -> None:
        self.back.append(raw)
        self.jobs.remove(raw)


class Deaf:
    """A connection over which nothing reaches Redis."""

    def ack(self, *_):
        raise redis.ConnectionError("gone")

    nack = leave = give_back = ack


class Lasting:
    """A lease that never ends."""

    name = "w"

    def holding(self):
        return contextlib.nullcontext()

    def check(self) -> None: ...

    def close(self) -> None: ...


def test_a_word_that_is_lost_while_the_loader_looks_strands_no_job():
    lost = b"job"
    held = Held([lost])
    w = worker.Worker(Deaf(), held, Lasting(), None, None, "tiny")
    w._hand.append(lost)
    w._doubt = True
    w._ready.put(worker.Prepared(lost, "w", done=True))
    w._load = lambda: w._stop.wait()
    ended = threading.Thread(target=w.run)

    def meanwhile() -> None:
        """Finish the job while the loader reads its list, and lose the ack."""
        held.meanwhile = lambda: None
        ended.start()
        end = time.monotonic() + 10
        while w._hand and time.monotonic() < end:
            time.sleep(0.01)
        time.sleep(0.3)

    held.meanwhile = meanwhile
    w._settle_doubt()
    w._settle_doubt()  # the loader's next round
    w.stop()
    ended.join(20)
    assert held.back == [lost]
