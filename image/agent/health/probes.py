"""Asking running services whether they serve, through their own protocols, each within a deadline.

A port behind a proxy gets the header first that the proxy would send (haproxy's PROXY protocol, version 1).
"""

from __future__ import annotations

import contextlib
import functools
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from agent.concurrently import run_concurrently
from agent.errors import Unavailable
from agent.health.ports import listening_ports
from wire.manifest import Probe, ProbeKind

TEMPORARY = re.compile(r"4\d\d\b")
TRY_SECONDS = 2.0
POLICY_REQUEST = b"""\
request=smtpd_access_policy
protocol_state=RCPT
protocol_name=ESMTP
helo_name=localhost
client_name=localhost
client_address=127.0.0.1
sender=
recipient=postmaster@localhost

"""
"""SMTPD_POLICY_README of Postfix: a line per attribute, each ended by a bare newline, and an empty one."""
FIRST_PAUSE, ASKING_PAUSE, LONGEST_PAUSE = 0.02, 0.2, 0.25


@dataclass(frozen=True, slots=True)
class Answer:
    """What one probe found. `milliseconds` is the time of the last try."""

    name: str
    ok: bool
    milliseconds: float
    detail: str = ""

    @property
    def temporary(self) -> bool:
        """Whether it answered that it will serve later (a reply 4yz, RFC 5321 section 4.2.1)."""
        return not self.ok and bool(TEMPORARY.match(self.detail))

    def as_dict(self) -> dict[str, object]:
        """Plain values, for JSON."""
        return {"name": self.name, "ok": self.ok, "ms": round(self.milliseconds, 1), "detail": self.detail}


class Talk:
    """A line-based conversation with a deadline over all of it."""

    def __init__(self, sock: socket.socket, seconds: float) -> None:
        self.sock = sock
        self.until = time.monotonic() + seconds
        self._rest = b""

    def line(self) -> bytes:
        """The next line. Raises Unavailable, OSError."""
        while b"\n" not in self._rest:
            self.sock.settimeout(max(0.001, self.until - time.monotonic()))
            chunk = self.sock.recv(4096)
            if not chunk:
                raise Unavailable("it closed the connection")
            self._rest += chunk
        first, _, self._rest = self._rest.partition(b"\n")
        return first.rstrip(b"\r")

    def say(self, text: str) -> None:
        """Send a line."""
        self.send(text.encode() + b"\r\n")

    def send(self, octets: bytes) -> None:
        """Send them as they are."""
        self.sock.settimeout(max(0.001, self.until - time.monotonic()))
        self.sock.sendall(octets)

    def code(self, wanted: bytes) -> list[bytes]:
        """Read a reply of SMTP's kind (RFC 5321 section 4.2); raises Unavailable when its code differs."""
        lines = [self.line()]
        while lines[-1][3:4] == b"-":
            lines.append(self.line())
        if not lines[-1].startswith(wanted):
            raise Unavailable(lines[-1].decode("utf-8", "replace"))
        return lines

    def encrypt(self) -> None:
        """TLS from here on. The certificate is not verified: the probe asks whether TLS works at all."""
        self.sock.settimeout(max(0.001, self.until - time.monotonic()))
        self.sock = _unverifying().wrap_socket(self.sock)


@functools.cache
def _unverifying() -> ssl.SSLContext:
    """One for all probes. Not the default context: that reads every authority of the system each time."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def greet_smtp(talk: Talk, probe: Probe, name: str = "localhost") -> list[bytes]:
    """Greeting, EHLO with a name and TLS as a probe says; the offers. Raises Unavailable, OSError."""
    if probe.tls == "implicit":
        talk.encrypt()
    talk.code(b"220")
    talk.say(f"EHLO {name}")
    offers = talk.code(b"250")
    if probe.tls == "starttls":
        if not any(line[4:].upper() == b"STARTTLS" for line in offers):
            raise Unavailable("it does not offer STARTTLS")
        talk.say("STARTTLS")
        talk.code(b"220")
        talk.encrypt()
        talk.say(f"EHLO {name}")
        offers = talk.code(b"250")
    return offers


def _smtp(talk: Talk, probe: Probe) -> None:
    greet_smtp(talk, probe)
    talk.say("QUIT")
    talk.code(b"221")


def _lmtp(talk: Talk, _probe: Probe) -> None:
    talk.code(b"220")
    talk.say("LHLO localhost")
    talk.code(b"250")
    talk.say("QUIT")
    talk.code(b"221")


def greet_imap(talk: Talk, probe: Probe) -> None:
    """Greeting, and TLS as a probe says. Raises Unavailable, OSError."""
    if probe.tls == "implicit":
        talk.encrypt()
    greeting = talk.line()
    if not greeting.startswith(b"* OK"):
        raise Unavailable(greeting.decode("utf-8", "replace"))
    if probe.tls == "starttls":
        command(talk, "a", "STARTTLS")
        talk.encrypt()


def _imap(talk: Talk, probe: Probe) -> None:
    greet_imap(talk, probe)
    command(talk, "b", "CAPABILITY")
    command(talk, "c", "LOGOUT")


def command(talk: Talk, tag: str, text: str) -> list[bytes]:
    """A command of IMAP and what comes before its end (RFC 9051 section 2.2). Raises Unavailable, OSError."""
    talk.say(f"{tag} {text}")
    lines = [talk.line()]
    while not lines[-1].startswith(tag.encode() + b" "):
        lines.append(talk.line())
    if not lines[-1].startswith(tag.encode() + b" OK"):
        raise Unavailable(lines[-1].decode("utf-8", "replace").partition(" ")[2])
    return lines


def _http(talk: Talk, probe: Probe) -> None:
    talk.say(f"GET {probe.path or '/'} HTTP/1.0\r\nHost: localhost\r\n")
    status = talk.line()
    if status.split()[1:2] != [b"200"]:
        raise Unavailable(status.decode("utf-8", "replace"))


def _redis(talk: Talk, _probe: Probe) -> None:
    talk.say("PING")
    answer = talk.line()
    if answer != b"+PONG":
        raise Unavailable(answer.decode("utf-8", "replace"))


def _policy(talk: Talk, _probe: Probe) -> None:
    """A request about mail for the postmaster, which no policy refuses; any verdict will do."""
    talk.send(POLICY_REQUEST)
    answer = talk.line()
    if not answer.startswith(b"action="):
        raise Unavailable(answer.decode("utf-8", "replace") or "it answers without an action")


def _tcp(_talk: Talk, _probe: Probe) -> None:
    """The connection that was accepted is the answer."""


KINDS: dict[str, Callable[[Talk, Probe], None]] = {
    ProbeKind.SMTP: _smtp,
    ProbeKind.IMAP: _imap,
    ProbeKind.LMTP: _lmtp,
    ProbeKind.TCP: _tcp,
    ProbeKind.HTTP: _http,
    ProbeKind.REDIS: _redis,
    ProbeKind.POLICY: _policy,
}


@contextlib.contextmanager
def conversation(probe: Probe, root: Path, seconds: float) -> Iterator[Talk]:
    """A connection to where a probe asks, after a proxy's header where one is wanted. Raises OSError."""
    with contextlib.closing(_connect(probe, root, seconds)) as sock:
        talk = Talk(sock, seconds)
        if probe.proxy:
            talk.say(f"PROXY TCP4 127.0.0.1 127.0.0.1 {sock.getsockname()[1]} {probe.port}")
        with contextlib.ExitStack() as stack:
            stack.callback(lambda: talk.sock.close())
            yield talk


def ask(probe: Probe, root: Path, seconds: float = TRY_SECONDS) -> Answer:
    """One try. Never raises: a failure is an answer."""
    start = time.monotonic()
    detail = ""
    try:
        if probe.kind == ProbeKind.LISTENING:
            _look(probe)
        else:
            with conversation(probe, root, seconds) as talk:
                KINDS[probe.kind](talk, probe)
    except TimeoutError:
        detail = f"no answer within {seconds:.1f} s"
    except (OSError, Unavailable, ValueError, KeyError) as error:
        detail = str(error) or type(error).__name__
    return Answer(probe.name, not detail, (time.monotonic() - start) * 1000, detail)


def _look(probe: Probe) -> None:
    ports = listening_ports()
    if ports and probe.port not in ports:  # none where the kernel does not tell
        raise Unavailable("nothing listens")


def _connect(probe: Probe, root: Path, seconds: float) -> socket.socket:
    if probe.port:
        return socket.create_connection((probe.host, probe.port), timeout=seconds)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.settimeout(seconds)
        sock.connect(str(root / probe.path.lstrip("/")))
    except OSError:
        sock.close()
        raise
    return sock


def ask_all(probes: Iterable[Probe], root: Path) -> list[Answer]:
    """One try of each, side by side."""
    return run_concurrently([functools.partial(ask, probe, root) for probe in probes])


def wait(
    probes: Iterable[Probe], root: Path, deadline: float, hopeless: Callable[[], bool] = lambda: False
) -> list[Answer]:
    """Ask side by side until every probe succeeded or `deadline` (monotonic clock) has passed.

    Returns the answers of the last tries, in the order of the probes.
    A daemon forks a process for the first connection to each of its ports: those start at the same time.
    `hopeless` is asked now and then and ends the wait early: a program that has died will not answer.
    """
    given_up = threading.Event()
    guard = threading.Lock()

    def no_use() -> bool:
        with guard:
            if not given_up.is_set() and hopeless():
                given_up.set()
        return given_up.is_set()

    return run_concurrently([functools.partial(_until_ok, probe, root, deadline, no_use) for probe in probes])


def _until_ok(probe: Probe, root: Path, deadline: float, no_use: Callable[[], bool]) -> Answer:
    pause = FIRST_PAUSE
    answer = ask(probe, root, max(0.2, min(TRY_SECONDS, deadline - time.monotonic())))
    while not answer.ok and time.monotonic() + pause < deadline:
        if pause >= ASKING_PAUSE and no_use():
            return answer
        time.sleep(pause)
        pause = min(LONGEST_PAUSE, pause * 1.5)
        answer = ask(probe, root, max(0.2, min(TRY_SECONDS, deadline - time.monotonic())))
    return answer
