"""Where Postfix sends the mail of an address, by its own account: no message of the canary leaves the server.

trivial-rewrite(8) answers as it does the queue manager, with every table and override in effect.
"""

from __future__ import annotations

import contextlib
import re
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from agent.canary.steps import Ground
from agent.concurrently import run_concurrently
from agent.errors import Unavailable
from wire.canary import ADDRESS, DOMAIN

SOCKET = "var/spool/postfix/private/rewrite"
ANSWER_SECONDS = 1.0
DEADLINE = 2.0
COPIES = ("always_bcc", "sender_bcc_maps", "recipient_bcc_maps")
REWRITES = ("canonical_maps", "recipient_canonical_maps")
IDENTITY = f"inline:{{ {ADDRESS}={ADDRESS} }}"
COPYING = re.compile(r"\b(?:BCC|REDIRECT)\s+[^\s@]+@", re.IGNORECASE)
"""Results of access(5) and header_checks(5) that send a message to somebody else, too."""
FILE = re.compile(r":(/[\w./@+-]+)")
MOST = 1 << 20
"""Bytes of a table that is searched for such results: lists of addresses have none."""
REMOTE = ("smtp", "relay")
"""Transports that look for the mail servers of a domain: of another one, where ours are listed by hand."""
NEAR = re.compile(r"(?:inet:)?\[?(?:127(?:\.\d+){3}|localhost|::1)\]?(?::\w+)?$|unix:")
"""A next hop inside this container."""


@dataclass(frozen=True, slots=True)
class Route:
    """A transport of master.cf and its next hop (transport(5))."""

    transport: str
    nexthop: str

    @property
    def near(self) -> bool:
        """Whether the next hop is inside this container."""
        return bool(NEAR.match(self.nexthop))


@dataclass(frozen=True, slots=True)
class Routes:
    """Where mail of the server's own address goes, and of a mailbox of somebody's; None: no answer."""

    own: Route | None = None
    kept: Route | None = None
    leads_away: str = ""
    """Why a message of ours could come to somebody's eyes; empty where it cannot."""


def ask_routes(ground: Ground) -> Routes:
    """Ask Postfix. Raises nothing: what is not known leads away."""
    if not ground.address:
        return Routes()
    names = (*COPIES, *REWRITES, "virtual_alias_maps")
    # Side by side: all steps wait for them.
    commands = (("postconf", "-xh", *names), ("postconf", "-xn"), ("postconf", "-P"))
    ran, *told = run_concurrently([partial(ground.runner, command, DEADLINE) for command in commands])
    lines = [line for line in ran.output.splitlines() if not line.startswith("postconf: ")]
    values = dict(zip(names, (value.strip() for value in lines), strict=False))
    values["rules"] = copying_rules(ground.root, [each.output for each in told])
    own = route_of(ground.root, ADDRESS)
    kept = route_of(ground.root, ground.account) if ground.account else None
    return Routes(own, kept, "" if ran.code == 0 and own is None else leads_away(values, own))


def copying_rules(root: Path, told: Sequence[str]) -> str:
    """The first rule that copies messages, as postconf(1) tells parameters, or in a table of text of one."""
    texts = list(told)
    for place in dict.fromkeys(FILE.findall("\n".join(texts))):
        path = root / place.lstrip("/")
        with contextlib.suppress(OSError):
            if path.is_file() and path.stat().st_size <= MOST:
                texts.append(path.read_text(encoding="utf-8", errors="replace"))
    rules = (line for text in texts for line in text.splitlines() if not line.lstrip().startswith("#"))
    return next((line.strip() for line in rules if COPYING.search(line)), "")


def leads_away(values: dict[str, str], own: Route | None) -> str:
    """Why a message could come to somebody's eyes, by the values of these parameters and its route."""
    for name in (*COPIES, *REWRITES):
        if values.get(name, name):
            return f"{name} may bring a message of the server's own address to somebody"
    if values.get("rules"):
        return "a rule may copy a message of the server's own address to somebody: " + values["rules"][:100]
    if not values.get("virtual_alias_maps", "").startswith(IDENTITY):
        return "virtual_alias_maps may bring a message of the server's own address to somebody"
    if own and not own.near and (own.nexthop != DOMAIN or own.transport in REMOTE):
        return f"mail is delivered by {own.nexthop}"
    return ""


def route_of(root: Path, address: str) -> Route | None:
    """Where mail of an address goes; None where nobody answers."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(ANSWER_SECONDS)
            sock.connect(str(root / SOCKET))
            until = time.monotonic() + ANSWER_SECONDS
            _receive(sock, until)  # the name of the protocol (Postfix 3.6 and later)
            sock.sendall(_attributes(request="resolve", sender="", address=address))
            answer = _receive(sock, until)
    except (OSError, Unavailable):
        return None
    return Route(answer.get("transport", ""), answer.get("nexthop", ""))


def _attributes(**values: str) -> bytes:
    """Attributes in Postfix's own form: names and values that end in a null byte, and one more at the end."""
    return b"".join(f"{name}\0{value}\0".encode() for name, value in values.items()) + b"\0"


def _receive(sock: socket.socket, until: float) -> dict[str, str]:
    text = b""
    while not text.endswith(b"\0\0"):
        sock.settimeout(max(0.01, until - time.monotonic()))
        chunk = sock.recv(4096)
        if not chunk:
            raise Unavailable("it closed the connection")
        text += chunk
    words = text[:-2].decode("utf-8", "replace").split("\0")
    return dict(zip(words[::2], words[1::2], strict=False))
