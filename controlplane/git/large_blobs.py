"""Writes large blobs without compressing them.

Tables of accounts are mostly password hashes, which do not become smaller, and deflate takes longer than
everything else that a change of one line does. Packing, which nobody waits for, finds what versions share.
"""

from __future__ import annotations

import errno
import os
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from wire.durable import sync_folder

LARGE = 1 << 20
"""Bytes from which on a blob is stored as it is."""
_BLOCK = 0xFFFF
"""The most bytes of a stored block (RFC 1951, 3.2.4)."""
_AT_ONCE = 512
"""Buffers of one writev(2): half of IOV_MAX."""


def write_stored(objects: Path, oid: str, content: bytes) -> None:
    """Write a blob as a loose object (gitformat-loose(5)), durably. Raises OSError; then nothing is there."""
    folder = objects / oid[:2]
    folder.mkdir(exist_ok=True)
    # git-prune(1) removes what a killed writer leaves under such a name
    handle, name = tempfile.mkstemp(dir=folder, prefix="tmp_obj_")
    try:
        try:
            _write_whole(handle, content)
        finally:
            os.close(handle)
        Path(name).rename(folder / oid[2:])
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
    sync_folder(folder)


def write_unnamed(objects: Path, content: bytes) -> int:
    """Write a blob as a loose object to a file that has no name yet; returns its handle. Raises OSError."""
    handle = os.open(objects, os.O_WRONLY | os.O_TMPFILE | os.O_CLOEXEC, 0o600)
    try:
        _write_whole(handle, content)
    except BaseException:
        os.close(handle)
        raise
    return handle


def _write_whole(handle: int, content: bytes) -> None:
    _write(handle, list(_stream(b"blob %d\0" % len(content), content)))
    os.fchmod(handle, 0o444)
    os.fsync(handle)


def _stream(head: bytes, content: bytes) -> Iterator[bytes | memoryview]:
    """Head and content in zlib's format (RFC 1950), in stored blocks."""
    yield b"\x78\x01" + _block(len(head), last=False) + head
    view = memoryview(content)
    for start in range(0, len(content), _BLOCK):
        part = view[start : start + _BLOCK]
        yield _block(len(part), last=start + _BLOCK >= len(content))
        yield part
    yield zlib.adler32(content, zlib.adler32(head)).to_bytes(4, "big")


def _block(size: int, last: bool) -> bytes:
    return bytes([last]) + size.to_bytes(2, "little") + (size ^ _BLOCK).to_bytes(2, "little")


def _write(handle: int, buffers: list[bytes | memoryview]) -> None:
    for start in range(0, len(buffers), _AT_ONCE):
        some = buffers[start : start + _AT_ONCE]
        if os.writev(handle, some) != sum(map(len, some)):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
