"""The way from Postfix to a mailbox, asked about somebody's, without a message."""

from __future__ import annotations

import re
import socket
from pathlib import Path

from agent.canary.steps import PASSED, Finding, Ground, Step, failed, unclear
from agent.errors import Unavailable
from agent.health.probes import Talk
from services.postfix.routes import Route, Routes

QUEUE = "var/spool/postfix"
STEP = "delivery to a mailbox"
ABOUT = "virtual_transport transport_maps lmtp_* auth_username_format protocol service userdb"
NO_WAY = ("discard", "error", "retry")  # discard(8), error(8)
LMTP_PORT = 24  # lmtp(8)


def delivery(routes: Routes) -> Step | None:
    """The step where that way is LMTP inside this container, or leads to no mailbox at all."""
    route = routes.kept
    if route and route.transport in NO_WAY:
        return Step(STEP, lambda ground: failed(f"mail of {ground.account} is sent to {route.transport}:"))
    if not route or not route.near or not route.transport.startswith("lmtp"):
        return None
    return Step(STEP, lambda ground: ask_lmtp(ground, route, ground.account), about=ABOUT)


def ask_lmtp(ground: Ground, route: Route, address: str) -> Finding:
    """Ask at the next hop whether an address has a mailbox. Raises OSError, Unavailable."""
    with _connect(ground.root, route.nexthop, ground.left()) as sock:
        talk = Talk(sock, ground.left())
        talk.code(b"220")
        talk.say("LHLO localhost")
        talk.code(b"250")
        talk.say("MAIL FROM:<>")
        talk.code(b"250")
        talk.say(f"RCPT TO:<{address}>")
        try:
            talk.code(b"250")
        except Unavailable as refusal:
            words = str(refusal)
            return unclear(words) if words[:3] in ("452", "552") else failed(words)
        talk.say("RSET")
        talk.code(b"250")
        talk.say("QUIT")
        talk.code(b"221")
    return PASSED


def _connect(root: Path, nexthop: str, seconds: float) -> socket.socket:
    kind, _, place = nexthop.partition(":")
    if kind == "unix":
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.settimeout(seconds)
        try:
            sock.connect(str(root / place.lstrip("/") if place.startswith("/") else root / QUEUE / place))
        except OSError as error:
            sock.close()
            raise Unavailable(f"{place}: {error.strerror}") from error
        return sock
    match = re.match(r"(?:inet:)?\[?([^\]]*?)\]?(?::(\d+))?$", nexthop)
    host, port = (match[1], match[2]) if match else (nexthop, None)
    return socket.create_connection((host, int(port or LMTP_PORT)), timeout=seconds)
