"""Loose objects of a git repository as they lie on the disk (gitformat-loose(5))."""

from __future__ import annotations

import hashlib
import re
import struct
import zlib
from collections.abc import Sequence

OBJECT_ID = re.compile(r"[0-9a-f]{40}")
MOST = 1 << 30
"""Bytes of the largest object that is unpacked."""
_BEGIN, _HEAD, _CHECKSUM = 2, 5, 4
"""Bytes before the first block, of a stored block before its content, and behind the last one (RFC 1950)."""


def unpack(raw: bytes, oid: str) -> tuple[str, bytes]:
    """Kind and content of the object that a file holds. Raises ValueError where it is not that object.

    Of stored blocks zlib's checksum is not looked at (`has_checksum`): the hash covers what it does.
    """
    parts = _stored(raw) or (_inflated(raw),)
    digest = hashlib.sha1(usedforsecurity=False)
    for part in parts:
        digest.update(part)
    if digest.hexdigest() != oid:
        raise ValueError("its content does not match its id")
    head, _, content = bytes(parts[0]).partition(b"\0")
    return head.partition(b" ")[0].decode("ascii", "replace"), b"".join([content, *parts[1:]])


def _inflated(raw: bytes) -> bytes:
    stream = zlib.decompressobj()
    try:
        content = stream.decompress(raw, MOST)
    except zlib.error as error:
        raise ValueError(str(error)) from error
    if not stream.eof or stream.unused_data:
        raise ValueError("its file does not end where it should")
    return content


def _stored(raw: bytes) -> Sequence[memoryview]:
    """What stored blocks hold (RFC 1951, 3.2.4); nothing where there are others, or something is amiss.

    That takes a third of the time that zlib needs for it.
    """
    view, at, last, parts = memoryview(raw), _BEGIN, False, list[memoryview]()
    while not last and raw[at : at + 1] in (b"\0", b"\1"):
        size, check = struct.unpack_from("<HH", raw, at + 1) if len(raw) > at + _HEAD else (0, 0)
        if size ^ check != 0xFFFF or at + _HEAD + size > len(raw):
            return ()
        last, at = bool(raw[at]), at + _HEAD
        parts.append(view[at : at + size])
        at += size
    return parts if last and len(raw) == at + _CHECKSUM else ()


def has_checksum(raw: bytes, kind: str, content: bytes) -> bool:
    """Whether a file ends in the checksum of the object that it holds (RFC 1950)."""
    found = zlib.adler32(content, zlib.adler32(f"{kind} {len(content)}\0".encode()))
    return raw[-_CHECKSUM:] == found.to_bytes(_CHECKSUM, "big")
