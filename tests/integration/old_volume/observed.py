"""What clients and commands see of the server, as plain values to be compared."""

from __future__ import annotations

import hashlib
import imaplib
import json
import poplib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from tests.integration.clients import any_certificate
from tests.integration.old_volume.site import PEOPLE
from tests.integration.server import PASSWORD, Server

SAID = ("accounts", "aliases", "regexps", "settings", "quotas", "masters", "relay", "access", "overrides")
"""What `mailctl show` says of `main`; the rest moves with each start."""
_FETCHED = re.compile(rb"\d+ \(UID (\d+) FLAGS \(([^)]*)\) INTERNALDATE \"([^\"]+)\" BODY\[\] \{\d+\}")
_NUMBER = re.compile(rb"(UIDVALIDITY|UIDNEXT) (\d+)")
_LISTED = re.compile(rb'\((?P<flags>[^)]*)\) "." (?P<name>.+)')


def everything(server: Server) -> dict[str, Any]:
    """Everything of everybody."""
    shown = json.loads(server.must("mailctl", "show", "--json"))
    return {
        "said": {part: shown[part] for part in SAID},
        "people": {person.address: of_person(server, person.address) for person in PEOPLE},
    }


def of_person(server: Server, address: str) -> dict[str, Any]:
    """Folders with their messages, subscriptions, limit and use, and what POP3 calls the messages."""
    with server.imap(address) as session:
        names = sorted(_names(session.list()[1]))
        return {
            "folders": {name: folder(session, name) for name in names},
            "subscribed": sorted(_names(session.lsub()[1])),
            "quota": _limit(session),
            "uidls": uidls(server, address),
        }


def folder(session: imaplib.IMAP4, name: str) -> dict[str, Any]:
    """UIDVALIDITY, the next UID, and of each message UID, flags, time of arrival, digest of all of it."""
    _, parts = session.status(name, "(UIDVALIDITY UIDNEXT)")
    numbers = {key.decode(): int(value) for key, value in _NUMBER.findall(_bytes(parts[0]))}
    status, answer = session.select(name, readonly=True)
    assert status == "OK", (name, answer)
    messages = []
    if answer[0] != b"0":
        status, fetched = session.fetch("1:*", "(UID FLAGS INTERNALDATE BODY.PEEK[])")
        assert status == "OK", (name, fetched)
        messages = [_message(part[0], part[1]) for part in fetched if isinstance(part, tuple)]
    return {"validity": numbers["UIDVALIDITY"], "next": numbers["UIDNEXT"], "messages": messages}


def _message(head: bytes, body: bytes) -> list[Any]:
    found = _FETCHED.match(head)
    assert found is not None, head
    flags = sorted(flag for flag in found[2].decode().split() if flag != "\\Recent")
    return [int(found[1]), flags, found[3].decode(), hashlib.sha256(body).hexdigest()]


def _names(lines: Iterable[Any]) -> list[str]:
    found = (_LISTED.match(line) for line in lines if isinstance(line, bytes))
    return [each["name"].decode() for each in found if each and b"\\Noselect" not in each["flags"]]


def _limit(session: imaplib.IMAP4) -> str:
    _, (_, roots) = session.getquotaroot("INBOX")
    return " ".join(sorted(_bytes(root).decode() for root in roots if root))


def _bytes(part: Any) -> bytes:
    assert isinstance(part, bytes)
    return part


def uidls(server: Server, address: str) -> list[str]:
    """What POP3 clients know the messages of INBOX by: another name means that all are fetched again."""
    session = poplib.POP3_SSL("127.0.0.1", server.port(995), context=any_certificate(), timeout=30)
    session.user(address)
    session.pass_(PASSWORD)
    _, lines, _ = session.uidl()
    session.quit()
    return [line.decode().split()[1] for line in lines]


READABLE = {
    "dovecot.index": "07",
    "dovecot.index.log": "01",
    "dovecot.index.cache": "01",
    "dovecot.map.index": "07",
    "dovecot.map.index.log": "01",
    "dovecot.list.index": "07",
    "dovecot.list.index.log": "01",
    "dovecot-uidlist": "33",
    "dbox": "32",
}
"""The first byte (hex) of files that Dovecot 2.3 reads: their major version, a number or a digit of text.

Its mail-index.h, mail-transaction-log.h, mail-cache-private.h, maildir-uidlist.c and dbox-file.h.
"""
_DBOX = re.compile(r"[um]\.\d+")


def foreign(mail: Mapping[str, bytes]) -> dict[str, str]:
    """Files of a mail volume that Dovecot 2.3 would not read, with their major version."""
    kinds = ((path, path.rpartition("/")[2]) for path in mail)
    found = ((path, "dbox" if _DBOX.fullmatch(name) else name) for path, name in kinds)
    return {
        path: mail[path][:1].hex()
        for path, kind in found
        if kind in READABLE and mail[path] and mail[path][:1].hex() != READABLE[kind]
    }
