"""Snapshots: used when they fit, ignored when they do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from controlplane.event_log import EventLog
from controlplane.events import (
    AliasAdded,
    CertificateRenewed,
    MasterAdded,
    NodeObserved,
    OverrideChanged,
    QuotaSet,
    ReceiveAccessSet,
    RegexpAdded,
    RelayCredentialsSet,
    RelayRouteSet,
    SendAccessSet,
    SettingChanged,
    SettingPinned,
)
from controlplane.fold import fold
from controlplane.model import State
from controlplane.states import rows, snapshot
from controlplane.states.checkpoints import Checkpoints
from tests.change_sets import account, change, fill

EVERYTHING = (
    account("b"),
    account("a"),
    AliasAdded(source="x@example.test", targets=("a@example.test", "b@example.test")),
    RegexpAdded(pattern="/^z/", targets=("a@example.test",)),
    SettingChanged(name="ENABLE_RSPAMD", old=None, new="1"),
    OverrideChanged(path="dovecot.cf", content=b"\xff\x00", executable=True),
    QuotaSet(address="a@example.test", limit="12M"),
    MasterAdded(name="admin", password_hash="{SHA}x", attributes="a=1"),
    RelayRouteSet(sender="@example.test", host="[relay.test]:587"),
    RelayCredentialsSet(key="@example.test", credentials="user:secret", user="user"),
    SendAccessSet(address="a@example.test", action="REJECT"),
    ReceiveAccessSet(address="b@example.test", action="REJECT"),
    SettingPinned(name="SSL_TYPE", value=None, digest="d"),
    CertificateRenewed(
        slot="default",
        fingerprint="f",
        names=("a", "b"),
        serial="1",
        not_before="x",
        not_after="y",
        issuer="i",
    ),
    NodeObserved(node="mail", hostname="mail.example.test"),
)


def test_every_part_of_a_state_survives(tmp_path: Path) -> None:
    """What was written comes back equal, in order, readable by its owner alone."""
    given = snapshot.Snapshot(7, "c" * 40, fold(State(), EVERYTHING))
    snapshot.write(tmp_path / "snapshot.json", given)
    back = snapshot.read(tmp_path / "snapshot.json")
    assert back == given
    assert back.state.desired.masters["admin"].attributes == "a=1"
    assert list(back.state.desired.accounts) == ["b@example.test", "a@example.test"]
    assert (tmp_path / "snapshot.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "harm", [lambda b: b[:-9], lambda b: b.replace(b"secret", b"SECRET"), lambda _: b"", None]
)
def test_a_damaged_snapshot_is_ignored(tmp_path: Path, harm: object) -> None:
    """A cut, changed, empty or missing file is as good as none."""
    path = tmp_path / "snapshot.json"
    snapshot.write(path, snapshot.Snapshot(1, "c" * 40, fold(State(), EVERYTHING)))
    if callable(harm):
        path.write_bytes(harm(path.read_bytes()))
    else:
        path.unlink()
    assert snapshot.read(path) is None


def test_a_snapshot_of_a_later_program_is_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What folded events that are unknown here must not hide that the log has them."""
    path = tmp_path / "snapshot.json"
    with monkeypatch.context() as later:
        later.setattr(snapshot, "KINDS", {**rows.KINDS, "mailbox.frozen": 1})
        snapshot.write(path, snapshot.Snapshot(1, "c" * 40, fold(State(), EVERYTHING)))
    assert snapshot.read(path) is None
    with monkeypatch.context() as earlier:
        earlier.setattr(snapshot, "KINDS", {"account.added": 1})
        snapshot.write(path, snapshot.Snapshot(1, "c" * 40, fold(State(), EVERYTHING)))
    assert snapshot.read(path) is not None


def test_the_current_state_starts_from_a_snapshot_that_fits(log: EventLog, tmp_path: Path) -> None:
    """Only what is newer than the snapshot is folded, and the result equals the whole fold."""
    path = tmp_path / "snapshot.json"
    assert Checkpoints(tmp_path / "checkpoints").current(log, path) == snapshot.Snapshot(0, "", State())
    fill(log, 3)
    snapshot.write(path, Checkpoints(tmp_path / "checkpoints").current(log, path))
    log.append(change(4, *EVERYTHING))
    now = Checkpoints(tmp_path / "checkpoints").current(log, path)
    assert (now.position, now.commit) == (4, log.tip().commit)
    assert now.state == fold(State(), (e for c in log.iterate() for e in c.events))


def test_a_snapshot_of_another_log_is_ignored(log: EventLog, tmp_path: Path) -> None:
    """After the log was restored from a backup the state is folded anew."""
    path = tmp_path / "snapshot.json"
    fill(log, 2)
    snapshot.write(path, snapshot.Snapshot(2, "c" * 40, State()))
    assert len(Checkpoints(tmp_path / "checkpoints").current(log, path).state.desired.accounts) == 2
    snapshot.write(path, snapshot.Snapshot(9, log.tip().commit, State()))
    assert Checkpoints(tmp_path / "checkpoints").current(log, path).position == 2
