"""Loose objects of a git repository as they lie on the disk, every byte checked (gitformat-loose(5))."""

from __future__ import annotations

import hashlib
import zlib

MOST = 1 << 30
"""Bytes of the largest object that is unpacked."""


def unpack(raw: bytes, oid: str) -> tuple[str, bytes]:
    """Kind and content of the object that a file holds. Raises ValueError where it is not that object."""
    stream = zlib.decompressobj()
    try:
        stored = stream.decompress(raw, MOST)
    except zlib.error as error:
        raise ValueError(str(error)) from error
    if not stream.eof or stream.unused_data:
        raise ValueError("its file does not end where it should")
    if hashlib.sha1(stored, usedforsecurity=False).hexdigest() != oid:
        raise ValueError("its content does not match its id")
    head, _, content = stored.partition(b"\0")
    return head.partition(b" ")[0].decode("ascii", "replace"), content
