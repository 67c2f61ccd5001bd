"""Commands as edits of the text of `main`: comments, order and unknown lines survive."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from controlplane.errors import UsageError
from controlplane.git import Change
from controlplane.intake.edits import arguments, table_commands
from controlplane.intake.edits.arguments import Arguments, need
from controlplane.intake.edits.texts import content_of, put, text_of, write
from controlplane.intake.trees import Files
from controlplane.sealing import is_sealed_value
from controlplane.statefiles import accounts, aliases, env_file, quotas

Seal = Callable[[str], str]
Command = Callable[[Files, Arguments], Mapping[str, Change]]


def make(name: str, arguments: Arguments, seal: Seal) -> Callable[[Files], Mapping[str, Change]]:
    """The edit of a command; raises UsageError for an unknown command.

    `seal` makes a secret fit to stand on `main`.
    """
    command = COMMANDS.get(name)
    if command is None:
        raise UsageError.because(f"there is no edit {name}", f"one of: {', '.join(COMMANDS)}")
    secret = table_commands.SEALED.get(name)
    if secret is None:
        return lambda files: command(files, arguments)
    value = str(arguments.get(secret) or "")
    if not value:
        raise UsageError.because(f"{secret} is missing", "see the help of the command")
    sealed = {**arguments, secret: value if is_sealed_value(value) else seal(value)}
    return lambda files: command(files, sealed)


def rehearse(request: Arguments, files: Files) -> None:
    """Raise what would refuse the edit by itself; a missing secret is replaced by a stand-in."""
    imagined = {"password_hash": "{SHA512-CRYPT}$6$x$x", "password": "x"}
    make(str(request.get("command")), {**imagined, **request}, lambda secret: secret)(files)


def _account_add(files: Files, given: Arguments) -> Mapping[str, Change]:
    content = content_of(files, accounts.PATH)
    attributes = str(given.get("attributes") or "")
    address, password_hash = arguments.address(given), need(given, "password_hash")
    return put(files, accounts.PATH, accounts.add(content, address, password_hash, attributes))


def _account_update(files: Files, given: Arguments) -> Mapping[str, Change]:
    text = accounts.update(
        text_of(files, accounts.PATH), arguments.address(given), need(given, "password_hash")
    )
    return write(files, accounts.PATH, text)


def _account_remove(files: Files, given: Arguments) -> Mapping[str, Change]:
    if accounts.PATH not in files:
        return {}
    table = quotas.TABLE
    text, limits = text_of(files, accounts.PATH), text_of(files, table.path)
    for address in map(str, given.get("addresses") or [need(given, "address")]):
        text = accounts.remove(text, address)
        limits = table.remove(limits, address) if table.has(limits, address) else limits
    return {**write(files, accounts.PATH, text), **write(files, table.path, limits)}


def _alias_add(files: Files, given: Arguments) -> Mapping[str, Change]:
    text = text_of(files, aliases.PATH)
    for target in arguments.targets(given):
        text = aliases.add(text, need(given, "alias"), target)
    return write(files, aliases.PATH, text)


def _alias_remove(files: Files, given: Arguments) -> Mapping[str, Change]:
    if aliases.PATH not in files:
        return {}
    text, source = text_of(files, aliases.PATH), need(given, "alias")
    for target in arguments.targets(given) or [""]:
        text = aliases.remove(text, source, target) if aliases.has(text, source, target) else text
    return write(files, aliases.PATH, text)


def _setting_set(files: Files, given: Arguments) -> Mapping[str, Change]:
    text = env_file.set_value(
        text_of(files, env_file.PATH), need(given, "name"), str(given.get("value") or "")
    )
    return write(files, env_file.PATH, text)


def _setting_unset(files: Files, given: Arguments) -> Mapping[str, Change]:
    return write(files, env_file.PATH, env_file.unset(text_of(files, env_file.PATH), need(given, "name")))


COMMANDS: Mapping[str, Command] = {
    "account.add": _account_add,
    "account.update": _account_update,
    "account.remove": _account_remove,
    "alias.add": _alias_add,
    "alias.remove": _alias_remove,
    "setting.set": _setting_set,
    "setting.unset": _setting_unset,
    **table_commands.COMMANDS,
}
