"""Which hashes are weak."""

from __future__ import annotations

import pytest

from controlplane import model
from controlplane.model import Account, Desired, Draft, State, count_on
from controlplane.password_schemes import REFUSED, SCHEMES, UNSALTED, WEAK, in_words, scheme_of, weak_scheme
from controlplane.statefiles import accounts

REFUSED_BY_DOVECOT = [
    ("{MD5}$1$Nt9K5Sw0$x", "MD5-CRYPT"),
    ("{MD5-CRYPT}$1$WwgkR62c$x", "MD5-CRYPT"),
    ("$1$vJTc.uoV$x", "MD5-CRYPT"),
    ("{CRYPT}$1$vJTc.uoV$x", "MD5-CRYPT"),
    ("{SHA512-CRYPT}$1$vJTc.uoV$x", "MD5-CRYPT"),
    ("{SHA256-CRYPT}$1$vJTc.uoV$x", "MD5-CRYPT"),
    ("{DES-CRYPT}9oNVHrz3UJi8A", "DES-CRYPT"),
    ("{CRYPT}U1guuqSc2XDws", "DES-CRYPT"),
    ("{SHA512-CRYPT}U1guuqSc2XDws", "DES-CRYPT"),
    ("{CRYPT}_J9..rasmz0.F/jqjWck", "DES-CRYPT"),
    ("{SMD5}0selJLXLuEvOJGWSIaFvWyDE/uU=", "SMD5"),
    ("{PLAIN-MD4}67d3dafef63ff006", "PLAIN-MD4"),
    ("{PLAIN-MD5}5ebe2294ecd0e0f0", "PLAIN-MD5"),
    ("{PLAIN-MD5.HEX}5ebe2294ecd0e0f0", "PLAIN-MD5"),
    ("{plain-md5}5ebe2294ecd0e0f0", "PLAIN-MD5"),
    ("{LDAP-MD5}Xr4ilOzQ4PCOq3aQ0qbuaQ==", "LDAP-MD5"),
    ("{HMAC-MD5}cd3ba7deaad6e5ca", "HMAC-MD5"),
]
TAKEN_BY_DOVECOT = [
    ("{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=", "SHA1"),
    ("{SHA1}5en6G6MezRroT3XKqkdPOmY/BfQ=", "SHA1"),
    ("{SHA.HEX}e5e9fa1ba31ecd1a", "SHA1"),
    ("{SHA256}K7gNU3sdo+OL0wNhqoVWhr3g", "SHA256"),
    ("{SHA512}vSsar3708Jvp9Szi2NWZZ02B", "SHA512"),
    ("{CRAM-MD5}cd3ba7deaad6e5ca", "CRAM-MD5"),
    ("{DIGEST-MD5}40c37688d32cc7b7", "DIGEST-MD5"),
    ("{CRYPT}$3$$878d8014606cda29", "NT"),
]
SOUND = [
    ("{SHA512-CRYPT}$6$turhHFvdxsVGs2QE$x", "SHA512-CRYPT"),
    ("$6$turhHFvdxsVGs2QE$x", "SHA512-CRYPT"),
    ("{CRYPT}$5$eIwGFvHjlBA3nTED$x", "SHA256-CRYPT"),
    ("{CRYPT}$2y$05$dj7X7TAkOM", "BLF-CRYPT"),
    ("{BLF-CRYPT}$2a$05$dj7X7TAkOM", "BLF-CRYPT"),
    ("{CRYPT}$y$j9T$F5Jx5fExrKuPp53xLKQ..1$x", "CRYPT"),
    ("{CRYPT}$sha1$40000$jtNX3nZ2$x", "CRYPT"),
    ("{ARGON2ID}$argon2id$v=19$m=65536,t=3,p=1$x", "ARGON2ID"),
    ("{PBKDF2}$1$kKXoj9hydjlU5ibK$5000$x", "PBKDF2"),
    ("{SSHA}NvE1vP9dbJ4PWH8NABD0Z0n1nZUWEHzH", "SSHA"),
    ("{SSHA512.b64}JKJedg+5oXTxfPkwk/Hf1", "SSHA512"),
    ("{SCRAM-SHA-1}4096,R2FAZFnXO7PfibVmfUc0xA==,x=,y=", "SCRAM-SHA-1"),
    ("{OTP}sha1", "OTP"),
    ("age:" + "c2Vh" * 64, ""),
]


@pytest.mark.parametrize(("password_hash", "scheme"), [*REFUSED_BY_DOVECOT, *TAKEN_BY_DOVECOT, *SOUND])
def test_a_hash_is_known_by_what_verifies_it(password_hash: str, scheme: str) -> None:
    """Behind names that leave it to crypt(3), by the value."""
    assert scheme_of(password_hash) == scheme


def test_weak_is_what_dovecot_refuses_and_what_has_no_salt() -> None:
    """As Dovecot 2.4.1 answered log-ins; the rest is sound."""
    assert {scheme for _, scheme in REFUSED_BY_DOVECOT} == REFUSED
    assert {scheme for _, scheme in TAKEN_BY_DOVECOT} == UNSALTED
    assert all(weak_scheme(each) == scheme for each, scheme in [*REFUSED_BY_DOVECOT, *TAKEN_BY_DOVECOT])
    assert not any(weak_scheme(each) for each, _ in SOUND)
    assert WEAK - {"NT"} <= SCHEMES


@pytest.mark.parametrize(
    "password_hash", ["", "}", "{", "$", "{}", "{}$", "{CRYPT}$", "{CRYPT}", "$1", "}$1$"]
)
def test_no_hash_is_too_odd(password_hash: str) -> None:
    """The parser takes none of these; what asks for their scheme gets an answer."""
    assert isinstance(weak_scheme(password_hash), str)
    assert accounts.parse(f"a@example.test|{password_hash}").problems or password_hash in {"$1", "{CRYPT}$"}


def test_counts_are_told_with_the_most_frequent_first() -> None:
    """As in a status."""
    assert in_words({"SHA1": 2, "MD5-CRYPT": 10, "DES-CRYPT": 2}) == "MD5-CRYPT 10, DES-CRYPT 2, SHA1 2"


def rows(**hashes: str) -> dict[str, Account]:
    """Accounts by the local parts of their addresses."""
    return {f"{name}@x.test": Account(f"{name}@x.test", each) for name, each in hashes.items()}


@pytest.mark.parametrize(
    "after",
    [
        rows(a="$1$a$x", b="{SHA}x"),
        rows(a="$6$a$x"),
        rows(b="{SMD5}x", a="$1$a$x", c="{CRYPT}x"),
        rows(),
    ],
)
@pytest.mark.parametrize("before", [rows(), rows(a="$1$a$x"), rows(c="{SMD5}x", a="$6$a$x")])
def test_weak_ones_are_counted_on(before: dict[str, Account], after: dict[str, Account]) -> None:
    """What was counted once is not counted again, also where there was none."""
    old, new = Desired(accounts=before), Desired(accounts=after)
    fresh = Desired(accounts=after).weak_counts
    assert old.weak_counts is not None
    count_on(old, new)
    assert vars(new)["weak_counts"] == fresh
    draft = Draft(State(old))
    for address in [*draft.accounts.freeze()]:
        draft.accounts.remove(address)
    for address, each in after.items():
        draft.accounts.put(address, each)
    assert vars(draft.freeze().desired)["weak_counts"] == fresh


def test_a_change_costs_what_it_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Among many accounts, only those are looked at that differ."""
    old = Desired(accounts=rows(**{f"u{n}": "$1$a$x" for n in range(5_000)}))
    assert old.weak_counts == {"MD5-CRYPT": 5_000}
    looked_at: list[str] = []
    monkeypatch.setattr(model, "weak_schemes", lambda hashes: looked_at.extend(hashes) or [])
    count_on(old, Desired(accounts={**old.accounts, **rows(u7="{SHA}x", new="{SHA}y")}))
    assert looked_at == ["$1$a$x", "{SHA}x", "{SHA}y"]
