"""The event log: what is appended comes back, in order, and nothing else gets in."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from datetime import timedelta

import pytest

from controlplane.errors import Conflict, Corrupt, NotFound
from controlplane.event_log import EventLog
from controlplane.events import OverrideChanged, OverrideRemoved
from controlplane.git import SERVER, StateRepo
from controlplane.timestamps import milliseconds
from tests.change_sets import BEGIN, change, fill, open_log


def test_a_change_set_comes_back_as_it_was_appended(log: EventLog) -> None:
    """Everything but the commit and what is below a millisecond survives the round trip."""
    events = (
        OverrideChanged(path="dovecot.cf", content=b"\x00\xff\n", executable=True),
        OverrideRemoved(path="x"),
    )
    given = replace(change(1, *events), reason="Grüße\n\nPosition: 99\n", actor="a <b>\nc")
    done = log.append(given)
    assert done == log.read(1) == log.read_commit(done.commit)
    assert replace(done, commit="", time=given.time) == given
    assert done.time == given.time.replace(microsecond=given.time.microsecond // 1000 * 1000)


def test_the_same_change_set_makes_the_same_commit(
    log: EventLog, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Nothing of the moment or the machine gets into the log."""
    other = tmp_path_factory.mktemp("other")
    again = open_log(other, StateRepo.ensure(other / "state.git"))
    assert log.append(change(1)).commit == again.append(change(1)).commit


def test_a_position_that_is_not_the_next_is_refused(log: EventLog) -> None:
    """The log has no gaps and no position twice."""
    fill(log, 2)
    for position in (0, 2, 4):
        with pytest.raises(Conflict):
            log.append(change(position))
    assert log.tip().position == 2


def test_the_clock_is_kept_as_it_was(log: EventLog) -> None:
    """The order is that of the positions; a clock that was set back since is reported as it was."""
    log.append(change(1))
    second = log.append(replace(change(2), time=BEGIN - timedelta(days=1)))
    assert second.time == log.read(2).time == milliseconds(BEGIN - timedelta(days=1))
    assert log.append(change(3)).time == milliseconds(change(3).time)


def test_positions_are_found_by_time_and_commit(log: EventLog) -> None:
    """A moment, a commit of the log and one of main each lead to a position."""
    fill(log, 5)
    assert log.position_at(BEGIN + timedelta(minutes=3, seconds=30)) == 3
    assert log.position_at(BEGIN) == 0
    assert log.position_of(log.commit_at(2)) == 2
    assert log.position_of(f"{4:040x}") == 4
    with pytest.raises(NotFound):
        log.position_of("f" * 40)
    with pytest.raises(NotFound):
        log.read(6)


def test_iteration_can_start_anywhere(log: EventLog) -> None:
    """A reader that knows a position gets only what is newer."""
    assert list(log.iterate()) == []
    fill(log, 5)
    assert [c.position for c in log.iterate()] == [1, 2, 3, 4, 5]
    assert [c.position for c in log.iterate(4)] == [4, 5]
    assert list(log.iterate(6)) == []
    assert list(log.events(4)) == [event for change_set in log.iterate(4) for event in change_set.events]
    assert [c.position for c in log.newest_first()] == [5, 4, 3, 2, 1]


def test_another_process_s_append_is_seen(log: EventLog, repo: StateRepo) -> None:
    """The tip is looked up each time, not remembered."""
    fill(log, 1)
    log.on(StateRepo(repo.path)).append(change(2))
    assert log.tip().position == 2
    assert log.tip().main_commit == f"{2:040x}"


def test_git_reads_the_log_as_a_sound_history(log: EventLog, repo: StateRepo) -> None:
    """Git's own check of the repository finds nothing, and the message has the trailers."""
    fill(log, 3)
    command = ["git", "--git-dir", str(repo.path)]
    subprocess.run([*command, "fsck", "--strict", "--no-dangling"], check=True, capture_output=True)
    shown = subprocess.run(
        [*command, "log", "-1", "--format=%(trailers:key=Position)%an", "events"], capture_output=True
    )
    assert shown.stdout.decode().split("\n") == ["Position: 3", "Ada Admin", ""]


def test_an_unreadable_header_is_corrupt(log: EventLog, repo: StateRepo) -> None:
    """A commit on the branch that is no change set is reported by its id."""
    fill(log, 1)
    tip = log.tip().commit
    bad = repo.commit("events", tip, repo.write_tree("", {}), "no change set", SERVER, BEGIN)
    with pytest.raises(Corrupt, match=bad):
        log.tip()
