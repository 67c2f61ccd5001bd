"""Operations on mailboxes: count their sizes, delete one."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agent.errors import Refused
from agent.log import log
from agent.paths import Paths
from services.base import Operation
from services.dovecot.mailbox_sizes import Usage


def operations(paths: Paths) -> Mapping[str, Operation]:
    """The operations by name."""
    usage = Usage(paths.mail, paths.run, paths.state / "usage.json")
    return {
        "mailbox.delete": lambda request: delete(paths.mail, str(request["address"])),
        "mailbox.usage": lambda request: count(usage, request),
    }


def count(usage: Usage, request: Mapping[str, Any]) -> dict[str, Any]:
    """KiB in use by address."""
    addresses, elsewhere = request.get("addresses") or (), request.get("elsewhere") or ()
    return {"used": usage.of(map(str, addresses), map(str, elsewhere))}


def delete(mail: Path, address: str) -> dict[str, Any]:
    """Remove the mail of an address that has no account any more. Raises Refused."""
    user, _, domain = address.rpartition("@")
    if not user or not domain or any(part in (".", "..") or "/" in part for part in (user, domain)):
        raise Refused(f"{address!r} is not an address")
    place = mail / domain / user
    if place.is_symlink() or not place.resolve().is_relative_to(mail.resolve()):
        raise Refused(f"the mailbox of {address} is not inside {mail}")
    if not place.is_dir():
        return {"deleted": False}
    shutil.rmtree(place)
    log.info("mailbox deleted", address=address)
    return {"deleted": True}
