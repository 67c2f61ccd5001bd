"""The daemon's life: prepare, listen, serve, save."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Any

import controlplane
from controlplane.daemon import ops
from controlplane.daemon.asking import ask
from controlplane.daemon.core import Daemon
from controlplane.daemon.log import bind, follow, log
from controlplane.daemon.server import AlreadySaid, ControlServer
from controlplane.daemon.start import prepare
from controlplane.errors import MailserverError, Unavailable
from controlplane.intake.main_branch import MAIN
from wire.lines import Request, Result, Say
from wire.memory import trim_heap

PACKAGE = Path(controlplane.__file__).parent


@dataclass(frozen=True, slots=True)
class Places:
    """Where everything lies; the defaults are those of the image."""

    root: Path = Path("/var/mail-state")
    socket: Path = Path("/run/mail-control/control.sock")
    agent: Path = Path("/run/mail-agent/agent.sock")
    hooks: Path = Path("/usr/local/lib/git-mailserver/hooks")
    template: Path = PACKAGE / "state-repo-template"


def build(places: Places, environment: Mapping[str, str] | None, upgrades: bool = True) -> Daemon:
    """The daemon's parts, ready to answer; raises what keeps it from starting.

    None for the environment: it is not the server's, so it says nothing of what is pinned. `upgrades` says
    whether a volume of another image is taken over by this one.
    """

    def ask_agent(request: Request, seconds: float) -> Result:
        return ask(places.agent, request, seconds)

    return prepare(places.root, environment, places.hooks, places.template, ask_agent, upgrades)


def run(places: Places, environment: Mapping[str, str]) -> int:
    """Serve until SIGTERM or SIGINT; the exit status."""
    try:
        daemon = build(places, environment)
    except MailserverError as error:
        log.critical("cannot start", error=str(error))
        return error.exit_code
    follow(lambda: _of_the_log(daemon))
    server = ControlServer(places.socket, lambda request, say: handle(daemon, request, say))
    bound = threading.Event()

    def end() -> None:
        bound.wait()  # the socket is not taken away while it is being made
        server.stop()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        # In a thread: a handler runs between two steps of the main thread, which may hold a lock.
        threading.Thread(target=end, daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    server.bind()  # from here on others know that we run, and may want us to stop
    bound.set()
    daemon.intake.stores.projected.apart = daemon.ahead.make
    daemon.delivery.start()
    daemon.ahead.consider()
    trim_heap()
    log.info("listening", position=daemon.intake.position, release=daemon.intake.release_number)
    server.serve()
    shut_down(daemon)
    return 0


def _of_the_log(daemon: Daemon) -> tuple[str, str]:
    settings = daemon.intake.state.settings
    return settings.log_level, settings.log_format


WRITES = frozenset(
    {"pre-receive", "post-receive", "edit", "rollback", "revert", "import", "reconcile", "suspend", "resume"}
)
"""Operations that are not begun while something of the state volume is not ours to write."""


def handle(daemon: Daemon, request: Request, say: Say) -> Mapping[str, Any]:
    """Carry out one request; once more where files of other owners kept it from being done."""
    bind(position=daemon.intake.position)
    log.debug("request", op=request["op"], source=request.get("source", ""))
    operation = ops.find(request["op"])
    if request["op"] in WRITES and (trouble := daemon.owners.look()):
        if request["op"] == "pre-receive":
            say(f"✗ refused: {trouble}")
            raise AlreadySaid(Unavailable(trouble))
        raise Unavailable(trouble)
    before, release = _main(daemon), daemon.intake.release_number
    try:
        return operation(daemon, request, say)
    except (MailserverError, OSError) as error:
        if "no space" in str(error).lower():
            raise Unavailable(_full(daemon)) from error
        if not daemon.owners.mend_after(error):
            raise
    if before != _main(daemon):  # `main` has moved already: what is left to do is not the edit itself
        daemon.intake.catch_up()
        recorded = replace(daemon.intake.recent[daemon.intake.main], release=daemon.intake.release_number)
        waits = request["op"] != "post-receive" and bool(request.get("wait", True))
        return daemon.change(recorded, release, wait=waits)
    return operation(daemon, request, say)


def _full(daemon: Daemon) -> str:
    place = daemon.intake.stores.control
    found = os.statvfs(place)
    free, size = (blocks * found.f_frsize >> 10 for blocks in (found.f_bavail, found.f_blocks))
    return (
        f"No space left on device: {place.parent} has {free:,} of {size:,} KiB free, "
        f"{found.f_favail} inodes: make room, `mailctl status` tells what takes most, and try again; what "
        "has reached main goes on by itself"
    )


def _main(daemon: Daemon) -> str:
    try:
        return daemon.intake.stores.repo.refs.get(MAIN)
    except MailserverError:  # unreadable: whoever asks is told so by the operation itself
        return ""


def shut_down(daemon: Daemon) -> None:
    """Stop delivering and keep a snapshot: what is not saved is folded again at the next start."""
    daemon.ahead.stop()
    daemon.missed_post_receives.stop()
    daemon.delivery.stop()
    try:
        daemon.intake.save()
    except MailserverError as error:
        log.warning("no snapshot", error=str(error))
