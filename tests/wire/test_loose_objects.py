"""Loose objects: what git and we write is read back, and no byte of them can change unnoticed."""

from __future__ import annotations

import hashlib
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlplane.git.large_blobs import _stream
from wire.loose_objects import has_checksum, unpack

KINDS = st.sampled_from(["blob", "tree", "commit"])


def name(kind: str, content: bytes) -> str:
    """The id of an object."""
    return hashlib.sha1(f"{kind} {len(content)}\0".encode() + content, usedforsecurity=False).hexdigest()


@given(KINDS, st.binary(max_size=300), st.integers(0, 9))
def test_what_zlib_made_is_read(kind: str, content: bytes, level: int) -> None:
    """At any level, 0 among them, as git writes what is pushed (core.looseCompression)."""
    raw = zlib.compress(f"{kind} {len(content)}\0".encode() + content, level)
    assert unpack(raw, name(kind, content)) == (kind, content)
    assert has_checksum(raw, kind, content)


@pytest.mark.parametrize("size", [1, 0xFFFE, 0xFFFF, 0x10000, 300_000])
def test_what_we_store_is_read(size: int) -> None:
    """In any number of blocks."""
    content = bytes(range(256)) * (size // 256 + 1)
    content = content[:size]
    raw = b"".join(_stream(b"blob %d\0" % size, content))
    assert zlib.decompress(raw).endswith(content)
    assert unpack(raw, name("blob", content)) == ("blob", content)


@given(st.binary(max_size=60), st.data())
def test_a_changed_stored_object_is_refused(content: bytes, data: st.DataObject) -> None:
    """A byte that differs, one that is missing, and one too many."""
    raw = b"".join(_stream(b"blob %d\0" % len(content), content))
    at = data.draw(st.integers(2, len(raw) - 1))
    other = data.draw(st.integers(1, 255))
    for damaged in (
        raw[:at] + bytes([raw[at] ^ other]) + raw[at + 1 :],
        raw[:at],
        raw[:at] + raw[at + 1 :],
        raw + bytes([other]),
    ):
        try:
            found = unpack(damaged, name("blob", content))
        except ValueError:
            continue
        # padding in a block's header says nothing (RFC 1951, 3.2.4), so that it is the same object
        assert found == ("blob", content)
        assert has_checksum(damaged, *found) == (damaged[-4:] == raw[-4:])
