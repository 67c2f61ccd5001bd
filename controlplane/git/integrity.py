"""Compares bytes on disk with their checksums, where merely reading an object would not notice damage.

libgit2 hashes every object it reads, but not what zlib keeps beside the content, nor the headers of packs.
Formats: gitformat-pack(5), zlib's RFC 1950.
"""

from __future__ import annotations

import hashlib
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

from controlplane.errors import Corrupt
from wire.loose_objects import has_checksum, unpack

_IDX_HEAD = 8 + 256 * 4
_CHUNK = 1 << 20


def read_loose(objects: str, oid: str) -> tuple[str, bytes] | None:
    """Kind and content of a loose object below `objects`, every byte checked; None if it is not loose.

    Raises Corrupt. libgit2 1.9 was seen to loop for ever over a damaged file, so it is not let near one.
    """
    try:
        descriptor = os.open(f"{objects}/{oid[:2]}/{oid[2:]}", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        raw = _read_all(descriptor)
    finally:
        os.close(descriptor)
    try:
        kind, content = unpack(raw, oid)
    except ValueError as error:
        raise Corrupt(str(error)) from error
    if not has_checksum(raw, kind, content):
        raise Corrupt("its checksum does not match")
    return kind, content


def _read_all(descriptor: int) -> bytes:
    """The bytes of a file; most objects fit into one read, which costs less than a file object."""
    raw = os.read(descriptor, _MOST_AT_ONCE)
    if len(raw) < _MOST_AT_ONCE:
        return raw
    with os.fdopen(descriptor, "rb", closefd=False) as file:
        return raw + file.read()


_MOST_AT_ONCE = 1 << 16


def loose_size(objects: str, oid: str) -> int | None:
    """The size of a loose object in bytes, without unpacking it; None if it is not loose or damaged."""
    try:
        with open(f"{objects}/{oid[:2]}/{oid[2:]}", "rb") as file:  # noqa: PTH123  # a Path costs more than the read
            head = zlib.decompressobj().decompress(file.read(256), 64)
        return int(head.partition(b"\0")[0].partition(b" ")[2])
    except (OSError, zlib.error, ValueError):
        return None


def pack_faults(git_dir: Path) -> dict[str, str]:
    """Faults of packs by the id of the damaged object; under "" if none can be named."""
    faults: dict[str, str] = {}
    for pack in sorted((git_dir / "objects/pack").glob("*.pack")):
        index = pack.with_suffix(".idx")
        try:
            if not _ends_in_its_hash(index):
                faults[""] = f"{index.name} does not match its checksum"
            elif not _ends_in_its_hash(pack):
                hit = {oid: f"object {oid} is damaged in {pack.name}" for oid in _damaged(pack, index)}
                faults |= hit or {"": f"{pack.name} does not match its checksum"}
        except (OSError, struct.error, IndexError) as error:
            faults[""] = f"{pack.name} cannot be read: {error}"
    return faults


def _ends_in_its_hash(path: Path) -> bool:
    left, digest = path.stat().st_size - 20, hashlib.sha1(usedforsecurity=False)
    with path.open("rb") as file:
        while left > 0 and (chunk := file.read(min(left, _CHUNK))):
            digest.update(chunk)
            left -= len(chunk)
        return file.read() == digest.digest()


def _damaged(pack: Path, index: Path) -> Iterator[str]:
    """Ids of the objects whose bytes in the pack do not match the checksums in its index (version 2)."""
    raw = index.read_bytes()
    count = struct.unpack_from(">I", raw, _IDX_HEAD - 4)[0]
    checks = struct.unpack_from(f">{count}I", raw, _IDX_HEAD + count * 20)
    short = struct.unpack_from(f">{count}I", raw, _IDX_HEAD + count * 24)
    offsets = [_offset(raw, count, value) for value in short]
    order = sorted(range(count), key=offsets.__getitem__)
    ends = [*(offsets[number] for number in order[1:]), pack.stat().st_size - 20]
    with pack.open("rb") as file:
        for number, end in zip(order, ends, strict=True):
            file.seek(offsets[number])
            if zlib.crc32(file.read(end - offsets[number])) != checks[number]:
                yield raw[_IDX_HEAD + number * 20 :][:20].hex()


def _offset(raw: bytes, count: int, value: int) -> int:
    """An offset; if its highest bit is set it comes from the table of 64-bit ones."""
    if not value & 1 << 31:
        return value
    at = _IDX_HEAD + count * 28 + (value & ~(1 << 31)) * 8
    return int(struct.unpack_from(">Q", raw, at)[0])
