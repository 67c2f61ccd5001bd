"""Whether somebody from elsewhere could bring mail for those who are served.

The other steps come from loopback, which `mynetworks` may trust. This one has the address by which the
container is known in its network: it is handed to smtpd(8) as postscreen(8) hands over a client, with the
client's address, so that the client need not wait as an unknown one. Only an address that /etc/hosts has a
name for is used: no name server is asked.
"""

from __future__ import annotations

import contextlib
import ipaddress
import itertools
import re
import socket
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from agent.canary.steps import PASSED, Finding, Ground, Step, failed, unclear
from agent.errors import AgentError, Unavailable
from agent.health.probes import Talk, greet_smtp
from services.postfix.listed import listed_clients
from services.postfix.refusals import CLIENT, TO_RECIPIENT, client_is_named, is_named
from wire.manifest import Probe

HOSTS = Path("etc/hosts")
SOCKET = "var/spool/postfix/private/smtpd"
MAILBOXES, CLOSED = "etc/postfix/vmailbox", "etc/postfix/receive_access"
NAME = "a recipient for others"
ABOUT = (
    "mynetworks smtpd_client_restrictions smtpd_recipient_restrictions smtpd_relay_restrictions"
    " virtual_mailbox_domains virtual_mailbox_maps mydestination"
)
LITERAL = "[127.0.0.1]"
UNKNOWN = re.compile(r"5\d\d 5\.\d\.\d .*(?:Relay access denied|User unknown)")
DENIED = re.compile(r"5\d\d 5\.\d\.\d .*(?:Client host|Recipient address) rejected: Access denied")
"""Refusals by the configuration: not by block lists, names of clients, or a quota."""
OF_OURS = re.compile(r"5\d\d 5\.\d\.\d .*(?:Helo command|Sender address) rejected: Access denied")
"""Of the name that we greet with, or of an empty sender, which lists may name: asked again by other ones."""
ANYBODY = "client.example.com", "someone@example.com"
NOOPS, DOMAINS, EACH, LISTED = 3, 8, 2, 5


def from_elsewhere(ground: Ground, probe: Probe) -> Step | None:
    """The step, where the container has an address of its own, and postscreen hands clients over."""
    client, people = own_address(ground.root), some_of_each_domain(ground.root)
    if not client or not people or not (ground.root / SOCKET).is_socket():
        return None

    def ask(ground: Ground) -> Finding:
        with contextlib.suppress(OSError, Unavailable):
            found = refused(ground, probe, client, people)
            if not found or listed_are_served(ground, probe, people):
                return PASSED
            if CLIENT in found and client_is_named(ground, client):
                return unclear(found)
            if TO_RECIPIENT in found and all(is_named(ground, each) for each in people):
                return unclear(found)
            return failed(found)
        return unclear("no answer")

    return Step(NAME, ask, about=ABOUT)


def listed_are_served(ground: Ground, probe: Probe, people: Sequence[str] = ()) -> bool:
    """Whether a client that a list lets in could bring mail: it may be for these alone. Raises OSError."""
    people = people or some_of_each_domain(ground.root)
    clients = listed_clients(ground)[:LISTED] if people and (ground.root / SOCKET).is_socket() else ()
    return any(not refused(ground, probe, each, people) for each in clients)


def own_address(root: Path, name: str = "") -> str:
    """The address of this machine's name in hosts(5) that is not on loopback; "" where there is none."""
    name = name or socket.gethostname()
    with contextlib.suppress(OSError, ValueError):
        for line in (root / HOSTS).read_text("utf-8", "replace").splitlines():
            address, *names = line.partition("#")[0].split() or [""]
            if name in names and not ipaddress.ip_address(address).is_loopback and ":" not in address:
                return address
    return ""


def some_of_each_domain(root: Path) -> tuple[str, ...]:
    """The first mailboxes of each of the first domains, but for those that a command keeps from mail."""
    found: dict[str, list[str]] = {}
    closed = set(_addresses(root / CLOSED))
    for address in _addresses(root / MAILBOXES):
        if address not in closed:
            found.setdefault(address.rpartition("@")[2], []).append(address)
        if len(found) > DOMAINS:
            break
    return tuple(address for each in itertools.islice(found.values(), DOMAINS) for address in each[:EACH])


def _addresses(path: Path) -> Iterator[str]:
    with contextlib.suppress(OSError), path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            if re.match(r"[^#\s@']+@\S", line):
                yield line.split(maxsplit=1)[0]


def refused(ground: Ground, probe: Probe, client: str, people: Sequence[str]) -> str:
    """What the configuration says to a client with this address; "" where it takes its mail.

    That a rule refuses one recipient says nothing, as long as it does not refuse all.
    """
    replies = list(_replies(ground, probe, client, people))
    denied = DENIED
    if replies and all(OF_OURS.match(reply) for reply in replies):
        denied = re.compile(f"{DENIED.pattern}|{OF_OURS.pattern}")
        replies = list(_replies(ground, probe, client, people, *ANYBODY))
    unknown = next((reply for reply in replies if UNKNOWN.match(reply)), "")
    return unknown or (replies[0] if replies and all(denied.match(reply) for reply in replies) else "")


def _replies(
    ground: Ground, probe: Probe, client: str, people: Sequence[str], name: str = LITERAL, sender: str = ""
) -> Iterator[str]:
    with _handed_over(ground, client) as talk:
        try:
            greet_smtp(talk, replace(probe, tls=""), name)
        except Unavailable as refusal:  # smtpd_delay_reject = no (postconf(5))
            if not DENIED.match(str(refusal)):
                raise
            yield str(refusal)
            return
        for _ in range(NOOPS):
            _say(talk, "NOOP")
        reply = _say(talk, f"MAIL FROM:<{sender}>")
        if not reply.startswith("250"):
            yield reply
            return
        for address in people:
            yield _say(talk, f"RCPT TO:<{address}>")
        with contextlib.suppress(AgentError, OSError):
            _say(talk, "QUIT")


def _say(talk: Talk, words: str) -> str:
    talk.say(words)
    return talk.code(b"")[-1].decode("utf-8", "replace")


@contextlib.contextmanager
def _handed_over(ground: Ground, client: str) -> Iterator[Talk]:
    """A conversation of a client with smtpd, passed to it as by postscreen(8). Raises OSError."""
    ours, theirs = socket.socketpair()
    with contextlib.closing(ours):
        with theirs, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
            door.settimeout(ground.left())
            door.connect(str(ground.root / SOCKET))
            socket.send_fds(door, [b"\0"], [theirs.fileno()])
            door.sendall(_endpoints(client))
        yield Talk(ours, ground.left())


def _endpoints(client: str) -> bytes:
    """Attributes in the form of `routes.py`."""
    values = {"client_address": client, "client_port": "25", "server_address": client, "server_port": "25"}
    return b"".join(f"{name}\0{value}\0".encode() for name, value in values.items()) + b"\0"
