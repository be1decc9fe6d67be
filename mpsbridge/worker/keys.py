"""The names of a queue's keys in Redis, as ``mpsbridge/keys.go`` explains them."""

from dataclasses import dataclass

DEFAULT_QUEUE = "phase4_todo_queue"
NAMES = (
    "workers", "lists", "begun", "delayed", "attempts", "dead", "replace", "rows", "events",
    "roots", "enqueuing",
)  # fmt: skip


@dataclass(frozen=True)
class Keys:
    """The keys of one queue. ``golden/keys.json`` holds Go and Python to the same names."""

    queue: str

    @property
    def todo(self) -> str:
        """LIST of jobs, taken from the head."""
        return self.queue

    def active(self, worker: str) -> str:
        """LIST of the jobs that a worker holds; for "" the prefix of all these names."""
        return f"{self.queue}:active:{worker}"

    def __getattr__(self, name: str) -> str:
        """Return one of the other keys: the queue, a colon, and its own name."""
        if name not in NAMES:
            raise AttributeError(name)
        return f"{self.queue}:{name}"
