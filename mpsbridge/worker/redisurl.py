"""Redis URLs, read as the pipeline reads them (``mpsbridge/redisurl.go``).

redis-py and Go's net/url read some URLs in different ways, and may take a part of the password for
the host. Go and Python share the rule here, and ``golden/redisurls.json`` holds both to it.
"""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from threadloom.worker import durations

# No message holds a part of a URL that may be a password.
FORM = "want redis://[user[:password]@]host[:port][/db], rediss:// for TLS, or unix:///path"
BLANK = "it holds a blank or a control character: percent-encode it (a blank is %20)"
AMBIGUOUS = (
    "it can be read in more than one way: percent-encode # as %23, / as %2F, ? as %3F and @ as %40"
    " in user, password and file names"
)
PERCENT = "a % must be followed by two hex digits: percent-encode % itself as %25"
UTF8 = "it is not in UTF-8"
HOST = "the host is neither a name nor an address (IPv6 addresses are in brackets)"
PORT = "the port is not a number from 1 to 65535"
DB = "the database is not a number"
TWO_DBS = "the database is given twice, as /db and as ?db="
KNOWN = "known are db, dial_timeout, ca_file and skip_verify"

DIAL_TIMEOUT = 5.0  # seconds
LEAST_TIMEOUT = 0.001


class WrongURL(ValueError):
    """A URL that is not understood; the message is one line without the password."""


@dataclass
class Address:
    """What a Redis URL says."""

    scheme: str  # redis, rediss or unix
    user: str = ""
    password: str = ""
    host: str = ""
    port: int = 0
    socket: str = ""  # path of a Unix socket, in place of host and port
    db: int = 0
    dial_timeout: float = DIAL_TIMEOUT
    skip_verify: bool = False  # of rediss: take any certificate
    ca_file: str = ""  # of rediss: PEM file of the authorities to trust

    @property
    def place(self) -> str:
        """Return where Redis is, for messages."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.socket or f"{host}:{self.port}"


def parse(text: str) -> Address:
    """Read a URL; raise WrongURL."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise WrongURL(UTF8) from None
    if re.search(r"[\x00-\x20\x7f]", text):
        raise WrongURL(BLANK)
    scheme, found, rest = text.partition("://")
    address = Address(scheme.lower())
    if not found or address.scheme not in ("redis", "rediss", "unix"):
        raise WrongURL(FORM)
    before, _, query = rest.partition("?")
    authority, _, path = before.partition("/")
    if "#" in rest or authority.count("@") > 1 or "@" in path + query:
        raise WrongURL(AMBIGUOUS)
    userinfo, _, place = authority.rpartition("@")
    user, _, password = userinfo.partition(":")
    address.user, address.password = _decoded(user), _decoded(password)
    is_socket = address.scheme == "unix"
    (_set_socket if is_socket else _set_host)(address, place, path)
    _set_options(address, query, has_db=not is_socket and path != "")
    return address


def _decoded(text: str) -> str:
    if re.search(r"%(?![0-9A-Fa-f]{2})", text):
        raise WrongURL(PERCENT)
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        raise WrongURL(UTF8) from None


def _set_socket(address: Address, place: str, path: str) -> None:
    address.socket = _decoded("/" + path)
    if place or not path or "\0" in address.socket:
        raise WrongURL(FORM)


def _set_host(address: Address, place: str, path: str) -> None:
    if place.startswith("["):
        host, closed, after = place[1:].partition("]")
        if not closed or not _is_ipv6(host) or after[:1] not in ("", ":"):
            raise WrongURL(HOST)
        port = after[1:]
    else:
        host, _, port = place.partition(":")
        if not re.fullmatch(r"[A-Za-z0-9._-]*", host):
            raise WrongURL(HOST)
    address.host, address.port = host or "localhost", 6379
    if port:
        if not _is_number(port) or not 1 <= int(port) <= 65535:
            raise WrongURL(PORT)
        address.port = int(port)
    if path:
        address.db = _database(path)


def _is_ipv6(text: str) -> bool:
    try:
        return not ipaddress.IPv6Address(text).scope_id
    except ValueError:
        return False


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[0-9]{1,9}", text) is not None


def _database(text: str) -> int:
    if not _is_number(text):
        raise WrongURL(DB)
    return int(text)


def _set_options(address: Address, query: str, has_db: bool) -> None:
    seen = set()
    for option in query.split("&") if query else ():
        name, _, text = option.partition("=")
        if name in seen:
            raise WrongURL(f'the option "{name}" is given twice')
        value = _decoded(text)
        if name == "db" and has_db:
            raise WrongURL(TWO_DBS)
        _set_option(address, name, value)
        seen.add(name)


def _set_option(address: Address, name: str, value: str) -> None:
    wrong = f'the option "{name}": '
    if name in ("ca_file", "skip_verify") and address.scheme != "rediss":
        raise WrongURL(f'the option "{name}" is for rediss:// only')
    if name == "db":
        address.db = _database(value)
    elif name == "dial_timeout":
        address.dial_timeout = _timeout(wrong, value)
    elif name == "ca_file":
        if not value or "\0" in value:
            raise WrongURL(wrong + "want a file")
        address.ca_file = value
    elif name == "skip_verify":
        if value not in ("true", "false"):
            raise WrongURL(wrong + "want true or false")
        address.skip_verify = value == "true"
    elif re.fullmatch(r"[a-z_]{1,40}", name):
        raise WrongURL(f'there is no option "{name}": {KNOWN}')
    else:  # it may be a part of a password
        raise WrongURL(f"an option is unknown: {KNOWN}")


def _timeout(wrong: str, value: str) -> float:
    try:
        seconds = durations.parse(value)
    except ValueError:
        seconds = 0
    if seconds < LEAST_TIMEOUT:
        raise WrongURL(f"{wrong}{durations.ERROR}, at least 1ms")
    return seconds
