"""A worker removes what dead processes left unfinished, and nothing that lives."""

import os
import socket
import subprocess
import sys

import pytest

from threadloom.worker import unfinished
from threadloom.worker.process import UNKNOWN_START, Process, myself, place

DAYS_AGO = 1e6  # seconds since 1970


@pytest.fixture
def dead() -> int:
    """Return the PID of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def name_of(process: Process) -> str:
    return f".{process.place}.{process.pid}.{process.start}.{1:016x}.{0:016x}.parquet.tmp"


def swept(folder, *names: str) -> set[str]:
    """Make files, sweep the folder, and return which of them are gone."""
    for name in names:
        (folder / name).touch()
    descriptor = os.open(folder, os.O_RDONLY)
    unfinished.sweep(descriptor)
    os.close(descriptor)
    return set(names) - {p.name for p in folder.iterdir()}


def test_the_file_of_another_host_is_not_swept(tmp_path, monkeypatch, dead):
    """Host mac once took the files of host mac-17 for those of its own dead processes."""
    monkeypatch.setattr(socket, "gethostname", lambda: "mac")
    assert swept(tmp_path, f".mac-{dead}-4711-1.parquet.tmp") == set()


def test_only_what_dead_processes_left_is_swept(tmp_path, dead):
    gone = name_of(Process(place(), dead, UNKNOWN_START))
    reused = name_of(Process(place(), os.getpid(), "1"))
    elsewhere = name_of(Process("0" * 32, dead, "1"))
    mine = unfinished.new_name()
    assert swept(tmp_path, gone, reused, elsewhere, mine) == {gone, reused}


def test_what_others_wrote_is_swept_after_a_day(tmp_path):
    names = [".mac-17-4711-1.parquet.tmp", name_of(Process("0" * 32, 1, "1"))]
    kept = [name_of(myself()), "a.parquet", ".notes"]
    for name in names + kept:
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (DAYS_AGO, DAYS_AGO))
    descriptor = os.open(tmp_path, os.O_RDONLY)
    unfinished.sweep(descriptor)
    os.close(descriptor)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(kept)


def test_a_link_is_no_file_of_ours(tmp_path, dead):
    link = tmp_path / name_of(Process(place(), dead, UNKNOWN_START))
    link.symlink_to("nowhere")
    descriptor = os.open(tmp_path, os.O_RDONLY)
    unfinished.sweep(descriptor)
    os.close(descriptor)
    assert link.is_symlink()


def test_a_new_name_says_who_writes_it():
    first, second = unfinished.new_name(), unfinished.new_name()
    assert first != second
    assert unfinished.parse(first) == (myself(), "")


def test_a_zombie_has_ended(until):
    process = subprocess.Popen(["sleep", "60"])
    try:
        it = Process(place(), process.pid, UNKNOWN_START)
        assert not it.ended()
        process.kill()
        until(it.ended, 10)  # nobody has asked for its exit code
    finally:
        process.wait()
