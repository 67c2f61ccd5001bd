"""Sealing: anybody can, only the server opens."""

from __future__ import annotations

from pathlib import Path

import pytest

from controlplane import secrets
from controlplane.errors import Refused


def test_what_is_sealed_can_be_opened_by_the_server_alone(tmp_path: Path) -> None:
    """The identity is made once, readable by its owner alone, and opens what its recipient sealed."""
    identity = secrets.ensure_identity(tmp_path)
    assert secrets.ensure_identity(tmp_path) == identity
    assert (tmp_path / secrets.IDENTITY).stat().st_mode & 0o777 == 0o600
    sealed = secrets.seal(b"hush", secrets.recipient_of(identity))
    assert secrets.is_sealed(sealed.encode())
    assert b"hush" not in sealed.encode()
    assert secrets.unseal(sealed.encode(), identity) == b"hush"
    (tmp_path / "other").mkdir()
    with pytest.raises(Refused):
        secrets.unseal(sealed.encode(), secrets.ensure_identity(tmp_path / "other"))


def test_a_text_that_is_no_recipient_is_refused() -> None:
    """With the place where the right one stands."""
    with pytest.raises(Refused):
        secrets.seal(b"hush", "age1nonsense")


def test_a_digest_tells_a_change_and_needs_the_key(tmp_path: Path) -> None:
    """The same value gives the same digest on this server and another one elsewhere."""
    assert secrets.digest(tmp_path, "a") == secrets.digest(tmp_path, "a") != secrets.digest(tmp_path, "b")
    (tmp_path / "other").mkdir()
    assert secrets.digest(tmp_path / "other", "a") != secrets.digest(tmp_path, "a")


def test_the_servers_own_recipient_is_derived_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is kept beside the identity, and derived again where that is another one or the copy is damaged."""
    first = secrets.recipient_of(secrets.ensure_identity(tmp_path))
    assert secrets.own_recipient(tmp_path) == first
    with monkeypatch.context() as patch:
        patch.setattr(secrets, "recipient_of", lambda _: "derived")
        assert secrets.own_recipient(tmp_path) == first
        (tmp_path / secrets.OWN_RECIPIENT).write_bytes(b"\xff\x00")
        assert secrets.own_recipient(tmp_path) == "derived"
    (tmp_path / secrets.IDENTITY).unlink()
    second = secrets.recipient_of(secrets.ensure_identity(tmp_path))
    assert secrets.own_recipient(tmp_path) == second != first


def test_a_recipient_that_cannot_be_kept_is_told_all_the_same(tmp_path: Path) -> None:
    """Something else lies in its place."""
    recipient = secrets.recipient_of(secrets.ensure_identity(tmp_path))
    (tmp_path / secrets.OWN_RECIPIENT / "x").mkdir(parents=True)
    assert secrets.own_recipient(tmp_path) == recipient
