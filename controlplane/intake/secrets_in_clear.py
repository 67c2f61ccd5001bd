"""Finds private keys and passwords that stand in a file for everybody with the repository to read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import NamedTuple

from controlplane.errors import Problem
from controlplane.sealing import VALUE, is_sealed, is_sealed_value
from controlplane.settings import catalog
from controlplane.statefiles import env_file
from controlplane.statefiles.parsed import Place
from controlplane.statefiles.treefile import SETTINGS

_SEALED = rf"{VALUE.pattern}\s*$"
_KEY = re.compile(
    rb"-----BEGIN (?:(?!ENCRYPTED )[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?!\r?\nProc-Type: 4,ENCRYPTED)"
    rb"|AGE-SECRET-KEY-1[A-Z0-9]{20,}"
)
"""Keys as RFC 7468, OpenSSH, OpenPGP and age write them, unless they are encrypted already."""


class _Credential(NamedTuple):
    """Files whose lines hold a password: where it begins is where the match ends."""

    paths: str
    line: re.Pattern[str]


_CREDENTIALS = (
    # sasl_passwd of Postfix's SASL_README: key, white space, user:password
    _Credential(
        "config/postfix-sasl-password.cf",
        re.compile(rf"\s*[^\s#]\S*\s+(?!{_SEALED})[^\s:]+:(?!{_SEALED})(?=\S)"),
    ),
    # fetchmail(1), "pass" and "password" of a user entry
    _Credential("config/fetchmail.cf", re.compile(r"(?i)[^#]*\bpass(?:word)?\s+(?:is\s+)?(?=[^\s#])")),
    _Credential("config/getmail-*.cf", re.compile(r"\s*password\s*=\s*(?=\S)")),
    # bind_pw is of ldap_table(5), dnpass of Dovecot's dovecot-ldap.conf.ext
    _Credential("config/ldap-*.cf", re.compile(r"\s*bind_pw\s*=\s*(?=\S)")),
    _Credential("config/dovecot-ldap*", re.compile(r"\s*dnpass\s*=\s*(?=\S)")),
)


def in_clear(path: str, content: bytes) -> Iterator[Problem]:
    """A problem for the first private key of the file, and one for each line with a password."""
    if is_sealed(content):
        return
    # plain searches rule most files out many times faster than the expression does
    key = _KEY.search(content) if b"-----BEGIN" in content or b"AGE-SECRET-KEY-1" in content else None
    if key is not None:
        line = content.count(b"\n", 0, key.start()) + 1
        shown = key[0].decode() if key[0].startswith(b"-----") else "AGE-SECRET-KEY-1…"
        yield Place(path, line, shown).problem("a private key in the clear", _cure(path), shown)
    if path == SETTINGS:
        yield from _secret_settings(content)
    for credential in _CREDENTIALS:
        if fnmatchcase(path, credential.paths):
            yield from _passwords(path, content, credential.line)


def _secret_settings(content: bytes) -> Iterator[Problem]:
    """Passwords in mailserver.env: in the container's environment the log keeps but a digest of them."""
    text = content.decode(errors="replace")
    for name, value in env_file.parse(text, SETTINGS).rows.items():
        spec = catalog.SETTINGS.get(name)
        if spec is not None and spec.secret and value and not is_sealed_value(value):
            cure = f"set it in the container's environment (or ALLOW_CLEARTEXT_SECRETS=1 in {SETTINGS})"
            place = Place(SETTINGS, env_file.line_of(text, name), name, f"{name}=…")
            yield place.problem(f"{name} is a password in the clear", cure, name)


def _passwords(path: str, content: bytes, pattern: re.Pattern[str]) -> Iterator[Problem]:
    for number, line in enumerate(content.decode(errors="replace").split("\n"), 1):
        found = pattern.match(line)
        if found is not None:
            yield Place(path, number, line, f"{found[0]}…").problem(
                "a password in the clear", _cure(path), "…"
            )


def _cure(path: str) -> str:
    return f"seal it: mailctl seal {path} (ALLOW_CLEARTEXT_SECRETS=1 in mailserver.env takes it as it is)"
