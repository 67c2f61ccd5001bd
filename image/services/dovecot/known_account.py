"""Whether Dovecot knows somebody who is served, and could keep the mail where its configuration says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from agent.canary.steps import PASSED, Finding, Ground, failed, without_remarks
from agent.files.compilers import last_line
from services.dovecot.rows import sections

FIELD = re.compile(r"^(uid|gid|home|mail_\w+)\t(.*)$", re.MULTILINE)
PLACES = ("mail_index_path", "mail_index_private_path", "mail_control_path", "mail_alt_path")
"""Where a mailbox has folders besides mail_path, which doveadm(1) does not tell."""
WRITABLE = ("test", "-d", "{0}", "-a", "-w", "{0}", "-a", "-x", "{0}")


def known_account(ground: Ground) -> Finding:
    """Look somebody up for a log-in and for a delivery (doveadm(1)), and try the mailbox."""
    ran = ground.runner(("doveadm", "auth", "lookup", ground.account), ground.left())
    if ran.code:
        return failed(last_line(ran.output) or f"{ground.account} is not found")
    ran = ground.runner(("doveadm", "user", ground.account), ground.left())
    fields = dict(FIELD.findall(ran.output))
    if ran.code or not {"uid", "gid", "mail_path"} <= fields.keys():
        words = last_line(ran.output)
        return failed(words if ran.code and "value" not in words else f"{ground.account} is not found")
    for place in _folders(ground, fields):
        found = _existing(ground.root / place.lstrip("/"))
        writable = tuple(word.format(found) for word in WRITABLE)
        who = (f"--reuid={fields['uid']}", f"--regid={fields['gid']}", "--clear-groups")
        if ground.runner(("setpriv", *who, *writable), ground.left()).code:  # setpriv(1), test(1)
            return failed(f"{place}: {found} cannot be written to by user {fields['uid']}")
    return PASSED


def _folders(ground: Ground, fields: Mapping[str, str]) -> Iterator[str]:
    """The folders that the mailbox has, absolute."""
    ran = ground.runner(("doveconf", *PLACES), ground.left())
    general = sections(without_remarks(ran.output, "doveconf"))[0].values if not ran.code else {}
    templates = [general[name] for name in PLACES if general.get(name) and name not in fields]
    further = [fields[name] for name in PLACES if name in fields]
    if templates:
        expand = ("doveadm", "user", "-e", "\t".join(templates), ground.account)
        ran = ground.runner(expand, ground.left())
        further += ran.output.strip("\n").split("\t") if not ran.code else []
    for place in (fields["mail_path"], *further):
        whole = f"{fields.get('home', '')}/{place[2:]}" if place.startswith("~/") else place
        if whole.startswith("/"):
            yield whole


def _existing(place: Path) -> Path:
    """The folder itself, or the nearest one above it that is there."""
    return next(each for each in (place, *place.parents) if each.exists())
