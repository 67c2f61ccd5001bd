"""Folding events that do and do not fit."""

from __future__ import annotations

import pytest

from controlplane.errors import Corrupt
from controlplane.events import (
    AccountAdded,
    AccountChanged,
    AccountMoved,
    AccountRemoved,
    AliasAdded,
    AliasChanged,
    AliasRemoved,
    DriftDetected,
    Event,
    NodeObserved,
    OverrideRemoved,
    RegexpAdded,
    RegexpChanged,
    RegexpMoved,
    RegexpRemoved,
    ReleaseApplied,
    ReleaseRolledBack,
    SettingChanged,
    SettingUnpinned,
)
from controlplane.fold import fold
from controlplane.model import State

HASH = "{SHA512-CRYPT}$6$x"
ACCOUNT = AccountAdded(address="a@example.test", password_hash=HASH)
ALIAS = AliasAdded(source="b@example.test", targets=("a@example.test",))
REGEXP = RegexpAdded(pattern="/x/", targets=("a@example.test",))


@pytest.mark.parametrize(
    "events",
    [
        [ACCOUNT, ACCOUNT],
        [AccountAdded(address="a@example.test", password_hash=HASH, after="z@example.test")],
        [AccountChanged(address="a@example.test", password_hash=HASH)],
        [AccountMoved(address="a@example.test", after="")],
        [ACCOUNT, AccountMoved(address="a@example.test", after="a@example.test")],
        [ACCOUNT, AccountMoved(address="a@example.test", after="z@example.test")],
        [AccountRemoved(address="a@example.test")],
        [ALIAS, ALIAS],
        [AliasChanged(source="b@example.test", targets=("a@example.test",))],
        [AliasRemoved(source="b@example.test", targets=("a@example.test",))],
        [REGEXP, REGEXP],
        [RegexpChanged(pattern="/x/", targets=())],
        [RegexpMoved(pattern="/x/", after="")],
        [RegexpRemoved(pattern="/x/", targets=())],
        [SettingChanged(name="LOG_LEVEL", old="warn", new="info")],
        [SettingUnpinned(name="LOG_LEVEL")],
        [OverrideRemoved(path="dovecot.cf")],
    ],
    ids=lambda events: f"{len(events)}-{events[-1].kind}",
)
def test_an_event_that_does_not_fit_is_corrupt(events: list[Event]) -> None:
    """The log never holds what contradicts the state before it."""
    with pytest.raises(Corrupt):
        fold(State(), events)


def test_the_place_of_an_account_is_folded() -> None:
    """`after` says where in the file a line stands: None at the end, empty at the start."""
    added = [
        AccountAdded(address="b@example.test", password_hash=HASH),
        AccountAdded(address="a@example.test", password_hash=HASH, after=""),
        AccountAdded(address="c@example.test", password_hash=HASH, after="a@example.test"),
        AccountAdded(address="d@example.test", password_hash=HASH),
    ]
    assert [a[0] for a in fold(State(), added).desired.accounts] == ["a", "c", "b", "d"]


def test_a_rolled_back_release_leaves_the_one_before_applied() -> None:
    """Applied and attempted revision part ways, and the failure says where it comes from."""
    state = fold(
        State(),
        [
            NodeObserved(node="mail", hostname="mail.example.test"),
            ReleaseApplied(node="mail", release=96, seconds=0.2),
            ReleaseRolledBack(
                node="mail", release=97, seconds=5.0, reason="no answer", origin="config/x:7", serving=96
            ),
            DriftDetected(node="mail", paths=("etc/postfix/main.cf",)),
        ],
    )
    node = state.status
    assert (node.hostname, node.applied, node.attempted) == ("mail.example.test", 96, 97)
    assert node.failure == "no answer (config/x:7)"
    assert node.drifted == ("etc/postfix/main.cf",)


def test_a_password_hash_is_shown_nowhere() -> None:
    """Neither what an event prints nor its repr gives a hash away."""
    assert HASH not in repr(ACCOUNT)
    assert HASH not in ACCOUNT.detail
