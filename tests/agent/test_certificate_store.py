"""Pairs of certificate and key in the node's store."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent.certificates.selfsigned import make_pair
from agent.certificates.store import KEPT, Certificates, examine
from agent.errors import NotFound, Refused


def test_self_made_pair_is_kept_until_the_name_changes(tmp_path: Path) -> None:
    """A made pair fits together, is the same next time, and another for another name."""
    pair = make_pair(tmp_path / "ca", "mail.example.test")
    examine(*pair)
    assert make_pair(tmp_path / "ca", "mail.example.test") == pair
    other = make_pair(tmp_path / "ca", "mx.example.test")
    assert other[0] != pair[0]
    with pytest.raises(Refused, match="key values mismatch"):
        examine(pair[0], other[1])
    assert (tmp_path / "ca").stat().st_mode & 0o777 == 0o700


def test_certificate_store(tmp_path: Path) -> None:
    """A pair is found by the digest of its chain; nothing else is."""
    store = Certificates(tmp_path / "certs")
    chain, key = make_pair(tmp_path / "ca", "mail.example.test")
    identity = store.add(chain, key)
    assert (store.read(identity, "chain"), store.read(identity, "key")) == (chain, key)
    assert (tmp_path / "certs" / identity / "key.pem").stat().st_mode & 0o777 == 0o600
    for name, part in ((identity, "../key"), ("../" + identity, "key"), ("0" * 64, "key")):
        with pytest.raises(NotFound):
            store.read(name, part)


def test_certificate_store_forgets_old_pairs(tmp_path: Path) -> None:
    """Keys that nobody needs any more do not pile up; what serves stays however old it is."""
    store = Certificates(tmp_path / "certs")
    chain, key = make_pair(tmp_path / "ca", "mail.example.test")
    added = [store.add(chain + b"\n" * n, key) for n in range(KEPT + 3)]
    for age, identity in enumerate(reversed(added)):
        os.utime(store.folder / identity, (1e9 - age, 1e9 - age))
    store.prune({added[0]})
    assert {folder.name for folder in store.folder.iterdir()} == {added[0], *added[-KEPT:]}
