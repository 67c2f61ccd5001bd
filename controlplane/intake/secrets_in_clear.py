"""Finds private keys and passwords that stand in a file for everybody with the repository to read."""

from __future__ import annotations

import re
from collections.abc import Iterator

from controlplane.errors import Problem
from controlplane.sealing import is_sealed
from controlplane.statefiles.parsed import Place
from controlplane.statefiles.secret_parts import has_format, secret_parts
from controlplane.statefiles.treefile import SETTINGS

_KEY = re.compile(
    rb"-----BEGIN (?:(?!ENCRYPTED )[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?!\r?\nProc-Type: 4,ENCRYPTED)"
    rb"|AGE-SECRET-KEY-1[A-Z0-9]{20,}"
)
"""Keys as RFC 7468, OpenSSH, OpenPGP and age write them, unless they are encrypted already."""


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
    if has_format(path):
        for part in secret_parts(path, content.decode(errors="replace")):
            if part.must:
                culprit = part.what.partition(" ")[0] if path == SETTINGS else "…"
                yield Place(path, part.line, part.shown).problem(part.what, _cure(path), culprit)


def _cure(path: str) -> str:
    environment = ", or set it in the container's environment" if path == SETTINGS else ""
    allowed = f"ALLOW_CLEARTEXT_SECRETS=1 in {SETTINGS} takes it as it is"
    return f"seal it: mailctl seal {path}{environment} ({allowed})"
