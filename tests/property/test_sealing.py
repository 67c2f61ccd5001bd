"""Sealing loses nothing, and what is sealed in its place leaves the rest as it was."""

from __future__ import annotations

from functools import cache

import pyrage
from hypothesis import given
from hypothesis import strategies as st

from controlplane.intake.checks.secrets_in_clear import in_clear
from controlplane.sealing import (
    VALUE,
    holds_sealed,
    is_sealed,
    is_sealed_value,
    open_value,
    seal,
    seal_value,
    unseal,
)
from controlplane.statefiles import env_file, relay
from controlplane.statefiles.secret_parts import seal_parts, secret_parts


@cache
def keys() -> tuple[str, str]:
    """An identity and its recipient."""
    identity = pyrage.x25519.Identity.generate()
    return str(identity), str(identity.to_public())


_lines = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=80)
_passwords = st.text(
    st.characters(codec="ascii", exclude_characters="\"'\\", min_codepoint=33, max_codepoint=126), min_size=1
)


@given(_lines)
def test_a_value_comes_out_as_it_went_in(text: str) -> None:
    """In one word, that is found again within any text."""
    identity, recipient = keys()
    word = seal_value(text, recipient)
    assert is_sealed_value(word)
    assert VALUE.findall(f"a {word}\nb:{word} c") == [word, word]
    assert holds_sealed(f"x={word}".encode())
    assert open_value(word, identity) == text


@given(st.binary(max_size=300))
def test_a_file_comes_out_as_it_went_in(content: bytes) -> None:
    """Whatever its bytes are."""
    identity, recipient = keys()
    sealed = seal(content, recipient)
    assert is_sealed(sealed.encode())
    assert unseal(sealed.encode(), identity) == content


@given(
    st.lists(st.tuples(st.sampled_from(["@a.test", "@b.test", "[h.test]:587", "#"]), _passwords), max_size=5)
)
def test_credentials_mean_the_same_once_opened(rows: list[tuple[str, str]]) -> None:
    """Sealing each password in its place and opening each again gives the text back."""
    identity, recipient = keys()
    text = "".join(f"{key} user:{password}\n" for key, password in rows)
    sealed = seal_parts(
        text, secret_parts(relay.CREDENTIALS.path, text), lambda value: seal_value(value, recipient)
    )
    assert list(secret_parts(relay.CREDENTIALS.path, sealed)) == []
    assert VALUE.sub(lambda word: open_value(word[0], identity), sealed) == text


@given(st.sampled_from(["", "'", '"']), _passwords.filter(lambda text: "#" not in text))
def test_a_secret_setting_means_the_same_once_opened(quote: str, password: str) -> None:
    """With quotes and without."""
    identity, recipient = keys()
    text = f"LOG_LEVEL=info\nRELAY_PASSWORD={quote}{password}{quote}\n"
    sealed = seal_parts(text, secret_parts(env_file.PATH, text), lambda value: seal_value(value, recipient))
    word = env_file.parse(sealed).rows["RELAY_PASSWORD"]
    assert open_value(word, identity) == env_file.parse(text).rows["RELAY_PASSWORD"] == password


_BLANKS = st.text(" \t\v\f", min_size=1, max_size=3)
_KEYS = st.sampled_from(["@d.test", "user@d.test", "[relay.test]:587", "relay.test", '"a b"', "#", "user:x"])
_USERS = st.text(st.characters(codec="ascii", min_codepoint=32, max_codepoint=126), max_size=8)
_GOES_ON = st.lists(
    st.one_of(
        st.sampled_from(["\n# a: remark\n ", "\n\n\t", "\n#\n", "\n", "\r\n  "]),
        st.sampled_from([" ", "\t", ":", "#"]),
        st.just("pl4nted"),
        _USERS,
    ),
    max_size=4,
)


@given(
    st.lists(st.tuples(_KEYS, _BLANKS, _USERS, st.sampled_from([":", ": ", "", " :"]), _GOES_ON), max_size=3)
)
def test_every_row_of_log_ins_is_refused_or_sealed(
    rows: list[tuple[str, str, str, str, list[str]]],
) -> None:
    """By the grammar of postmap(1): what Postfix would send as a password is in nothing that is stored."""
    identity, recipient = keys()
    path = relay.CREDENTIALS.path
    text = "\n".join(f"{key}{blank}{user}{colon}{''.join(more)}" for key, blank, user, colon, more in rows)
    sealed = seal_parts(text, secret_parts(path, text), lambda value: seal_value(value, recipient))
    if list(in_clear(path, sealed.encode())):
        return  # refused
    before, after = relay.CREDENTIALS.parse(text), relay.CREDENTIALS.parse(sealed)
    opened = {
        key: VALUE.sub(lambda word: open_value(word[0], identity), row) for key, row in after.rows.items()
    }
    # A password with a control character is refused as it stands, and does no harm once it is a sealed word.
    assert {key: opened[key] for key in before.rows} == dict(before.rows)
    assert all(not opened[key].isprintable() for key in opened.keys() - before.rows.keys())
    for row in after.rows.values():
        assert is_sealed_value(row) or is_sealed_value(row.partition(":")[2].strip())
    visible = [line for line in sealed.split("\n") if not line.lstrip().startswith("#")]
    assert not any("pl4nted" in VALUE.sub("", line).partition(":")[2] for line in visible)
