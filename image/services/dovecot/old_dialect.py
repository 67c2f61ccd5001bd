"""What Dovecot 2.3 understood and 2.4 takes word by word: doveconf(1) passes it, and something else is meant.

`mail_path = /var/mail/%d/%n` gives everybody one mailbox, `mail_plugins = $mail_plugins quota` ends every
session, and fields of accounts that are not known any more are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from services.dovecot.rows import Section, Wrong

_VARIABLE = re.compile(r"%[LUDTHRX]*[undhs](?![A-Za-z0-9{])")
_PERCENT_IS_TIME = frozenset(["log_timestamp"])
"""Settings for strftime(3)."""
_NAME = re.compile(r"(?<!\S)\$(?!SET:|ENV:)(\w+)(?!\S)")
_ADDED = re.compile(r"\+[A-Za-z]")
_LISTS = ("capability", "extensions")
"""Ends of the names of lists to which a leading + added."""
_GONE = re.compile(r"(?:userdb_)?(mail|quota_rule\d*|sieve|sieve_default|sieve_dir)(?::default)?\Z")
_CURES = {
    "mail": "mail_driver and mail_path",
    "quota": "quota_storage_size",
    "sieve": "sieve_script/personal/path",
}


def old_words(section: Section, _tree: object) -> Iterator[Wrong]:
    """What is wrong in one section for that."""
    for name, value in section.values.items():
        plain = value.replace("%%", "")
        if name not in _PERCENT_IS_TIME and (found := _VARIABLE.search(plain)):
            yield Wrong(name, value, f"{found[0]} is no variable of Dovecot 2.4: write %{{user}} or such")
        yield from _names(name, value)
        if name.endswith(_LISTS) and _ADDED.match(value):
            yield Wrong(name, value, "a + adds nothing in Dovecot 2.4: only what is named would be left")
        if section.kind == "fields" and (gone := _GONE.match(name)):
            new = _CURES[gone[1].partition("_")[0]]
            yield Wrong(name, name, f"Dovecot 2.4 passes over the field {name}: it has {new}")


def _names(name: str, value: str) -> Iterator[Wrong]:
    """`$name` for what was set before, or for a default: other words with a $ may be passwords."""
    for found in _NAME.finditer(value):
        if found[1] == name or found[1].startswith("default_"):
            cure = f"$SET:{found[1]}" if found[1] != name else f"{name} {{ }}, which adds to what is there"
            yield Wrong(name, value, f"{found[0]} is no variable of Dovecot 2.4: write {cure}")
