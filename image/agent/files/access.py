"""Whether an account may open a file: what the kernel would say to it (path_resolution(7))."""

from __future__ import annotations

import grp
import os
import pwd
import stat
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

READ, WRITE, PASS = stat.S_IROTH, stat.S_IWOTH, stat.S_IXOTH


class Account(NamedTuple):
    """Who opens: a user id and its groups. Root (0) opens everything."""

    uid: int
    groups: Collection[int]


def account(user: str) -> Account | None:
    """A user with all its groups; None where there is no such user."""
    try:
        row = pwd.getpwnam(user)
        return Account(row.pw_uid, os.getgrouplist(user, row.pw_gid))
    except KeyError:
        return None


def group_exists(name: str) -> bool:
    """Whether there is a group of this name; a number needs no name."""
    try:
        grp.getgrnam(name)
    except KeyError:
        return name.isdigit()
    return True


def may_open(path: Path, who: Account, wanted: int = READ, top: Path = Path("/")) -> bool:
    """Whether `who` may open a file below `top` with the bits `wanted`, and pass each folder on the way.

    Access lists (acl(5)) are not looked at where they exist: the answer is yes then.
    """
    if who.uid == 0:
        return True
    real = path.resolve()
    folders = [each for each in real.parents if each != top and top in each.parents]
    try:
        return _allowed(real, who, wanted) and all(_allowed(each, who, PASS) for each in folders)
    except OSError:
        return True


def _allowed(path: Path, who: Account, wanted: int) -> bool:
    found = path.stat()
    if "system.posix_acl_access" in os.listxattr(path):
        return True
    if found.st_uid == who.uid:
        wanted <<= 6
    elif found.st_gid in who.groups:
        wanted <<= 3
    return found.st_mode & wanted == wanted
