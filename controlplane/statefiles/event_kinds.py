"""Maps events to the files of `main` that they come from."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from controlplane.statefiles import access, accounts, aliases, masters, quotas, regexps, relay
from controlplane.statefiles.treefile import CONFIG, SETTINGS

KINDS: Mapping[str, str] = {
    SETTINGS: "setting.",
    accounts.PATH: "account.",
    aliases.PATH: "alias.",
    regexps.PATH: "regexp.",
    access.SEND.path: "access.send_",
    access.RECEIVE.path: "access.receive_",
    masters.TABLE.path: "master.",
    quotas.TABLE.path: "quota.",
    relay.CREDENTIALS.path: "relay.credentials_",
    relay.ROUTES.path: "relay.route_",
}
"""How the events of a file with entries begin; those of any other file name the file itself."""


def file_behind(kind: str, subject: str) -> str:
    """The file of `main` that an event of this kind and subject comes from."""
    return next((path for path, begin in KINDS.items() if kind.startswith(begin)), CONFIG + subject)


def name_behind(kind: str, subject: str) -> str:
    """Like `file_behind`; for an entry of a file that has entries, as in `mailserver.env:NAME`."""
    path = file_behind(kind, subject)
    return f"{path}:{subject}" if path in KINDS else path


def split_name(name: str) -> tuple[str, str]:
    """Split such a name into file and entry; the entry is empty for a whole file."""
    path, _, entry = name.partition(":")
    return (path, entry) if path in KINDS else (name, "")


def covers(names: Collection[str], name: str) -> bool:
    """Whether the names include this one, or the file whose entry it is."""
    return name in names or split_name(name)[0] in names
