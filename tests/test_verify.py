"""Verification finds tampering and says where."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from controlplane.event_log import EventLog
from controlplane.git import SERVER, StateRepo
from controlplane.release import Basis, Releases
from controlplane.verify import Comparison, Finding, verify
from tests.change_sets import BEGIN, account, change, fill


def findings(repo: StateRepo, log: EventLog, **options: object) -> list[Finding]:
    """Everything that a verification finds."""
    return [finding for step in verify(repo, log, **options) for finding in step.findings]


def object_path(repo: StateRepo, oid: str) -> Path:
    """The loose file of an object, made writable."""
    path = repo.path / "objects" / oid[:2] / oid[2:]
    path.chmod(0o644)
    return path


def test_a_sound_log_has_no_findings(repo: StateRepo, log: EventLog) -> None:
    """Each position is reported as walked, and the state at it handed to the comparisons."""
    fill(log, 5)
    seen = []

    def compare(done: object, state: object) -> list[str]:
        seen.append((done.position, len(state.desired.accounts)))
        return []

    steps = list(verify(repo, log, [Comparison(lambda c: c.position in (2, 5), compare)]))
    assert [(s.position, s.total, s.findings) for s in steps] == [(n, 5, ()) for n in range(1, 6)]
    assert seen == [(2, 2), (5, 5)]


def test_an_empty_log_is_sound(repo: StateRepo, log: EventLog) -> None:
    """Before the first change set there is nothing to walk."""
    assert list(verify(repo, log)) == []


@pytest.mark.parametrize("which", ["commit", "tree", "change-set.json", "events.jsonl"])
def test_a_flipped_byte_of_a_loose_object_is_found(repo: StateRepo, log: EventLog, which: str) -> None:
    """Whatever object of a change set is damaged: position and object are named, nothing crashes."""
    fill(log, 5)
    commit = log.commit_at(3)
    tree = repo.commit_info(commit).tree
    oid = {"commit": commit, "tree": tree}.get(which) or repo.entries(tree)[which].id
    path = object_path(repo, oid)
    sound = path.read_bytes()
    for at in range(len(sound)):
        path.write_bytes(sound[:at] + bytes([sound[at] ^ 0xFF]) + sound[at + 1 :])
        found = findings(repo, log)
        assert (found[0].position, found[0].commit) == (3, commit), at
        assert oid in found[0].message


def test_any_flipped_byte_of_a_pack_is_found(repo: StateRepo, log: EventLog) -> None:
    """Wherever a pack is damaged, verification names a place and goes on."""
    fill(log, 20)
    subprocess.run(["git", "--git-dir", str(repo.path), "repack", "-adq"], check=True)
    assert findings(repo, log) == []
    pack = next((repo.path / "objects/pack").glob("*.pack"))
    pack.chmod(0o644)
    sound = pack.read_bytes()
    for at in range(12, len(sound) - 20, len(sound) // 60):
        pack.write_bytes(sound[:at] + bytes([sound[at] ^ 0xFF]) + sound[at + 1 :])
        found = findings(repo, log)
        assert found, at
        assert any(finding.position for finding in found), at


def test_a_change_set_that_lies_about_itself_is_found(repo: StateRepo, log: EventLog) -> None:
    """Sound objects whose contents disagree: position, trailers and order of time are compared."""
    fill(log, 2)
    tip = log.commit_at(2)
    forged = repo.write_commit(
        repo.commit_info(log.commit_at(1)).tree, (tip,), repo.commit_info(tip).message, SERVER, BEGIN
    )
    repo.refs.swap("events", tip, forged)
    said = " | ".join(f.message for f in findings(repo, log))
    for part in ("says position 1", "disagree on Position", "disagree on the time", "is there already"):
        assert part in said


def test_an_event_that_does_not_fold_is_found_at_its_position(repo: StateRepo, log: EventLog) -> None:
    """Adding an account twice is reported where it happens."""
    fill(log, 2)
    log.append(change(3, account("user1")))
    log.append(change(4))
    found = findings(repo, log)
    assert [f.position for f in found] == [3]
    assert "user1@example.test is there already" in found[0].message


def test_comparisons_report_at_their_position(repo: StateRepo, log: EventLog) -> None:
    """What the caller finds wrong gets the position and commit of the change set."""
    fill(log, 3)
    always = Comparison(lambda c: c.position == 2, lambda *_: ["main differs"])
    assert findings(repo, log, comparisons=[always]) == [Finding(2, log.commit_at(2), "main differs")]


def test_a_log_that_was_rewritten_as_a_whole_is_found(repo: StateRepo, log: EventLog) -> None:
    """A release remembers the log's commit at its position."""
    fill(log, 2)
    releases = Releases(repo)
    releases.write({"mail": {"a": (b"1", 0o100644)}}, Basis(2, log.tip().commit, "", "0.1.0"), BEGIN)
    repo.refs.swap("events", log.tip().commit, log.commit_at(1))
    log.append(replace(change(2), reason="something else"))
    basis = releases.read(repo.refs.get("rendered")).basis
    anchors = {basis.log_position: basis.log_commit}
    assert [f.position for f in findings(repo, log, anchors=anchors)] == [2]
    assert "ends at 2" in findings(repo, log, anchors={9: "c" * 40})[0].message
