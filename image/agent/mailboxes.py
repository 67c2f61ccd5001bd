"""Whose the mail is: DMS_VMAIL_UID and DMS_VMAIL_GID, also when they change."""

from __future__ import annotations

import os
from pathlib import Path

from agent.log import log


def own(mail: Path, owner: tuple[int, int] | None) -> None:
    """Give `mail` and all below to (uid, gid), unless its top says that this was done. Raises OSError.

    The top goes last, so that a walk that was interrupted is begun again. Symlinks are not followed.
    """
    if owner is None or not mail.is_dir() or _owner(mail) == owner:
        return
    log("mail gets another owner", uid=owner[0], gid=owner[1])
    for folder, folders, files in os.walk(mail, followlinks=False):
        for name in (*folders, *files):
            os.chown(os.path.join(folder, name), *owner, follow_symlinks=False)  # noqa: PTH118  # many
    os.chown(mail, *owner)


def _owner(place: Path) -> tuple[int, int]:
    found = place.stat()
    return found.st_uid, found.st_gid
