"""A worker's settings (times, Redis's URL, passwords), and the errors of wrong ones."""

import os
import subprocess
import sys
from urllib.parse import quote

import certifi
import pytest
import redis

from threadloom.worker import durations, redisurl, variables
from threadloom.worker.queue import NoPassword, connect

MUST_BE_ENCODED = "#/?@%"
SPECIAL = 'a#b/c@d?e%f:g h"i\\j[k]'


def test_urls_are_read_as_the_golden_ones(golden):
    for want in golden("redisurls.json"):
        url = want.pop("url")
        if "error" in want:
            with pytest.raises(redisurl.WrongURL) as refused:
                redisurl.parse(url)
            assert str(refused.value) == want["error"], url
        else:
            assert redisurl.parse(url) == redisurl.Address(**want), url


def test_times_are_read_as_the_golden_ones(golden):
    for want in golden("durations.json"):
        if "error" in want:
            with pytest.raises(ValueError) as refused:
                durations.parse(want["text"])
            assert str(refused.value) == want["error"], want
        else:
            assert durations.parse(want["text"]) == want["seconds"], want


@pytest.mark.parametrize("character", [chr(c) for c in range(0x80)])
def test_a_password_is_understood_or_refused_and_never_shown(character):
    password = f"left{character}right"
    url = f"redis://me:{password}@node1"
    if character <= " " or character == "\x7f" or character in MUST_BE_ENCODED:
        with pytest.raises(redisurl.WrongURL) as refused:
            redisurl.parse(url)
        assert "left" not in str(refused.value) and "right" not in str(refused.value)
    else:
        read = redisurl.parse(url)
        assert (read.password, read.host) == (password, "node1")
    encoded = redisurl.parse(f"redis://me:left%{ord(character):02X}right@node1")
    assert (encoded.password, encoded.host) == (password, "node1")


def worker(*flags: object, **environment: str) -> subprocess.CompletedProcess:
    """Run the program."""
    return subprocess.run(
        [sys.executable, "-m", "threadloom.worker", *map(str, flags)],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("redis://me:left#right@127.0.0.1:1", "--redis: it can be read in more than one way"),
        ("redis://me:left/right@127.0.0.1:1", "--redis: it can be read in more than one way"),
        ("redis://me:left@right@127.0.0.1:1", "--redis: it can be read in more than one way"),
        ("redis://me:left?right@127.0.0.1:1", "--redis: it can be read in more than one way"),
        ("redis://me:left%right@127.0.0.1:1", "--redis: a % must be followed by"),
        ("redis://me:left\nright@127.0.0.1:1", "--redis: it holds a blank"),
        ("redis://127.0.0.1:1?health_check_interval=3", 'no option "health_check_interval"'),
        ("redis://127.0.0.1:1?dial_timeout=soon", 'the option "dial_timeout": want a time'),
        ("redis://127.0.0.1:leftright", "--redis: the port is not a number"),
    ],
)
def test_a_wrong_url_is_one_line_without_the_password(tmp_path, url, says):
    done = worker("--root", tmp_path, "--redis", url)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ") and len(done.stderr.splitlines()) == 1
    assert says in done.stderr
    assert "left" not in done.stderr and "right" not in done.stderr


def test_a_redis_that_is_not_there_is_one_line_without_the_password(tmp_path):
    url = "redis://me:left%23right@127.0.0.1:1?dial_timeout=1s"
    done = worker("--root", tmp_path, "--redis", url, "--lease", "3s")
    assert done.returncode == 2
    assert "error: redis at 127.0.0.1:1 does not answer: " in done.stderr
    assert "left" not in done.stderr and "Traceback" not in done.stderr


def test_a_url_in_the_wrong_place_is_not_shown(tmp_path):
    done = worker("--root", tmp_path, "--redis=", "redis://me:left right@node1")
    assert done.returncode == 2 and done.stderr.startswith("error: unrecognized arguments")
    assert len(done.stderr.splitlines()) == 1
    assert "left" not in done.stderr and "right" not in done.stderr


@pytest.mark.parametrize("flag", ["lease", "stall", "until_idle"])
def test_times_have_units_or_are_seconds(tmp_path, flag):
    from threadloom.worker import __main__ as program

    for text, seconds in {"3": 3, "3s": 3, "1m30s": 90, "250ms": 0.25}.items():
        options = program._flags().parse_args(["--root", str(tmp_path), f"--{flag}", text])
        assert getattr(options, flag) == seconds


def test_a_wrong_time_is_one_line(tmp_path):
    for text, says in {"soon": durations.ERROR, "-1": durations.ERROR, "0": "at least"}.items():
        done = worker("--root", tmp_path, f"--lease={text}")
        assert done.returncode == 2 and len(done.stderr.splitlines()) == 1
        assert "--lease" in done.stderr and says in done.stderr


@pytest.mark.parametrize("server", ["redis", "valkey"], indirect=True)
def test_special_characters_log_in(server, monkeypatch):
    rule = ["resetkeys", "~q", "~q:*", "resetchannels", "-@all", "+ping", "+auth", "+hello"]
    server.client.execute_command("ACL", "SETUSER", "m@c", "on", ">" + SPECIAL, *rule)
    url = f"redis://m%40c:{quote(SPECIAL, safe='')}@127.0.0.1:{server.port}?dial_timeout=2s"
    assert connect(url).ping()
    monkeypatch.setenv("THREADLOOM_REDIS_PASSWORD", SPECIAL)
    assert connect(f"redis://m%40c@127.0.0.1:{server.port}").ping()


def test_a_password_that_cannot_be_had_names_the_setting(monkeypatch, tmp_path):
    monkeypatch.delenv("THREADLOOM_REDIS_PASSWORD", raising=False)
    monkeypatch.delenv("THREADLOOM_REDIS_PASSWORD_FILE", raising=False)
    with pytest.raises(NoPassword, match="THREADLOOM_REDIS_PASSWORD"):
        connect("redis://me@node1")
    for content in (None, b"\n", b"secr\xe4t"):
        file = tmp_path / "password"
        if content is not None:
            file.write_bytes(content)
        monkeypatch.setenv("THREADLOOM_REDIS_PASSWORD_FILE", str(file))
        with pytest.raises(NoPassword, match=r"^THREADLOOM_REDIS_PASSWORD_FILE: ") as refused:
            connect("redis://node1")
        assert "secr" not in str(refused.value)


def test_authorities_that_are_none_are_told(tmp_path):
    file = tmp_path / "ca.pem"
    with pytest.raises(redisurl.WrongURL, match="No such file"):
        connect(f"rediss://node1?ca_file={file}")
    file.write_text("none")
    with pytest.raises(redisurl.WrongURL, match="holds no certificate"):
        connect(f"rediss://node1?ca_file={file}")


def test_options_of_tls_reach_the_connection():
    ca = certifi.where()
    url = "rediss://node1?skip_verify=true&dial_timeout=3s&ca_file="
    pool = connect(url + quote(ca, safe="")).connection_pool
    assert pool.connection_class is redis.SSLConnection
    wanted = {"ssl_ca_certs": ca, "ssl_cert_reqs": "none", "ssl_check_hostname": False}
    assert (wanted | {"socket_connect_timeout": 3}).items() <= pool.connection_kwargs.items()
    checked = connect("rediss://node1").connection_pool
    assert checked.connection_class is redis.SSLConnection
    assert not any(name.startswith("ssl_") for name in checked.connection_kwargs)


def test_misspelt_variables_are_told():
    said = variables.misspelt(["THREADLOOM_REDIS_PASWORD", "THREADLOOM_REDIS", "PATH"])
    assert said == (
        "THREADLOOM_REDIS_PASWORD is in the environment but is not a setting:"
        " did you mean THREADLOOM_REDIS_PASSWORD?"
    )
    assert variables.misspelt([*variables.KNOWN, "THREADLOOM_REDIS", "THREADLOOM_CORPUS"]) == ""
