"""Name a process so that another one can tell whether it has ended, as ``transforms/process`` does.

A process number alone is not enough. It means something only on one machine, until that is
rebooted, and inside one container. And the system uses it again.
"""

import functools
import hashlib
import os
import secrets
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

UNKNOWN_START = "0"  # the start of a process if the system does not say
_PLACE_CHARACTERS = 32  # of a hash, because host names are up to 253 bytes long


@dataclass(frozen=True)
class Process:
    """A process. Its PID means something only in its place."""

    place: str
    pid: int
    start: str

    def ended(self) -> bool:
        """Return whether it has ended; False if it is in another place, where we cannot look."""
        if self.place != place():
            return False
        try:
            os.kill(self.pid, 0)
        except (ProcessLookupError, OverflowError):
            return True
        except PermissionError:
            pass  # another user's
        if not _proc_is_ours():
            return False
        try:
            state, start = _in_proc(str(self.pid))
        except OSError:  # /proc may hide the processes of other users
            return False
        # A zombie has ended, and in a container perhaps nobody collects it.
        return state in "ZX" or self.start not in (UNKNOWN_START, start)


def myself() -> Process:
    """Return this process. Nothing is cached, because a fork is another process."""
    try:
        _, start = _in_proc("self")
    except OSError:
        start = UNKNOWN_START
    return Process(place(), os.getpid(), start)


@functools.cache
def place() -> str:
    """Return the name of the place in which a PID means something: host, boot, PID namespace."""
    try:
        space = os.readlink("/proc/self/ns/pid")
    except OSError:
        # Another container may have the same host and boot. If no other process is in this
        # place, everybody judges its files by their age.
        space = secrets.token_hex(16) if sys.platform == "linux" else ""
    return place_of(socket.gethostname(), _boot(), space)


def place_of(host: str, boot: str, space: str) -> str:
    """Return the name of the place that a host, a boot and a PID namespace make."""
    names = os.fsencode("\n".join((host, boot, space)))
    return hashlib.sha256(names).hexdigest()[:_PLACE_CHARACTERS]


def _boot() -> str:
    try:
        if sys.platform == "darwin":
            command = ["sysctl", "-n", "kern.bootsessionuuid"]
            return subprocess.run(
                command, capture_output=True, text=True, check=True
            ).stdout.strip()
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except (OSError, subprocess.SubprocessError):
        return ""  # the host and the namespace must suffice


def _proc_is_ours() -> bool:
    """Return whether /proc shows this process's PID namespace.

    A namespace without a /proc of its own sees its parent's, which has other numbers.
    """
    try:
        return os.readlink("/proc/self") == str(os.getpid())
    except OSError:
        return False


def _in_proc(pid: str) -> tuple[str, str]:
    """Return the state and the start time, in clock ticks since boot, of a process."""
    stat = Path(f"/proc/{pid}/stat").read_bytes()
    # The second field is the name in parentheses, which may hold blanks and parentheses.
    rest = stat[stat.rindex(b")") + 1 :].decode().split()
    return rest[0], rest[22 - 3]  # fields 3 and 22 of proc_pid_stat(5)
