"""What the agent does for the container as a whole: mounts, the first account, its log, the time zone."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from agent.errors import Failed
from agent.files.compilers import ZONES, Compilers
from agent.files.managed import mount_points, pinned
from agent.files.staging import product
from agent.log import log, show
from agent.reports.first_account import FirstAccount
from tests.agent.conftest import World
from wire.manifest import Entry

ROW = "36 35 0:31 {root} {place} {options} - {kind} {kind} rw"


def row(place: str, root: str = "/docker/volumes/x", options: str = "rw,relatime", kind: str = "ext4") -> str:
    """A line of mountinfo (proc(5))."""
    return ROW.format(root=root, place=place, options=options, kind=kind)


def entry(path: str, compile_by: str = "") -> Entry:
    """A managed file."""
    return Entry(path, ("postfix",), "reload", 0o644, "root:root", compile_by, "0" * 40)


@pytest.mark.parametrize(
    ("line", "held"),
    [
        (row("/etc/dovecot/conf.d/10-mail.conf"), {"etc/dovecot/conf.d/10-mail.conf"}),
        (row("/etc/dovecot"), {"etc/dovecot/conf.d/10-mail.conf", "etc/dovecot/userdb"}),
        (row("/etc/postfix/main.cf", "/..data/main.cf", kind="tmpfs"), {"etc/postfix/main.cf"}),
        (row("/etc/postfix", "/", kind="tmpfs"), set()),
        (row("/etc/postfix", "/", "ro,relatime", "tmpfs"), {"etc/postfix/main.cf"}),
        (row("/etc/localtime"), {"etc/timezone"}),
        (row("/var/mail"), set()),
    ],
    ids=["file", "folder", "a secret's file", "scratch space", "a secret's folder", "zone", "elsewhere"],
)
def test_what_lies_under_a_mount_is_pinned(tmp_path: Path, line: str, held: set[str]) -> None:
    """Files, folders above them, what is compiled of them; a writable file system of its own pins nothing."""
    entries = [
        entry("etc/dovecot/conf.d/10-mail.conf"),
        entry("etc/dovecot/userdb"),
        entry("etc/postfix/main.cf"),
        entry("etc/timezone", "zone"),
    ]
    mounts = mount_points(Path("/"), line)
    assert pinned(tmp_path, entries, mounts) == held


def test_the_container_stops_without_an_account(world: World, capfd: pytest.CaptureFixture[str]) -> None:
    """At the deadline the reason is printed, the status written, and supervisor shut down."""
    first = FirstAccount(world.node, threading.RLock())
    world.node.paths.exit_status.parent.mkdir(parents=True)
    world.node.release = replace(world.node.release, account_deadline=1)
    first.follow(world.node.release)
    first.volume_seen()
    assert "There is no account yet" in capfd.readouterr().err
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.join(10)
    assert world.programs.calls == ["shut down"]
    assert world.node.paths.exit_status.read_text() == "1\n"
    assert "No account was added within 1 s" in capfd.readouterr().err


def test_refused_accounts_are_told_with_their_reason(world: World, capfd: pytest.CaptureFixture[str]) -> None:
    """For accounts that were refused the message says what is wrong with them, not that there are none."""
    refused = ""
    first = FirstAccount(world.node, threading.RLock(), lambda: refused)
    world.node.paths.exit_status.parent.mkdir(parents=True)
    world.node.release = replace(world.node.release, account_deadline=600)
    first.follow(world.node.release)
    assert capfd.readouterr().err == ""  # the config volume was not looked at yet
    refused = "config/postfix-accounts.cf:2: is there twice; remove one"
    first.volume_seen()
    said = capfd.readouterr().err
    assert f"postfix-accounts.cf on the config volume was refused: {refused}" in said
    assert "600 s" in said
    assert "There is no account yet" not in said
    first._expire()
    said = capfd.readouterr().err
    assert f"postfix-accounts.cf on the config volume was refused: {refused}" in said
    assert "No account was added" not in said
    assert world.programs.calls == ["shut down"]
    first.follow(replace(world.node.release, account_deadline=0))


def test_an_account_in_time_lets_it_live(world: World) -> None:
    """So does one that comes while the timer fires, and for the rest of the container's life."""
    first = FirstAccount(world.node, threading.RLock())
    waiting = replace(world.node.release, account_deadline=600)
    first.follow(waiting)
    first.follow(replace(waiting, account_deadline=0))
    world.node.release = replace(waiting, account_deadline=0)
    first._expire()
    FirstAccount(world.node, threading.RLock()).follow(waiting)  # the last account was removed
    timers = [t for t in threading.enumerate() if isinstance(t, threading.Timer) and t.interval == 600]
    assert (world.programs.calls, [t for t in timers if not t.finished.is_set()]) == ([], [])


@pytest.mark.parametrize(
    ("level", "lines"), [("error", 1), ("warn", 2), ("info", 3), ("trace", 4), ("loud", 3)]
)
def test_the_log_shows_what_is_wanted(capfd: pytest.CaptureFixture[str], level: str, lines: int) -> None:
    """LOG_LEVEL holds at once; an unknown level changes nothing."""
    show(level)
    try:
        log.error("a")
        log.warning("b", reason="x")
        log.info("c")
        log.debug("d")
    finally:
        show("info")
    assert len(capfd.readouterr().err.splitlines()) == lines


def test_a_line_of_the_log_stays_a_line(capfd: pytest.CaptureFixture[str]) -> None:
    """Words as they are, everything else quoted; seconds in thousandths, long texts cut."""
    log.info("100 % applied", seconds=0.25, release=97, reason='a "b"\nc', path="a\udcff", long="x" * 5_000)
    line = (
        r'agent: 100 % applied seconds=0.250 release=97 reason="a \"b\"\nc" path="a\udcff" long="'
        + "x" * 4_000
    )
    assert capfd.readouterr().err == line + '… (cut: 5000 characters)"\n'


def test_a_time_zone_is_linked(tmp_path: Path) -> None:
    """/etc/localtime leads to the zone; a name that is none fails before anything is replaced."""
    aside = tmp_path / ".mail-agent~timezone"
    aside.write_text("Nowhere/Land\n")
    with pytest.raises(Failed, match="Nowhere/Land is no time zone"):
        Compilers()([(aside, "zone", "system")], tmp_path)
    assert product(aside, "zone") == tmp_path / ".mail-agent~localtime"
    assert product(tmp_path / "timezone", "zone") == tmp_path / "localtime"
    assert ZONES.is_absolute()
