"""The worker takes jobs, embeds their files, and keeps each job until it is settled."""

import contextlib
import itertools
import logging
import math
import queue as queues
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import redis

from threadloom.worker import chains, codes, files, jobs, places
from threadloom.worker.codes import Failure, Refused, failing
from threadloom.worker.lease import Lease
from threadloom.worker.model import Encoder, Tokens
from threadloom.worker.queue import ATTEMPTS, Queue
from threadloom.worker.watched import Watched

log = logging.getLogger("threadloom.worker")

FIRST_DELAY = 5.0  # seconds until a job that failed is tried again; doubled each time
LONGEST_PAUSE = 30.0  # seconds between two jobs that this worker cannot do
# How many seconds before the end of the open file the next job is taken. Preparing it takes about a
# second. A job that is taken earlier waits here, while another machine may have nothing to do.
AHEAD = 3.0


class Interrupted(BaseException):
    """The second signal: the open file is to be given back at once."""


@dataclass
class Prepared:
    """A job that was begun. Its file is open, and the first rows are tokenised."""

    raw: bytes
    holder: str  # the name under which it is held
    work: places.Work | None = None
    source: chains.Source | None = None
    pieces: Iterator | None = None
    done: bool = False  # a valid output exists
    failure: Failure | None = None


@dataclass
class Totals:
    """What the worker did."""

    files: int = 0
    rows: int = 0
    failed: int = 0
    truncated: int = 0


class Worker:
    """One device with two connections, one for the loader and one for the device's thread."""

    def __init__(self, mine: Queue, loaders: Queue, lease: Lease, encoder: Encoder,
                 where: places.Places, model: str):  # fmt: skip
        """Take the parts; nothing is started yet."""
        self._queue, self._loading, self._lease = mine, loaders, lease
        self._encoder, self._places, self._model = encoder, where, model
        self._ready: queues.Queue[Prepared] = queues.Queue()
        self._stop = threading.Event()
        self._hand: list[bytes] = []  # begun and not given back: the open file's job, then the next
        self._moved = threading.Event()  # there may be room for another job
        self._speed = 0.0  # rows per second of the last file; 0: there was none
        self._due = (b"", 0.0)  # the job of the open file, and when it will be done (monotonic)
        self._doubt = False  # Redis's list of this worker may differ from _hand
        self.totals = Totals()
        self.current = ""

    def stop(self) -> None:
        """Take no more jobs, and finish the open file."""
        self._stop.set()

    def run(self, until_idle: float | None = None) -> None:
        """Work until stopped, or until no job has come for `until_idle` seconds.

        Raises codes.DeviceLost or ThreadEnded if this worker cannot work any more.
        """
        loader = Watched("the thread that takes jobs", self._load)
        last = time.monotonic()
        current: Prepared | None = None
        try:
            while not self._stop.is_set():
                with contextlib.suppress(queues.Empty):
                    current = self._ready.get(timeout=0.2)
                if current is None:
                    if not self._stop.is_set():
                        loader.check()
                        self._lease.check()
                    if self._hand:
                        last = time.monotonic()  # a job has come, and is being prepared
                    elif until_idle is not None and time.monotonic() - last > until_idle:
                        break
                    continue
                heard = self._finish(current)
                self._hand.remove(current.raw)
                self._moved.set()
                # The job is no longer in _hand. If Redis still lists it, the loader gives it back.
                self._doubt |= not heard
                failure, current = current.failure, None
                if isinstance(failure, codes.DeviceLost):
                    raise failure
                last = time.monotonic()
        except Interrupted:
            if current:
                self._say(self._queue.give_back, current.holder, current.raw, "head")
            raise
        finally:
            self._stop.set()
            loader.join(timeout=20)
            while not self._ready.empty():
                prepared = self._ready.get()
                self._say(self._queue.give_back, prepared.holder, prepared.raw, "head")
            self._lease.close()
            self._say(self._queue.leave, self._lease.name)

    def _load(self) -> None:
        """Prepare one job ahead of the device."""
        pause, silent = 0.0, False
        while not self._stop.is_set():
            if not self._has_room():
                self._moved.wait(0.1)
                self._moved.clear()
                continue
            prepared = None
            try:
                self._settle_doubt()
                prepared = self._next()
                silent = False
            except redis.RedisError as error:
                self._doubt = True
                if not silent:
                    log.warning("Redis does not answer: %s", error)
                silent = True
                self._stop.wait(1.0)
            except places.NotHere as reason:
                pause = min(LONGEST_PAUSE, 2 * pause or 1.0)
                log.warning("given back: %s", reason)
                self._stop.wait(pause)
            if prepared is None:
                continue
            pause = 0.0
            self._ready.put(prepared)

    def _has_room(self) -> bool:
        """Return whether a job may be taken: none is in hand, or the only one is nearly done."""
        hand = list(self._hand)
        open_job, due = self._due
        return not hand or (hand == [open_job] and due - time.monotonic() <= AHEAD)

    def _expect(self, raw: bytes, rows: int) -> None:
        """Note how many rows of a job's file are left."""
        left = rows / self._speed if self._speed else math.inf
        self._due = (raw, time.monotonic() + (left if rows else 0))
        self._moved.set()

    def _next(self) -> Prepared | None:
        holder = self._lease.name
        raw = self._loading.take(holder)
        if raw is None or not self._loading.begin(holder, raw):
            return None
        self._hand.append(raw)
        prepared = Prepared(raw, holder)
        try:
            self._open(prepared)
        except places.NotHere:
            self._hand.remove(raw)
            self._loading.give_back(holder, raw, "tail")
            raise
        except redis.RedisError:
            self._hand.remove(raw)  # so that it is given back once Redis answers again
            raise
        except Exception as error:
            prepared.failure = _failure(error)
            if prepared.source:
                prepared.source.close()
        return prepared

    def _settle_doubt(self) -> None:
        """Give back what is in this worker's list and not in its hand.

        If Redis goes away between a question and its answer, a job may be taken without this
        worker knowing it, or done without Redis knowing it. The lease holds, so that nobody else
        would ever get such a job.
        """
        if not self._doubt:
            return
        self._doubt = False  # first, because an answer that is lost below sets it again
        holder = self._lease.name
        for raw in self._loading.held(holder):
            if raw not in self._hand:
                self._loading.give_back(holder, raw, "head")

    def _open(self, prepared: Prepared) -> None:
        job = jobs.parse(prepared.raw)
        work = prepared.work = self._places.resolve(job, self._loading.roots())
        if why := self._encoder.differs(work.settings.model):
            raise places.NotHere(why)
        places.wait_for(work.input.path)
        source = chains.Source(work.input, work.settings.text_column, work.settings.keep)
        prepared.source = source
        there = files.rows_of(work.output) == source.rows
        prepared.done = there and not self._loading.replaces(prepared.raw)
        if prepared.done:
            source.close()
            return
        pieces = self._tokenised(source, work.settings)
        first = next(pieces, None)
        prepared.pieces = iter(()) if first is None else itertools.chain([first], pieces)

    def _tokenised(
        self, source: chains.Source, settings: places.Settings
    ) -> Iterator[tuple[Tokens, list]]:
        for texts, kept in source.pieces():
            with failing(codes.EMBEDDING_FAILED):
                tokens = self._encoder.tokenise(
                    texts, settings.prompt, self._lease.moved, settings.chunked
                )
            yield tokens, kept

    def _finish(self, prepared: Prepared) -> bool:
        """Embed a job's file and tell Redis the result; False if Redis did not answer."""
        with self._lease.holding():
            if prepared.failure is None and not prepared.done:
                self.current = prepared.work.input.path
                try:
                    self._embed(prepared)
                except Exception as error:
                    prepared.failure = _failure(error)
                self.current = ""
            if failure := prepared.failure:
                self.totals.failed += 1
                log.error("%s: %s: %s", _name(prepared), failure.code, failure)
                attempts = 0 if isinstance(failure, Refused) else ATTEMPTS
                answer = self._say(self._queue.nack, prepared.holder, prepared.raw, failure.code,
                                   str(failure), attempts, FIRST_DELAY)  # fmt: skip
                return answer is not None
            # Without Redis the output shows that it is done.
            answer = self._say(self._queue.ack, prepared.holder, prepared.raw)
            if answer == 0:
                log.warning("%s is done, but its lease was lost before that", _name(prepared))
            return answer is not None

    def _embed(self, prepared: Prepared) -> None:
        work, source = prepared.work, prepared.source
        try:
            with failing(codes.OUTPUT_NOT_WRITTEN, OSError):
                size = self._encoder.facts["dimension"] if work.settings.fixed_size_lists else 0
                target = files.Target(work.output, source, work.settings.chunked, size)
                truncated = self._fill(target, prepared)
        finally:
            source.close()
        self.totals.files += 1
        self.totals.rows += target.rows
        self.totals.truncated += truncated
        log.info("%s: %d rows, %d truncated", work.output.path, target.rows, truncated)

    def _fill(self, target: files.Target, prepared: Prepared) -> int:
        """Write a whole output; return how many texts were truncated."""
        source, settings, truncated = prepared.source, prepared.work.settings, 0
        since = start = time.monotonic()
        self._expect(prepared.raw, source.rows)
        try:
            for tokens, kept in prepared.pieces:
                with failing(codes.EMBEDDING_FAILED):
                    vectors = self._encoder.embed(tokens, self._lease.moved)
                target.write(kept, tokens, vectors)
                now = time.monotonic()
                self._lease.embedded(len(vectors), now - since)
                since = now
                if len(vectors):
                    self._speed = target.rows / (now - start)
                self._expect(prepared.raw, source.rows - target.rows)
                truncated += int(tokens.truncated.sum())
            if target.rows != source.rows:
                why = f"the footer says {source.rows} rows, the file has {target.rows}"
                raise Refused(codes.DAMAGED, why)
            source.check_unchanged()
            model = settings.model.get("model", self._model)
            made = files.fingerprint(source, target, self._encoder.facts, model,
                                     self._encoder.backend, settings)  # fmt: skip
            target.commit(made)
            self._lease.embedded(0, time.monotonic() - since)
        except BaseException:
            target.abort()
            raise
        finally:
            target.close()
        return truncated

    def _say(self, call, *arguments):
        """Tell Redis something. If it does not answer, the end of the lease has the same effect."""
        try:
            return call(*arguments)
        except redis.RedisError as error:
            log.warning("Redis does not answer: %s", error)
            return None


def _name(prepared: Prepared) -> str:
    return prepared.work.input.path if prepared.work else repr(prepared.raw[:200])


def _failure(error: Exception) -> Failure:
    """Return a job's failure. The log has the traceback of an unexpected error."""
    if isinstance(error, Failure):
        return error
    log.error("an unexpected error", exc_info=error)
    return Failure(codes.INTERNAL, f"{type(error).__name__}: {codes.one_line(error)}")
