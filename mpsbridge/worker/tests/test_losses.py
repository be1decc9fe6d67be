"""Whatever dies, each input gets exactly one valid output and nothing is lost."""

import errno
import math
import os
import signal
import time

import pyarrow.parquet as pq
import pytest

from threadloom.worker import codes, files, model, places, queue, worker

# The queue's scripts run on both kinds of server.
pytestmark = pytest.mark.parametrize("server", ["redis", "valkey"], indirect=True)


def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)


def dying_at(point: str):
    """Return a function that makes this process die at one point of a job."""

    def change():
        if point == "after take":
            queue.Queue.begin = die
        elif point == "after begin":
            worker.Worker._open = die
        elif point == "mid-encode":
            model.Encoder.run = die
        elif point == "before fsync":
            files.sync = die
        elif point == "before rename":
            files.os.replace = die
        elif point == "before ack":
            queue.Queue.ack = die

    return change


POINTS = ("after take", "after begin", "mid-encode", "before fsync", "before rename", "before ack")


@pytest.mark.parametrize("point", POINTS)
def test_a_worker_killed_at_any_point_loses_nothing(bridge, until, point):
    bridge.put(*(bridge.file(f"{i}") for i in range(3)))
    first = bridge.start(dying_at(point))
    first.join(20)
    assert first.exitcode == -signal.SIGKILL
    bridge.start(idle=2).join(30)
    until(bridge.settled)
    assert bridge.outputs() == ["0.parquet", "1.parquet", "2.parquet"]
    assert bridge.dead() == {}


def slowly(seconds: float, ahead: float = 3):
    """Return a change: each call embeds so slowly, and the next job is taken `ahead` of the end."""

    def change():
        worker.AHEAD = ahead
        embed = model.Encoder.embed

        def slow(self, *arguments):
            time.sleep(seconds)
            return embed(self, *arguments)

        model.Encoder.embed = slow

    return change


def test_slow_is_not_dead(bridge, until):
    bridge.put(bridge.file("a"))
    bridge.start(slowly(10 * 0.4))
    bridge.start()
    until(lambda: "done" in bridge.events())
    assert bridge.events() == ["done"]


def test_a_stopped_worker_is_reaped_and_goes_on_under_a_new_name(bridge, until):
    bridge.put(bridge.file("a"))
    stopped = bridge.start(slowly(1.5))
    until(lambda: bridge.redis.hlen(bridge.keys.begun) == 1)
    os.kill(stopped.pid, signal.SIGSTOP)
    other = bridge.start()
    until(lambda: "done" in bridge.events())
    assert "requeued" in bridge.events()
    assert bridge.events().count("done") == 1
    other.kill()
    other.join()
    os.kill(stopped.pid, signal.SIGCONT)
    until(lambda: bridge.redis.zcard(bridge.keys.workers) >= 1)
    bridge.put(bridge.file("b"))
    until(lambda: bridge.events().count("done") == 2)
    assert bridge.outputs() == ["a.parquet", "b.parquet"]
    assert bridge.dead() == {}


def failing_disk(name: str):
    """Return a function that makes files of a name impossible to open."""

    def change():
        opened = places.Below.open

        def fail(self):
            if name in self.path:
                raise OSError(errno.EIO, "the disk failed")
            return opened(self)

        places.Below.open = fail

    return change


def test_a_file_that_fails_dies_after_three_attempts_and_the_others_finish(bridge, until):
    job = bridge.file("poison")
    bridge.put(job, bridge.file("good"))
    bridge.start(failing_disk("poison"))
    until(lambda: len(bridge.dead()) == 1)
    until(bridge.settled)
    assert bridge.outputs() == ["good.parquet"]
    assert bridge.dead()[job]["attempts"] == 3
    assert bridge.dead()[job]["code"] == codes.CANNOT_OPEN
    assert "the disk failed" in bridge.dead()[job]["reason"]


def test_redis_killed_and_started_again(bridge, until):
    bridge.put(*(bridge.file(f"{i}") for i in range(4)))
    bridge.start(slowly(0.5))
    until(lambda: "done" in bridge.events())
    bridge.server.kill()
    time.sleep(1)
    bridge.server.start()
    until(bridge.settled)
    assert len(bridge.outputs()) == 4


def test_redis_wiped(bridge, until):
    bridge.put(bridge.file("a"))
    bridge.start(slowly(1))
    until(lambda: bridge.redis.hlen(bridge.keys.begun) == 1)
    bridge.redis.flushall()
    until(lambda: (bridge.root / "out" / "a.parquet").exists())
    bridge.put(bridge.file("b"))  # the worker has a new name and takes it
    until(lambda: (bridge.root / "out" / "b.parquet").exists())
    until(bridge.settled)


def test_the_first_sigterm_finishes_the_open_file(bridge, until):
    bridge.put(*(bridge.file(f"{i}") for i in range(4)))
    process = bridge.start(slowly(1, math.inf), lease=30)
    until(lambda: bridge.redis.hlen(bridge.keys.begun) == 2)  # the open one and the next
    process.terminate()
    process.join(20)
    assert process.exitcode == 0
    assert len(bridge.outputs()) == 1
    assert bridge.redis.llen(bridge.keys.todo) == 3
    assert bridge.redis.hlen(bridge.keys.attempts) == 0


def test_the_second_sigterm_gives_the_open_file_back(bridge, until):
    first = bridge.file("0")
    bridge.put(first, bridge.file("1"))
    process = bridge.start(slowly(15, math.inf), lease=30)
    until(lambda: bridge.redis.hlen(bridge.keys.begun) == 2)
    time.sleep(0.3)
    process.terminate()
    time.sleep(0.3)
    process.terminate()
    process.join(10)
    assert process.exitcode == 9
    assert not (bridge.root / "out").exists() or not list((bridge.root / "out").iterdir())
    assert sorted(bridge.redis.lrange(bridge.keys.todo, 0, -1))[0] == first
    assert bridge.redis.llen(bridge.keys.todo) == 2
    assert bridge.redis.hlen(bridge.keys.attempts) == 0


def test_an_output_that_is_there_is_not_made_again(bridge, until):
    job = bridge.file("a")
    bridge.put(job)
    bridge.start()
    until(lambda: bridge.events() == ["done"])
    made = (bridge.root / "out" / "a.parquet").stat().st_mtime_ns
    bridge.put(job)
    until(lambda: bridge.events() == ["done", "done"])
    assert (bridge.root / "out" / "a.parquet").stat().st_mtime_ns == made
    assert pq.read_metadata(bridge.root / "out" / "a.parquet").num_rows == 3


def test_a_job_waits_for_whoever_is_free_while_a_file_is_long_from_done(bridge, until):
    bridge.put(bridge.file("a"))
    bridge.start(slowly(1), lease=30)
    until(bridge.settled)  # its speed is known now: three rows in a second
    bridge.put(bridge.file("long", rows=3000), bridge.file("next"))
    until(lambda: bridge.redis.hlen(bridge.keys.begun) == 1)
    time.sleep(0.3)
    assert bridge.redis.llen(bridge.keys.todo) == 1
    until(bridge.settled)
    assert bridge.outputs() == ["a.parquet", "long.parquet", "next.parquet"]
