"""Which setting a name was meant to be: one that is spelt alike, never one that only looks alike.

Names are compared word by word, as their words carry the meaning: `ENABEL_RSPAMD` is `ENABLE_RSPAMD`, but
`ENABLE_LDAP` is not `ENABLE_IMAP`, although more of their letters agree.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

FAR = 9.0
"""The distance of names that have nothing to do with each other."""
_GENERAL = frozenset({"ENABLE", "DMS", "POSTFIX", "DOVECOT"})
"""Words that say little: the name without one is nearer than one without another word."""

_SYNONYMS = (
    frozenset({"USER", "USERNAME", "LOGIN"}),
    frozenset({"PASSWORD", "PASS", "PASSWD", "PW"}),
    frozenset({"HOST", "HOSTNAME", "SERVER", "URI", "URIS", "URL"}),
    frozenset({"POLL", "INTERVAL"}),
    frozenset({"ADDRESS", "EMAIL"}),
    frozenset({"DOMAIN", "DOMAINNAME"}),
    frozenset({"GREYLIST", "GREYLISTING", "GRAYLIST", "GRAYLISTING"}),
    frozenset({"PATH", "FILE"}),
    frozenset({"CERT", "CERTIFICATE"}),
    frozenset({"PROTECTION", "PREVENTION"}),
    frozenset({"LIMIT", "MAX"}),
)
"""Words that people write for one another."""

_OTHERS = re.compile(
    r"ACME|ARC|BIMI|(?:CAL|CARD|WEB)?DAV|DANE|DKIM|DMARC|DNS(?:SEC|WL)?|FTS|HTTPS?|IPV4|JMAP|LDAPS|LMTP|M[DTU]A"
    r"|OIDC|PAM|(?:MY|PG)?SQL|SQLITE|SASL|SMTPS?|SNI|SNMP|SPF|TOTP|UUCP|(?:G|WEB)MAIL"
)
"""What people ask for by `ENABLE_`, with a meaning of its own: no other word misspelt."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that `name` most probably was meant to be; None where none is near."""
    words, names = name.upper().split("_"), tuple(known)
    if len(words) > 2 and words[0] not in _GENERAL:  # of one area: another's setting is not meant
        same = [other for other in names if other.startswith(f"{words[0]}_")]
        names = tuple(same) or names
    found = min(((_distance(words, other.split("_")), other) for other in names), key=_first, default=None)
    return found[1] if found is not None and found[0] < FAR else None


def _first(found: tuple[float, str]) -> float:
    return found[0]


def _distance(mine: Sequence[str], other: Sequence[str]) -> float:
    if "".join(mine) == "".join(other):
        return 0.0
    if sorted(mine) == sorted(other):
        return 0.5
    if len(mine) == len(other):
        return _misspelt(mine, other)
    longer, shorter = sorted((mine, other), key=len, reverse=True)
    if len(longer) - len(shorter) > 1 or len(shorter) < 2:
        return FAR
    rests = [(word, [*longer[:at], *longer[at + 1 :]]) for at, word in enumerate(longer)]
    besides = [0.8 if word in _GENERAL else 1.2 for word, rest in rests if rest == list(shorter)]
    # both a word that says little is too many, and another is spelt otherwise
    far = [_misspelt(rest, shorter) for word, rest in rests if word in _GENERAL and longer is mine]
    besides += [0.8 + slips / 4 for slips in far if slips < FAR]
    return min(besides, default=FAR)


def _misspelt(mine: Sequence[str], other: Sequence[str]) -> float:
    """How many letters are wrong; `FAR` where a word is another one."""
    pairs = [(a, b) for a, b in zip(mine, other, strict=True) if a != b]
    if len(pairs) == 1 and any(words.issuperset(pairs[0]) for words in _SYNONYMS):
        return 0.9
    if len(mine) == 2 and mine[0] == "ENABLE" and _OTHERS.fullmatch(mine[1]):
        return FAR
    counts = [0 if a == b else edits(a, b) for a, b in zip(mine, other, strict=True)]
    if any(edits(*pair) > 1 and _begins_otherwise(*pair) for pair in pairs):
        return FAR
    if any(count > _slips(word) for count, word in zip(counts, other, strict=True)):
        return FAR
    return float(sum(counts))


def _begins_otherwise(mine: str, other: str) -> bool:
    """Whether the first letter is another one: two slips seldom touch it. WEBMAIL is not GETMAIL."""
    return mine[:1] != other[:1] and mine[1:2] != other[:1] and mine[:1] != other[1:2]


def _slips(word: str) -> int:
    """How many letters of a word may be wrong before it is another word."""
    return 0 if len(word) < 3 else 1 if len(word) < 6 else 2


def edits(a: str, b: str) -> int:
    """Letters to insert, leave out, replace, or swap with their neighbour to get from `a` to `b`."""
    if a == b:
        return 0
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, letter in enumerate(a, 1):
        older, before, row = before, row, [i]
        for j, wanted in enumerate(b, 1):
            best = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == b[j - 2] and a[i - 2] == wanted:
                best = min(best, older[j - 2] + 1)
            row.append(best)
    return row[-1]
