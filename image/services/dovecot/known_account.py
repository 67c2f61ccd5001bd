"""Whether Dovecot knows somebody who is served, and could keep the mail where its configuration says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from agent.canary.steps import PASSED, Finding, Ground, failed
from agent.files.compilers import last_line

FIELD = re.compile(r"^(uid|gid|home|mail)\t(.*)$", re.MULTILINE)
WRITABLE = ("test", "-d", "{0}", "-a", "-w", "{0}", "-a", "-x", "{0}")


def known_account(ground: Ground) -> Finding:
    """Look somebody up for a log-in and for a delivery (doveadm(1)), and try the mailbox."""
    ran = ground.runner(("doveadm", "auth", "lookup", ground.account), ground.left())
    if ran.code:
        return failed(last_line(ran.output) or f"{ground.account} is not found")
    ran = ground.runner(("doveadm", "user", ground.account), ground.left())
    fields = dict(FIELD.findall(ran.output))
    if ran.code or not {"uid", "gid", "mail"} <= fields.keys():
        words = last_line(ran.output)
        return failed(words if ran.code and "value" not in words else f"{ground.account} is not found")
    for place in _folders(fields["mail"], fields.get("home", "")):
        found = _existing(ground.root / place.lstrip("/"))
        writable = tuple(word.format(found) for word in WRITABLE)
        who = (f"--reuid={fields['uid']}", f"--regid={fields['gid']}", "--clear-groups")
        if ground.runner(("setpriv", *who, *writable), ground.left()).code:  # setpriv(1), test(1)
            return failed(f"{place}: {found} cannot be written to by user {fields['uid']}")
    return PASSED


def _folders(location: str, home: str) -> Iterator[str]:
    """The folders that a location (mail_location, expanded) keeps mail in."""
    _, _, rest = location.partition(":")
    for number, word in enumerate(rest.split(":")):
        name, is_option, value = word.partition("=")
        place = value if number and is_option and name not in ("INBOX", "FULLDIRNAME") else word
        place = f"{home}/{place[2:]}" if place.startswith("~/") else place
        if place.startswith("/"):
            yield place


def _existing(place: Path) -> Path:
    """The folder itself, or the nearest one above it that is there."""
    return next(each for each in (place, *place.parents) if each.exists())
