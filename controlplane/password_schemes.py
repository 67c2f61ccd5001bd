"""Password schemes of Dovecot: which there are, and which make a stolen file give passwords away.

Source: Dovecot's "Password Schemes", and what Dovecot 2.4.1 said to a log-in with each (decision 251).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

SCHEMES = frozenset(
    {"SHA", "SHA1", "SHA256", "SHA512", "SSHA", "SSHA256", "SSHA512", "MD5", "SMD5", "PLAIN-MD4", "PLAIN-MD5"}
    | {"LDAP-MD5", "DIGEST-MD5", "CRAM-MD5", "HMAC-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "OTP", "PBKDF2"}
    | {"CRYPT", "DES-CRYPT", "MD5-CRYPT", "BLF-CRYPT", "SHA256-CRYPT", "SHA512-CRYPT", "ARGON2I", "ARGON2ID"}
)
"""The schemes of `doveadm pw -l` in Dovecot 2.3, without those that keep the password readable."""
CLEAR = frozenset({"PLAIN", "CLEAR", "CLEARTEXT", "PLAIN-TRUNC"})

REFUSED = frozenset({"MD5-CRYPT", "DES-CRYPT", "SMD5", "PLAIN-MD4", "PLAIN-MD5", "LDAP-MD5", "HMAC-MD5"})
"""What Dovecot 2.4 lets nobody in with, unless `auth_allow_weak_schemes` is set."""
UNSALTED = frozenset({"SHA1", "SHA256", "SHA512", "CRAM-MD5", "DIGEST-MD5", "NT"})
"""One pass of a fast hash without a random salt: one table of passwords serves for every stolen file."""
WEAK = REFUSED | UNSALTED

_SAME = {"MD5": "MD5-CRYPT", "SHA": "SHA1"}
_BY_CRYPT = frozenset({"", "CRYPT", "BLF-CRYPT", "SHA256-CRYPT", "SHA512-CRYPT"})
"""Verified by crypt(3), whatever the name: the value says what it is (crypt(5))."""
_CRYPT = {"1": "MD5-CRYPT", "3": "NT", "5": "SHA256-CRYPT", "6": "SHA512-CRYPT", "2a": "BLF-CRYPT"}
_CRYPT |= {"2y": "BLF-CRYPT", "2b": "BLF-CRYPT", "argon2i": "ARGON2I", "argon2id": "ARGON2ID"}
_SOUND = ("{SHA512-CRYPT}$6$", "{BLF-CRYPT}$2", "{ARGON2ID}$", "{SHA256-CRYPT}$5$", "{SSHA512}")
"""How most hashes begin: a glance at one is a third of the work."""


def scheme_of(password_hash: str) -> str:
    """The scheme by which a hash is verified, `MD5-CRYPT` for `{CRYPT}$1$…` too; empty for a sealed one."""
    end = password_hash.find("}") + 1
    if password_hash[end : end + 1] == "$":
        return _by_start(password_hash[: password_hash.find("$", end + 1) + 1])
    return _by_start(password_hash[:end])


@lru_cache(256)  # as many as there are, and room for what is misspelt
def _by_start(start: str) -> str:
    """The scheme of a hash that begins so: `{SCHEME}`, `$id$` or both."""
    name, _, value = start.removeprefix("{").rpartition("}")
    scheme = name.partition(".")[0].upper()
    if scheme not in _BY_CRYPT or not start:
        return _SAME.get(scheme, scheme)
    return _CRYPT.get(value.strip("$"), scheme or "CRYPT") if value else "DES-CRYPT"


def weak_scheme(password_hash: str) -> str:
    """The scheme of a weak hash; empty for a sound one, and for a sealed one, which nobody can tell."""
    scheme = scheme_of(password_hash)
    return scheme if scheme in WEAK else ""


def weak_schemes(hashes: Iterable[str]) -> list[str]:
    """The schemes of those that are weak."""
    doubtful = (each for each in hashes if not each.startswith(_SOUND))
    return [scheme for scheme in map(scheme_of, doubtful) if scheme in WEAK]


def in_words(counts: Mapping[str, int]) -> str:
    """`MD5-CRYPT 10, DES-CRYPT 2`: the most frequent first."""
    return ", ".join(
        f"{name} {count}" for name, count in sorted(counts.items(), key=lambda row: (-row[1], row[0]))
    )
