"""A worker's side of the protocol: each script is a method, on one connection."""

import hashlib
import os
import ssl
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from threadloom.worker import redisurl
from threadloom.worker.keys import NAMES, Keys

ATTEMPTS = 3  # after which a job is dead
TOMBSTONE_MS = 3_600_000  # for how long others look into the list of a lost worker
TAKE_WAIT = 5  # seconds that a take waits for a job
SILENCE = 15  # seconds without an answer until a connection is closed
VARIABLE = "THREADLOOM_REDIS_PASSWORD"
FILE_VARIABLE = "THREADLOOM_REDIS_PASSWORD_FILE"
_SCRIPTS = ("ack", "begin", "giveback", "heartbeat", "leave", "nack", "reap")


class NoPassword(ValueError):
    """There is no usable password; the message is one line that names the setting."""


def connect(url: str) -> redis.Redis:
    """Return a client that notices if the other end of a connection has silently gone.

    Raises redisurl.WrongURL, and NoPassword if the password is missing or cannot be read.
    """
    address = redisurl.parse(url)
    secret = address.password or password()
    if address.user and not secret:
        raise NoPassword(
            f"--redis: it names a user and no password: put the password into {VARIABLE}"
        )
    pool = redis.ConnectionPool(
        **_place(address),
        db=address.db,
        username=address.user or None,
        password=secret,
        socket_timeout=SILENCE,
        socket_connect_timeout=address.dial_timeout,
        retry=Retry(NoBackoff(), 0),
    )
    return redis.Redis.from_pool(pool)


def _place(address: redisurl.Address) -> dict:
    """Return the arguments of a connection pool: the address of Redis, and TLS."""
    if address.scheme == "unix":
        return {"connection_class": redis.UnixDomainSocketConnection, "path": address.socket}
    place = {"host": address.host, "port": address.port, "socket_keepalive": True}
    if address.scheme == "rediss":
        place |= {"connection_class": redis.SSLConnection}
    if address.ca_file:
        _check_authorities(address.ca_file)
        place |= {"ssl_ca_certs": address.ca_file}
    if address.skip_verify:
        place |= {"ssl_cert_reqs": "none", "ssl_check_hostname": False}
    return place


def _check_authorities(file: str) -> None:
    try:
        ssl.create_default_context(cafile=file)
    except ssl.SSLError:
        why = f"{file} holds no certificate in PEM"
    except OSError as error:
        why = f"{file}: {error.strerror}"
    else:
        return
    raise redisurl.WrongURL(f'the option "ca_file": {why}')


def password() -> str | None:
    """Return the password from the environment, or from the file that it names, or None."""
    if found := os.environ.get(VARIABLE):
        if not _is_utf8(found):
            raise NoPassword(f"{VARIABLE}: it is not in UTF-8")
        return found
    file = os.environ.get(FILE_VARIABLE)
    if not file:
        return None
    try:
        found = Path(file).read_bytes().decode().strip(" \t\r\n")
    except OSError as error:
        raise NoPassword(f"{FILE_VARIABLE}: {file}: {error.strerror}") from None
    except UnicodeDecodeError:
        found = ""
    if not found:
        raise NoPassword(f"{FILE_VARIABLE}: want a password in UTF-8 in {file}")
    return found


def _is_utf8(text: str) -> bool:
    try:
        return bool(text.encode())
    except UnicodeEncodeError:
        return False


class Queue:
    """One connection to a queue, for one thread at a time."""

    def __init__(self, client: redis.Redis, name: str):
        """Read the scripts; nothing is sent yet."""
        self.client, self.keys = client, Keys(name)
        folder = Path(__file__).parent / "scripts"
        if not folder.is_dir():  # in the repository they are one folder up
            folder = Path(__file__).parent.parent / "scripts"
        self._scripts = {s: (folder / f"{s}.lua").read_text(encoding="utf-8") for s in _SCRIPTS}

    def heartbeat(
        self, worker: str, lease: float, first: bool = False, rows: int = 0, seconds: float = 0
    ) -> bool:
        """Renew a lease, or register if `first`; False: the worker is fenced.

        lease: its seconds. rows, seconds: what the worker has embedded so far, and in what time.
        """
        arguments = (worker, int(lease * 1000), int(first), rows, int(seconds * 1000))
        return self._run("heartbeat", ("workers", "lists", "rows"), *arguments)

    def take(self, worker: str, wait: float = TAKE_WAIT) -> bytes | None:
        """Move a job to the worker's list; None if none came within `wait` seconds."""
        k = self.keys
        return self.client.blmove(k.todo, k.active(worker), wait, "LEFT", "RIGHT")

    def begin(self, worker: str, job: bytes) -> bool:
        """Begin a job that was taken; False: the worker is fenced."""
        return self._run("begin", ("workers", worker, "todo", "begun"), worker, job)

    def held(self, worker: str) -> list[bytes]:
        """Return the jobs in the worker's list."""
        return self.client.lrange(self.keys.active(worker), 0, -1)

    def ack(self, worker: str, job: bytes) -> bool:
        """Remove a finished job from the list; False: the worker is fenced."""
        return self._run("ack", (worker, "attempts", "begun", "events", "replace"), worker, job)

    def nack(self, worker: str, job: bytes, code: str, reason: str, most: int, delay: float) -> int:
        """Count a failed attempt; return how many there were, or -1 if the job is dead now.

        most: attempts after which it is dead. delay: seconds until the next one.
        """
        keys = (worker, "delayed", "attempts", "dead", "begun", "events")
        return self._run("nack", keys, worker, job, most, int(delay * 1000), reason, code)

    def give_back(self, worker: str, job: bytes, end: str) -> bool:
        """Put a job back to the "head" or "tail" of todo, without counting an attempt."""
        return self._run("giveback", (worker, "todo", "begun"), job, end)

    def leave(self, worker: str) -> int:
        """End the lease and put back what the worker holds; return how many jobs."""
        return self._run("leave", ("workers", worker, "todo", "begun", "rows"), worker)

    def reap(self) -> None:
        """Put the jobs of lost workers, and those that are due, back into todo."""
        keys = ("workers", "lists", "todo", "attempts", "dead", "delayed", "begun", "events",
                "rows")  # fmt: skip
        self._run("reap", keys, self.keys.active(""), ATTEMPTS, TOMBSTONE_MS)

    def replaces(self, job: bytes) -> bool:
        """Return whether the job is to replace an output that exists."""
        return self.client.sismember(self.keys.replace, hashlib.sha1(job).hexdigest())

    def roots(self) -> dict[str, str]:
        """Return the settings of each run (JSON) by its output folder."""
        found = self.client.hgetall(self.keys.roots)
        # An entry that is not UTF-8 must not hide the other runs.
        return {os.fsdecode(k): v.decode(errors="replace") for k, v in found.items()}

    def _run(self, script: str, names: tuple[str, ...], *arguments):
        # Any other name is that of a worker, and means its list of active jobs.
        known = (*NAMES, "todo")
        keys = [getattr(self.keys, n) if n in known else self.keys.active(n) for n in names]
        text = self._scripts[script]
        try:
            sha = hashlib.sha1(text.encode()).hexdigest()
            return self.client.evalsha(sha, len(keys), *keys, *arguments)
        except redis.exceptions.NoScriptError:  # SCRIPT LOAD would take one more permission
            return self.client.eval(text, len(keys), *keys, *arguments)
