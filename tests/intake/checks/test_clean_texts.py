"""A search of what changed finds what a search of everything does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from controlplane.intake.checks import secrets_in_clear
from controlplane.intake.checks.secrets_in_clear import CleanTexts, in_clear
from tests.property.strategies import addresses, hashes

ACCOUNTS, OTHER = "config/postfix-accounts.cf", "config/postfix-virtual.cf"
KEY = "-----BEGIN PRIVATE KEY-----"
_lines = st.one_of(
    st.builds("{}|{}".format, addresses, hashes),
    st.sampled_from(["# note", "", KEY, "a@b.test|secret", "a@b.test|{PLAIN}x", "Proc-Type: 4,ENCRYPTED"]),
    st.sampled_from(["PuTTY-User-Key-File-2: x", "Comment: y", "Encryption: none", "0", "MIIE"]),
)
_texts = st.lists(_lines, max_size=12).map(lambda lines: "\n".join(lines).encode())


@given(st.sampled_from([ACCOUNTS, OTHER, "config/user-patches.sh", "mailserver.env"]), st.lists(_texts))
def test_each_version_is_searched_as_if_it_were_the_first(path: str, versions: list[bytes]) -> None:
    """Whatever came before."""
    clean = CleanTexts()
    for content in versions:
        assert list(clean.find(path, content)) == list(in_clear(path, content))


def test_one_line_of_many_is_searched_alone(monkeypatch: object) -> None:
    """The cost is that of the change."""
    rows = [f"user{n}@example.test|{{SHA512-CRYPT}}$6$salt$hash" for n in range(10_000)]
    clean, searched = CleanTexts(), []
    real = secrets_in_clear.in_clear
    assert not list(clean.find(ACCOUNTS, "\n".join(rows).encode()))

    def counted(path: str, content: bytes) -> object:
        searched.append(len(content))
        return real(path, content)

    monkeypatch.setattr(secrets_in_clear, "in_clear", counted)  # type: ignore[attr-defined]
    rows.insert(5_000, "new@example.test|{SHA512-CRYPT}$6$salt$hash")
    assert not list(clean.find(ACCOUNTS, "\n".join(rows).encode()))
    rows[7_000] = "user6999@example.test|secret"
    content = "\n".join(rows).encode()
    assert [problem.line for problem in clean.find(ACCOUNTS, content)] == [7_001]
    assert searched[0] < 20_000
    clean.keep_only(())
    assert not list(clean.find(ACCOUNTS, b""))
