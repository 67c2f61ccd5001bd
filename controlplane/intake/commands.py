"""Commands as edits of the text of `main`: comments, order and unknown lines survive."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from controlplane.errors import Refused, UsageError
from controlplane.git import Change, NewFile
from controlplane.intake.trees import Files
from controlplane.statefiles import accounts, aliases, env_file

QUOTAS = "config/dovecot-quotas.cf"
Arguments = Mapping[str, Any]
Command = Callable[[Files, Arguments], Mapping[str, Change]]


def make(name: str, arguments: Arguments) -> Callable[[Files], Mapping[str, Change]]:
    """The edit that a command stands for; raises UsageError for an unknown one."""
    command = COMMANDS.get(name)
    if command is None:
        raise UsageError.because(f"there is no edit {name}", f"one of: {', '.join(COMMANDS)}")
    return lambda files: command(files, arguments)


def _account_add(files: Files, given: Arguments) -> Mapping[str, Change]:
    text = _text(files, accounts.PATH)
    attributes = str(given.get("attributes") or "")
    return _write(
        files,
        accounts.PATH,
        accounts.add(text, _need(given, "address"), _need(given, "password_hash"), attributes),
    )


def _account_update(files: Files, given: Arguments) -> Mapping[str, Change]:
    text = accounts.update(
        _text(files, accounts.PATH), _need(given, "address"), _need(given, "password_hash")
    )
    return _write(files, accounts.PATH, text)


def _account_remove(files: Files, given: Arguments) -> Mapping[str, Change]:
    if accounts.PATH not in files:
        return {}
    text, quotas = _text(files, accounts.PATH), _text(files, QUOTAS)
    for address in given.get("addresses") or [_need(given, "address")]:
        text = accounts.remove(text, str(address))
        quotas = _without_quota(quotas, str(address))
    return {**_write(files, accounts.PATH, text), **_write(files, QUOTAS, quotas)}


def _alias_add(files: Files, given: Arguments) -> Mapping[str, Change]:
    text = _text(files, aliases.PATH)
    for target in _targets(given):
        text = aliases.add(text, _need(given, "alias"), target)
    return _write(files, aliases.PATH, text)


def _alias_remove(files: Files, given: Arguments) -> Mapping[str, Change]:
    if aliases.PATH not in files:
        return {}
    text = _text(files, aliases.PATH)
    for target in _targets(given) or [""]:
        text = aliases.remove(text, _need(given, "alias"), target)
    return _write(files, aliases.PATH, text)


def _setting_set(files: Files, given: Arguments) -> Mapping[str, Change]:
    text = env_file.set_value(
        _text(files, env_file.PATH), _need(given, "name"), str(given.get("value") or "")
    )
    return _write(files, env_file.PATH, text)


def _setting_unset(files: Files, given: Arguments) -> Mapping[str, Change]:
    return _write(files, env_file.PATH, env_file.unset(_text(files, env_file.PATH), _need(given, "name")))


COMMANDS: Mapping[str, Command] = {
    "account.add": _account_add,
    "account.update": _account_update,
    "account.remove": _account_remove,
    "alias.add": _alias_add,
    "alias.remove": _alias_remove,
    "setting.set": _setting_set,
    "setting.unset": _setting_unset,
}


def _need(given: Arguments, name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str) or not value:
        raise UsageError.because(f"{name} is missing", "see the help of the command")
    if value.startswith("#"):
        raise Refused.because(f"{value} would be a comment", "a line that starts with # has no effect")
    return value


def _targets(given: Arguments) -> list[str]:
    return [part.strip() for part in str(given.get("target") or "").split(",") if part.strip()]


def _text(files: Files, path: str) -> str:
    if path not in files:
        return ""
    try:
        return files[path].content.decode()
    except UnicodeDecodeError:
        raise Refused.because(f"{path} is not UTF-8", "convert the file, then try again", path) from None


def _write(files: Files, path: str, text: str) -> Mapping[str, Change]:
    old = files.get(path)
    content = text.encode()
    if (old.content if old else b"") == content:
        return {}
    return {path: NewFile(content, old.mode) if old else NewFile(content)}


def _without_quota(text: str, address: str) -> str:
    kept = [
        line
        for line in text.splitlines(keepends=True)
        if line.partition(":")[0].strip().lower() != address.lower()
    ]
    return "".join(kept)
