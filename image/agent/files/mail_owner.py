"""Ownership of the mail store: DMS_VMAIL_UID and DMS_VMAIL_GID, also when they change."""

from __future__ import annotations

import os
from pathlib import Path

from agent.files.atomic import write_durable
from agent.log import log

USER = "vmail"


def own(mail: Path, owner: tuple[int, int] | None, root: Path) -> None:
    """Give `mail` and all below to (uid, gid), unless its top says that this was done. Raises OSError.

    The top goes last, so that a walk that was interrupted is begun again. Symlinks are not followed.
    """
    if owner is None or not mail.is_dir():
        return
    _name(root / "etc/passwd", 2, owner)
    _name(root / "etc/group", 2, owner[1:])
    if _owner(mail) == owner:
        return
    log.info("mail gets another owner", uid=owner[0], gid=owner[1])
    for folder, folders, files in os.walk(mail, followlinks=False):
        for name in (*folders, *files):
            os.chown(os.path.join(folder, name), *owner, follow_symlinks=False)  # noqa: PTH118  # many
    os.chown(mail, *owner)


def _name(table: Path, at: int, ids: tuple[int, ...]) -> None:
    """Let the name `vmail` of passwd(5) or group(5) stand for these ids: Dovecot's services go by names.

    Not usermod(8), which refuses while a session of the old id is still open.
    """
    if not table.is_file():
        return
    wanted = [str(number) for number in ids]
    rows = [line.split(":") for line in table.read_text().splitlines()]
    for row in rows:
        if row[0] == USER and row[at : at + len(wanted)] != wanted:
            row[at : at + len(wanted)] = wanted
            write_durable(table, "".join(":".join(one) + "\n" for one in rows).encode(), 0o644)


def _owner(place: Path) -> tuple[int, int]:
    found = place.stat()
    return found.st_uid, found.st_gid
