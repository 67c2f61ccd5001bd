"""Sockets and ports that Postfix's parameters name: policy services, milters, log-ins, deliveries."""

from __future__ import annotations

import re
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from agent.files.access import WRITE
from agent.files.managed import mount_points
from agent.health.ports import listening_ports
from services.postfix.surroundings import Surroundings
from services.postfix.tables import group, words

LOOPBACK = frozenset(["localhost", "127.0.0.1", "::1"])
_INET = re.compile(r"\[?(?P<host>[^\]]*?)\]?:(?P<port>[^:\]]+)\Z")


class Endpoint(NamedTuple):
    """A server that is asked: "unix" and a path, or "inet" and host:port."""

    kind: str
    place: str


def endpoint(word: str) -> Endpoint | None:
    """The server of `unix:PATH`, `local:PATH` or `inet:HOST:PORT`; None for another form."""
    kind, colon, place = word.partition(":")
    if not colon or not place or kind not in ("unix", "local", "inet"):
        return None
    if kind == "inet" and ":" not in place:
        return None
    return Endpoint("inet" if kind == "inet" else "unix", place)


def first_word(word: str) -> str:
    """A server, of a word that may be a group with options for it (`{ inet:host:port, timeout=10s }`)."""
    inner = group(word)
    return word if inner is None else next(words(inner), "")


def wrong_servers(name: str, servers: Iterator[str] | list[str], about: Surroundings) -> Iterator[str]:
    """What is wrong with servers, each as a word or as a group with options."""
    for word in map(first_word, servers):
        found = endpoint(word)
        if found is None:
            yield f"{name}: {word or 'nothing'} is not unix:PATH or inet:HOST:PORT"
        elif text := nobody_there(found, about):
            yield f"{name}: {text}"


def nobody_there(server: Endpoint, about: Surroundings) -> str:
    """Why nobody can answer at a socket or a port of this machine, "" where somebody may."""
    return _wrong_socket(server.place, about) if server.kind == "unix" else _wrong_port(server.place, about)


def _wrong_socket(place: str, about: Surroundings) -> str:
    path = about.path(place)
    folder, _, name = path.rpartition("/")
    if folder in (f"{about.queue}/private", f"{about.queue}/public") and any(
        each.split("/")[0] == name for each in about.services
    ):
        return ""
    if not about.settled or not about.is_new(place):
        return ""
    found = about.staged.root / path.lstrip("/")
    try:
        kind = found.stat().st_mode
    except OSError:
        return f"nobody listens on the socket {path}" if _is_ours(found, about) else ""
    if not stat.S_ISSOCK(kind):
        return f"{path} is not a socket"
    return (
        "" if about.may(found, WRITE, about.user) else f"the user {about.owner} may not use the socket {path}"
    )


def _is_ours(path: Path, about: Surroundings) -> bool:
    """Whether programs of this container alone make sockets at a path: it is in no mounted folder.

    The volume with the queue is ours, too.
    """
    root = about.staged.root
    real, queue = path.resolve(), (root / about.queue.lstrip("/")).resolve()
    mounts = {root / place for place in mount_points(root)}
    return all(mount in queue.parents for mount in mounts.intersection(real.parents))


def _wrong_port(place: str, about: Surroundings) -> str:
    match = _INET.match(place)
    if match is None or match["host"].lower() not in LOOPBACK or not about.settled or not about.is_new(place):
        return ""
    number = _number(match["port"])
    if number is None:
        return f"{match['port']} is not a port"
    own = {_number(row.split("/")[0].rpartition(":")[2]) for row in about.services if row.endswith("/inet")}
    ports = listening_ports()
    return "" if not ports or number in own | ports else f"nobody listens on {match['host']}, port {number}"


def _number(port: str) -> int | None:
    if port.isdigit():
        return int(port)
    try:
        return socket.getservbyname(port, "tcp")
    except OSError:
        return None
