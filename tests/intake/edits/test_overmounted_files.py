"""What a node says of managed files: recorded once, and reported in plans."""

from __future__ import annotations

from controlplane.fold import fold
from controlplane.intake.checks.warnings import covered
from controlplane.intake.edits.node_reports import file_events
from controlplane.model import State

SEEN = {"pinned": ["etc/postfix/main.cf"], "patched": {"etc/aliases": "0644 abc"}, "patch_failure": ""}


def test_news_are_recorded_once() -> None:
    """The same again is no event; less is one, too."""
    events = file_events(State(), SEEN)
    assert [event.kind for event in events] == ["node.pinned", "patches.run"]
    state = fold(State(), events)
    assert file_events(state, SEEN) == []
    assert state.status.patched == ("etc/aliases 0644 abc",)
    assert len(file_events(state, {})) == 2


def test_a_plan_warns_of_what_a_mount_covers() -> None:
    """By the path in the container; nothing is said of other files."""
    state = fold(State(), file_events(State(), SEEN))
    found = covered(state, ["etc/postfix/main.cf", "etc/postfix/master.cf"])
    assert [notice.subject for notice in found] == ["/etc/postfix/main.cf"]
