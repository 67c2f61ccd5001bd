"""dovecot-quotas.cf: how large a mailbox may grow, `address:size`.

A size is digits and one of B, k, M, G, T; 0 stands for no limit. Without one of these it counts KiB, as in
Dovecot's quota rules: older logs have such, new rows need a unit (decision 220).
"""

from __future__ import annotations

import re

from controlplane import addresses
from controlplane.statefiles.tables import Malformed, Table

_SIZE = re.compile(r"[0-9]{1,15}[BkKMGT]?")
_LINE = re.compile(rf"({addresses.LOCAL_PATTERN}@{addresses.DOMAIN_PATTERN})[ \t]*:[ \t]*({_SIZE.pattern})")
SIZE_CURE = "write digits and one of B, k, M, G, T, such as 512M; 0 for no limit"


def is_size(text: str) -> bool:
    """Whether this is a size."""
    return _SIZE.fullmatch(text) is not None


def has_unit(size: str) -> bool:
    """Whether a size says what it counts; 0 needs no unit."""
    return not size.isdigit() or not int(size)


def kibibytes(size: str) -> int:
    """A size in KiB, rounded up; 0 for no limit."""
    number, unit = (size[:-1], size[-1]) if not size[-1].isdigit() else (size, "k")
    scale = {"B": 1, "k": 1 << 10, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}[unit]
    return -(-int(number) * scale // 1024)


def _read(line: str) -> tuple[str, str]:
    good = _LINE.fullmatch(line)
    if good is not None and len(good[1]) <= addresses.MAX_ADDRESS:
        return good[1].lower(), good[2]
    raise _fault(line)


def _fault(line: str) -> Malformed:
    name, colon, size = (part.strip() for part in line.partition(":"))
    if not colon:
        return Malformed("the line is not a quota", "write address:size, such as user@example.test:512M")
    if complaint := addresses.complaint(name):
        return Malformed(f'"{name}" is not an address: {complaint[0]}', complaint[1], name)
    if not size:
        return Malformed(f"the quota of {name} has no size", SIZE_CURE)
    return Malformed(size_fault(size), SIZE_CURE, size)


def size_fault(size: str) -> str:
    """Why a text is no size; empty if it is one."""
    if is_size(size):
        return ""
    number, unit = re.fullmatch(r"([0-9]*)(.*)", size, re.DOTALL).groups()  # type: ignore[union-attr]  # fits all
    if number and unit:
        return f'"{unit}" is not a unit'
    return f'"{size}" is not a size'


TABLE = Table(
    path="config/dovecot-quotas.cf", noun="quota of", listed_by="setup email list", mark=":", read=_read
)
