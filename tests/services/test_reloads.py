"""A reload of Postfix is over when the new generation runs, not when the command returns."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from agent.apply.actions import Actor
from agent.apply.plan import Plan
from agent.commands import Ran
from agent.errors import Failed
from agent.health.processes import children_of
from agent.release.manifest import Release, ServiceEntry
from services.base import NodeService, NodeServices, Reload
from services.dovecot.reload import NewAuth
from services.postfix.generation import NextGeneration
from services.rspamd.workers import NextWorkers
from tests.agent.conftest import Programs

POSTFIX = Release("c", 1, services={"postfix": ServiceEntry("postfix", ("postfix",), ())})


def test_processes_are_the_children_of_master(tmp_path: Path) -> None:
    """Other people's queue managers do not count; one that ended meanwhile has no name."""
    (tmp_path / "master.pid").write_text("       7\n")
    for pid, name in {"8": "pickup", "9": "qmgr", "10": "qmgr"}.items():
        (tmp_path / pid).mkdir()
        (tmp_path / pid / "comm").write_text(f"{name}\n")
    (tmp_path / "7" / "task" / "7").mkdir(parents=True)
    (tmp_path / "7" / "task" / "7" / "children").write_text("8 9 12 ")
    assert children_of(tmp_path / "master.pid", tmp_path) == {8: "pickup", 9: "qmgr", 12: ""}


def test_without_a_master_there_are_none(tmp_path: Path) -> None:
    """Where processes cannot be listed the agent does not wait."""
    assert children_of(tmp_path / "master.pid", tmp_path) == {}


def with_reload(name: str, reload: Reload) -> NodeServices:
    """A node whose one service is reloaded like this."""
    return NodeServices([NodeService(name, reload=reload)])


def reload(*seen: dict[int, str]) -> list[dict[int, str]]:
    """Reload Postfix, whose processes are one of these at each look; what was not looked at."""
    left = list(seen)
    services = with_reload("postfix", NextGeneration(lambda: left.pop(0)))
    actor = Actor(Programs({"postfix"}), services, lambda *_: Ran(0, ""))
    actor.act(Plan(actions={"postfix": "reload"}), POSTFIX)
    return left


def test_a_reload_waits_for_the_new_generation() -> None:
    """The probes that follow meet processes that have read the new configuration."""
    old = {9: "qmgr"}
    assert not reload(old, old, {}, {12: "qmgr"}, {12: "qmgr"})


def test_a_reload_waits_for_the_old_helpers_to_end() -> None:
    """A process that asks one of them while it ends would sleep for a second."""
    old = {9: "qmgr", 10: "tlsmgr", 11: "smtpd"}
    between = {10: "tlsmgr", 11: "smtpd", 12: "qmgr"}
    assert not reload(old, between, between, between, {11: "smtpd", 12: "qmgr"})


def test_a_reload_waits_for_nothing_where_the_generation_cannot_be_told() -> None:
    """It is asked once and then left to the probes."""
    assert not reload({})


RSPAMD = Release("c", 1, services={"rspamd": ServiceEntry("rspamd", ("rspamd",), ())})


def hang_up(*seen: dict[int, str]) -> list[dict[int, str]]:
    """Reload Rspamd, whose workers are one of these at each look; what was not looked at."""
    left = list(seen)
    programs = Programs({"rspamd"})
    workers = NextWorkers(lambda _pid: left.pop(0) if left[1:] else left[0])
    actor = Actor(programs, with_reload("rspamd", workers), lambda *_: Ran(0, ""))
    actor.act(Plan(actions={"rspamd": "reload"}), RSPAMD)
    assert programs.calls == ["signal rspamd HUP"]
    return left


def test_a_reload_of_rspamd_waits_for_the_old_workers_to_end() -> None:
    """Those judge mail by the old rules until the new ones have read theirs."""
    old, new = {7: "rspamd", 8: "rspamd"}, {9: "rspamd"}
    assert hang_up(old, old, {**old, **new}, {8: "rspamd", **new}, new) == [new]


def test_workers_that_do_not_come_are_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rspamd keeps the old configuration where it cannot use the new one, and says nothing."""
    monkeypatch.setattr("services.rspamd.workers.WORKER_SECONDS", 0.05)
    with pytest.raises(Failed, match="did not take over"):
        hang_up({7: "rspamd"})


def test_a_worker_in_the_middle_of_a_message_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The new ones serve by then."""
    monkeypatch.setattr("services.rspamd.workers.SESSION_SECONDS", 0.05)
    both = {7: "rspamd", 9: "rspamd"}
    assert hang_up({7: "rspamd"}, both) == [both]


def test_who_answered_log_ins_before_a_reload_is_ended() -> None:
    """Postfix stays connected to it, and would go on to hear what the configuration of before says."""
    before = {6: "quota-status", 7: "auth", 8: "imap-login", 9: "auth"}
    lists = iter([before, {6: "quota-status", 7: "auth", 8: "imap-login", 10: "auth"}])
    ended: list[tuple[int, int]] = []
    reload = NewAuth(lambda: next(lists), lambda pid, number: ended.append((pid, number)))
    reload("dovecot", Programs(), lambda *_: Ran(0, ""))
    assert ended == [(6, signal.SIGTERM), (7, signal.SIGTERM)]


def test_what_a_reload_cannot_do_is_a_restart() -> None:
    """Dovecot is ended and started where it is to listen at other addresses of a port."""
    done: list[str] = []

    class Recorded(Programs):
        def stop(self, name: str) -> None:
            done.append(f"stop {name}")

        def start(self, name: str) -> None:
            done.append(f"start {name}")

    NewAuth(dict, moved=lambda _: True)("dovecot", Recorded(), lambda *_: Ran(0, ""))
    assert done == ["stop dovecot", "start dovecot"]
