"""Commands that edit tables: quotas, restrictions, master accounts, relay hosts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from controlplane.errors import Refused, UsageError
from controlplane.git import Change
from controlplane.intake.edits import arguments
from controlplane.intake.edits.arguments import Arguments, need
from controlplane.intake.edits.texts import text_of, write
from controlplane.intake.trees import Files
from controlplane.statefiles import access, accounts, masters, quotas, relay
from controlplane.statefiles.tables import Table

ACCESS = {"send": access.SEND, "receive": access.RECEIVE}
DEFAULT_PORT = "25"


def _put(files: Files, table: Table[Any], name: str, value: str) -> Mapping[str, Change]:
    return write(files, table.path, table.put(text_of(files, table.path), name, value))


def _remove(files: Files, table: Table[Any], *names: str) -> Mapping[str, Change]:
    """Remove an entry; no change if the file does not exist, so that scripts may clean up blindly."""
    if table.path not in files:
        return {}
    text = text_of(files, table.path)
    for name in names:
        text = table.remove(text, name)
    return write(files, table.path, text)


def _quota_set(files: Files, given: Arguments) -> Mapping[str, Change]:
    address, size = arguments.address(given), arguments.size(given)
    if not accounts.has(text_of(files, accounts.PATH), address):
        raise Refused.because(f"there is no account {address}", "see `setup email list`", accounts.PATH)
    return _put(files, quotas.TABLE, address, size)


def _quota_remove(files: Files, given: Arguments) -> Mapping[str, Change]:
    return _remove(files, quotas.TABLE, need(given, "address"))


def _access_add(files: Files, given: Arguments) -> Mapping[str, Change]:
    table, address = _direction(given), arguments.restricted(given)
    if table.has(text_of(files, table.path), address):
        raise Refused.because(f"{address} is restricted already", f"see `{table.listed_by}`", table.path)
    return _put(files, table, address, "REJECT")


def _access_remove(files: Files, given: Arguments) -> Mapping[str, Change]:
    return _remove(files, _direction(given), need(given, "address"))


def _direction(given: Arguments) -> Table[str]:
    table = ACCESS.get(str(given.get("direction")))
    if table is None:
        raise UsageError.because("restrict what?", "write send or receive")
    return table


def _master_add(files: Files, given: Arguments) -> Mapping[str, Change]:
    name = arguments.master_name(given)
    if masters.TABLE.has(text_of(files, masters.TABLE.path), name):
        cure = "change it with `setup dovecot-master update`"
        raise Refused.because(f"the master account {name} exists already", cure, masters.TABLE.path)
    return _put(files, masters.TABLE, name, need(given, "password_hash"))


def _master_update(files: Files, given: Arguments) -> Mapping[str, Change]:
    name, table = arguments.master_name(given), masters.TABLE
    text = text_of(files, table.path)
    if not table.has(text, name):
        raise Refused.because(f"there is no master account {name}", f"see `{table.listed_by}`", table.path)
    old = table.parse(text).rows.get(name.lower())
    attributes = f"|{old.attributes}" if old and old.attributes else ""
    return _put(files, table, name, need(given, "password_hash") + attributes)


def _master_remove(files: Files, given: Arguments) -> Mapping[str, Change]:
    return _remove(files, masters.TABLE, *map(str, given.get("names") or [need(given, "name")]))


def _relay_host(files: Files, given: Arguments) -> Mapping[str, Change]:
    hop = arguments.relay_host(given, DEFAULT_PORT)
    return _put(files, relay.ROUTES, arguments.sender(given), hop)


def _relay_exclude(files: Files, given: Arguments) -> Mapping[str, Change]:
    return _put(files, relay.ROUTES, arguments.sender(given), "")


def _relay_credentials(files: Files, given: Arguments) -> Mapping[str, Change]:
    user = arguments.user_name(given)
    return _put(files, relay.CREDENTIALS, arguments.sender(given), f"{user}:{need(given, 'password')}")


COMMANDS: Mapping[str, Callable[[Files, Arguments], Mapping[str, Change]]] = {
    "quota.set": _quota_set,
    "quota.remove": _quota_remove,
    "access.add": _access_add,
    "access.remove": _access_remove,
    "master.add": _master_add,
    "master.update": _master_update,
    "master.remove": _master_remove,
    "relay.host": _relay_host,
    "relay.exclude": _relay_exclude,
    "relay.credentials": _relay_credentials,
}

SEALED: Mapping[str, str] = {
    "master.add": "password_hash",
    "master.update": "password_hash",
    "relay.credentials": "password",
}
"""The argument of a command that is written to `main` as a sealed value."""
