"""A worker that cannot do a job says why, goes on, and leaves the job to others."""

import json
import socket
import threading
import time

import pytest

from threadloom.worker import model


def test_hostile_jobs_are_dead_and_the_worker_lives(bridge, until, tmp_path):
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "x.parquet").write_bytes(b"")
    (bridge.root / "link").symlink_to(secret)
    good = bridge.file("good")
    inside = str(bridge.root / "in" / "good.parquet")

    def job(**paths) -> bytes:
        return json.dumps(paths).encode()

    hostile = {
        b"not json": "not JSON",
        b"\xff\xfe": "not JSON",
        b"x" * (10 << 20): "longer than 64 KiB",
        job(input_path=inside, output_path=inside, extra=1): "unknown key",
        job(input_path=f"{bridge.root}/../secret/x.parquet", output_path=inside): r"\.\. in it",
        job(input_path=f"{bridge.root}/link/x.parquet", output_path=inside): "leads outside",
        job(input_path=inside, output_path=f"{bridge.root}/link/y.parquet"): "leads outside",
        job(input_path="/etc/x.parquet", output_path=inside): "outside --root",
    }
    bridge.put(*hostile, good)
    bridge.start()
    until(lambda: (bridge.root / "out" / "good.parquet").exists())
    until(bridge.settled)
    reasons = [why["reason"] for why in bridge.dead().values()]
    assert len(reasons) == len(hostile)
    for wanted in hostile.values():
        assert any(wanted.replace("\\", "") in reason for reason in reasons), wanted
    assert list(secret.iterdir()) == [secret / "x.parquet"]


def publish(bridge, nonce: str, **settings) -> None:
    facts = bridge.encoder.facts | {"nonce": nonce, "text_column": "text", "keep": [], "prompt": ""}
    root = str(bridge.root / "out")
    bridge.redis.hset(bridge.keys.roots, root, json.dumps(facts | settings))


def test_a_share_that_is_not_mounted_is_noticed(bridge, until):
    publish(bridge, "aa")
    bridge.put(bridge.file("a"))
    bridge.start()
    time.sleep(1)
    assert bridge.redis.llen(bridge.keys.todo) == 1
    assert bridge.redis.hlen(bridge.keys.attempts) == 0
    (bridge.root / "out").mkdir()
    (bridge.root / "out" / ".threadloom-nonce").write_text("bb\n")  # another folder
    time.sleep(1)
    assert not (bridge.root / "out" / "a.parquet").exists()
    (bridge.root / "out" / ".threadloom-nonce").write_text("aa\n")
    until(lambda: (bridge.root / "out" / "a.parquet").exists())
    assert bridge.dead() == {}


def test_an_input_that_becomes_visible_late_is_waited_for(bridge, until):
    job = bridge.file("late")  # as on NFS, where a name may come seconds after the file
    hidden = bridge.root / "in" / "late.parquet"
    hidden.rename(bridge.root / "elsewhere")
    bridge.put(job)
    bridge.start()
    until(lambda: bridge.redis.hlen(bridge.keys.begun) == 1)
    time.sleep(1)
    (bridge.root / "elsewhere").rename(hidden)
    until(lambda: (bridge.root / "out" / "late.parquet").exists())
    until(bridge.settled)
    assert bridge.dead() == {}  # it would be dead by now if the worker had not waited for it
    assert bridge.events() == ["done"]


def test_a_run_with_another_model_is_not_for_this_worker(bridge, until):
    publish(bridge, "aa", weights_sha256="0")
    (bridge.root / "out").mkdir()
    (bridge.root / "out" / ".threadloom-nonce").write_text("aa\n")
    bridge.put(bridge.file("a"))
    bridge.start()
    time.sleep(1.5)
    assert bridge.redis.llen(bridge.keys.todo) == 1
    assert bridge.redis.hlen(bridge.keys.attempts) == 0


@pytest.mark.parametrize("server", ["redis", "valkey"], indirect=True)
def test_an_acl_for_the_queue_suffices(bridge, until):
    commands = """auth blmove eval evalsha get hdel hello hexists hget hgetall hincrby hlen
        hmget hset llen lmove lpop lpos lpush lrange lrem pexpire ping rpop rpush sadd select
        set setnx sismember srem time xadd xread xrevrange zadd zcard zrange zrangebyscore zrem
        zscan zscore"""
    rule = ["resetkeys", "~q", "~q:*", "resetchannels", "-@all"]
    bridge.redis.execute_command(
        "ACL", "SETUSER", "mac", "on", ">secret", *rule, *("+" + c for c in commands.split())
    )
    bridge.put(bridge.file("a"))
    bridge.start(url=f"redis://mac:secret@127.0.0.1:{bridge.server.port}")
    until(lambda: bridge.events() == ["done"])


class Proxy:
    """A TCP proxy that can stall: connections stay open, and nothing gets through."""

    def __init__(self, port: int):
        self.stalled = False
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            near, _ = self._listener.accept()
            far = socket.create_connection(("127.0.0.1", self._port))
            for pair in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=pair, daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        while data := source.recv(65536):
            while self.stalled:
                time.sleep(0.05)
            target.sendall(data)


def test_a_worker_behind_a_stalled_connection_loses_its_jobs_to_another(bridge, until):
    proxy = Proxy(bridge.server.port)
    bridge.start(url=f"redis://127.0.0.1:{proxy.port}")
    until(lambda: bridge.redis.zcard(bridge.keys.workers) == 1)
    time.sleep(0.3)  # it waits for a job now
    proxy.stalled = True
    bridge.put(*(bridge.file(f"{i}") for i in range(3)))  # the first goes to the waiting one
    until(lambda: bridge.redis.llen(bridge.keys.todo) == 2)
    bridge.start()
    until(lambda: len(list((bridge.root / "out").glob("*.parquet"))) == 3)
    assert bridge.events().count("requeued") == 1


def test_a_device_that_is_not_there_is_an_error():
    for device in ("mps", "cuda"):
        if not getattr(model.torch, device).is_available():
            with pytest.raises(model.NoDevice, match=device):
                model.choose_device(device)
    assert model.choose_device("cpu") == "cpu"
