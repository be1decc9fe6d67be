"""Fixtures for the tests of several packages: servers, and waiting for something to hold."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
import redis
from selenium import webdriver

T = TypeVar("T")

# All processes that these tests start inherit it, so that two pytests side by side can tell their
# own processes.
os.environ["PYTEST_PROCESS"] = str(os.getpid())


REPOSITORY = Path(__file__).parent
KINDS = ("redis", "valkey")  # of servers that the queue works with


class RedisServer:
    """A server that speaks the protocol of Redis, with an append-only file."""

    def __init__(self, program: str, folder: Path):
        self.program = program
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.url, self.folder = f"redis://127.0.0.1:{self.port}", folder
        self.client = redis.Redis(port=self.port)
        self.start()

    def start(self) -> None:
        """Start it, again with what is on its disk."""
        self.process = subprocess.Popen(
            [self.program, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", self.folder,
             "--appendonly", "yes", "--save", "", "--loglevel", "warning"]
        )  # fmt: skip
        until(self.answers)

    def answers(self) -> bool:
        """Return whether it answers."""
        try:
            return self.client.ping()
        except redis.ConnectionError:
            return False

    def kill(self) -> None:
        """End it without a warning."""
        self.process.kill()
        self.process.wait()


def until(holds: Callable[[], T], seconds: float = 300) -> T:
    """Wait until `holds()` is true, and return it.

    A slow and busy machine needs more than a minute to start a worker.
    """
    end = time.monotonic() + seconds
    while not (result := holds()):
        assert time.monotonic() < end, "it never held"
        time.sleep(0.02)
    return result


def processes(*words: str) -> list[int]:
    """Return the processes that these tests started in whose command line all the words are."""
    mark = f"PYTEST_PROCESS={os.getpid()}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            ours = mark in (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if ours and all(word in line for word in words):
            found.append(int(folder.name))
    return found


@pytest.fixture(scope="session", name="processes")
def _processes():
    return processes


@pytest.fixture(scope="session", name="until")
def _until():
    return until


@pytest.fixture(scope="module")
def start_redis(tmp_path_factory):
    """Return start(kind): start a server, which ends with the test's module."""
    servers = []

    def start(*kinds: str) -> RedisServer:
        program = server_program(*(kinds or KINDS))
        servers.append(RedisServer(program, tmp_path_factory.mktemp("redis")))
        return servers[-1]

    yield start
    for server in servers:
        server.kill()


def server_program(*kinds: str) -> str:
    """Return the first program that there is: of a variable, of set-up, or on the PATH.

    The variables are REDIS_SERVER and VALKEY_SERVER.
    """
    for kind in kinds:
        name = f"{kind}-server"
        installed = shutil.which(name, path=str(REPOSITORY / ".venv" / "bin"))
        found = os.environ.get(f"{kind.upper()}_SERVER") or installed or shutil.which(name)
        if found:
            return found
    pytest.skip(
        f"no {kinds[0]}-server on this machine: "
        f"apt-get install {kinds[0]}-server, or brew install {kinds[0]}"
    )


@pytest.fixture(scope="module")
def chromium(tmp_path_factory) -> Iterator[Callable[..., webdriver.Chrome]]:
    """Return start(argument, …): start a browser without a window, which ends with the module.

    Its logs "browser" and "performance" hold all that happens.
    """
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if not browser or not driver:
        pytest.skip(
            "no chromium and chromedriver on this machine: "
            "apt-get install chromium chromium-driver, or brew install --cask chromium chromedriver"
        )
    started = []

    def start(*arguments: str) -> webdriver.Chrome:
        options = webdriver.ChromeOptions()
        options.binary_location = browser
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        for argument in (
            *("--headless", "--no-sandbox", "--no-first-run", "--disable-sync"),
            *("--disable-background-networking", "--disable-component-update"),
            *("--disable-dev-shm-usage", f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"),
            *arguments,
        ):
            options.add_argument(argument)
        started.append(webdriver.Chrome(options, webdriver.ChromeService(driver)))
        return started[-1]

    yield start
    for chrome in started:
        chrome.quit()
