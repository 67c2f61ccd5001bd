"""Relay hosts and credentials: settings and files together."""

from __future__ import annotations

import pytest

from controlplane.model import State
from renderers.service import RenderedFile
from tests.renderers.states import complaints, render_node, state
from wire.manifest import Action, Compile

ROUTES, PASSWORDS = "etc/postfix/relayhost_map", "etc/postfix/sasl_passwd"
LOGIN = {"RELAY_USER": "me", "RELAY_PASSWORD": "env:RELAY_PASSWORD:0123456789abcdef"}
ME = "me:env:RELAY_PASSWORD:0123456789abcdef"
ACCOUNTS = ("user1@example.test", "user2@second.test")


def file(found: State, path: str) -> RenderedFile:
    """A rendered file."""
    made = render_node(found).files[path]
    assert isinstance(made, RenderedFile)
    return made


def rows(found: State, path: str) -> dict[str, str]:
    """A table as a mapping; empty where it is not rendered."""
    if path not in render_node(found).files:
        return {}
    return dict(line.split("\t") for line in file(found, path).content.decode().splitlines())


def main_cf(found: State) -> list[str]:
    """The lines of main.cf."""
    return file(found, "etc/postfix/main.cf").content.decode().splitlines()


def test_nothing_is_relayed_by_default() -> None:
    """Without settings and files main.cf says nothing of relays."""
    lines = main_cf(state(accounts=ACCOUNTS))
    assert not [line for line in lines if "relayhost" in line or "smtp_sasl" in line]
    assert "smtp_tls_security_level = may" in lines


def test_default_relay_host_is_relayhost() -> None:
    """DEFAULT_RELAY_HOST is for all mail, from any sender."""
    found = state({"DEFAULT_RELAY_HOST": "[mail.relay-service.test]:25"}, accounts=ACCOUNTS)
    assert "relayhost = [mail.relay-service.test]:25" in main_cf(found)
    assert rows(found, ROUTES) == {}


def test_relay_host_is_for_all_known_domains_without_a_line_of_their_own() -> None:
    """Domains of accounts and aliases are added; a route and an opt-out in the file go first."""
    found = state(
        {"RELAY_HOST": "relay.test", "RELAY_PORT": "2525"},
        accounts=ACCOUNTS,
        aliases={"@third.test": ("user1@example.test",), "x@mail.example.test": ("user1@example.test",)},
        relay_routes={"@second.test": "[smtp.provider.test]:587", "@third.test": ""},
    )
    assert rows(found, ROUTES) == {
        "@example.test": "[relay.test]:2525",
        "@mail.example.test": "[relay.test]:2525",
        "@second.test": "[smtp.provider.test]:587",
    }
    assert "sender_dependent_relayhost_maps = lmdb:/etc/postfix/relayhost_map" in main_cf(found)
    assert file(found, ROUTES).action is Action.RELOAD


def test_credentials_require_tls_and_are_for_root() -> None:
    """One row is enough for all mail to be encrypted and logged in, as documented."""
    found = state(relay_credentials={"@second.test": "user:age:" + 80 * "abc"})
    lines = main_cf(found)
    for line in (
        "smtp_tls_security_level = encrypt",
        "smtp_sasl_auth_enable = yes",
        "smtp_sasl_password_maps = lmdb:/etc/postfix/sasl_passwd",
        "smtp_sasl_security_options = noanonymous",
        "smtp_sender_dependent_authentication = yes",
    ):
        assert line in lines
    made = file(found, PASSWORDS)
    assert (made.mode, made.fill, made.compile, made.action) == (0o600, True, Compile.POSTMAP, Action.NONE)


@pytest.mark.parametrize(
    ("settings", "hosts"),
    [
        ({"RELAY_HOST": "Relay.test"}, {"[relay.test]:25"}),
        ({"DEFAULT_RELAY_HOST": "[relay.test]:587"}, {"[relay.test]:587"}),
        ({"RELAY_HOST": "a.test", "DEFAULT_RELAY_HOST": "b.test"}, {"[a.test]:25", "b.test"}),
    ],
)
def test_the_login_of_the_settings_is_for_their_relays(settings: dict[str, str], hosts: set[str]) -> None:
    """RELAY_USER is known by relay host and by each domain that goes by it."""
    found = rows(state({**settings, **LOGIN}, accounts=ACCOUNTS), PASSWORDS)
    assert found == dict.fromkeys([*hosts, "@example.test", "@second.test"], ME)


@pytest.mark.parametrize("to", ["[smtp.provider.test]:587", ""])
@pytest.mark.parametrize("sender", ["@second.test", "user2@second.test"])
def test_the_login_gets_to_no_other_host(sender: str, to: str) -> None:
    """A domain whose mail (or some of it) takes another way has no row that would log in there."""
    found = state({"RELAY_HOST": "relay.test", **LOGIN}, accounts=ACCOUNTS, relay_routes={sender: to})
    assert rows(found, PASSWORDS) == {"[relay.test]:25": ME, "@example.test": ME}


def test_credentials_of_the_file_go_first() -> None:
    """What the file says of a domain or of the relay host replaces what the settings imply."""
    settings = {"RELAY_HOST": "relay.test", **LOGIN}
    by_domain = state(settings, accounts=ACCOUNTS, relay_credentials={"@second.test": "other:x"})
    assert rows(by_domain, PASSWORDS) == {
        "[relay.test]:25": ME,
        "@example.test": ME,
        "@second.test": "other:x",
    }
    by_host = state(settings, accounts=ACCOUNTS, relay_credentials={"[relay.test]:25": "other:x"})
    assert rows(by_host, PASSWORDS) == {"[relay.test]:25": "other:x"}


def test_a_login_without_its_relay_is_for_nobody() -> None:
    """RELAY_USER names no host of its own."""
    found = state(LOGIN, accounts=ACCOUNTS, relay_routes={"@example.test": "[smtp.provider.test]:587"})
    assert rows(found, PASSWORDS) == {}


def test_a_file_that_is_sealed_whole_is_a_table_of_its_own() -> None:
    """Nothing can be added to it, so the settings' login stands beside it."""
    armored = b"-----BEGIN AGE ENCRYPTED FILE-----\nabc\n-----END AGE ENCRYPTED FILE-----\n"
    found = state(
        {"RELAY_HOST": "relay.test", **LOGIN},
        accounts=ACCOUNTS,
        overrides={"postfix-sasl-password.cf": armored},
    )
    assert file(found, PASSWORDS).content == armored
    assert "[relay.test]:25" in rows(found, "etc/postfix/sasl_passwd_relay")
    tables = "lmdb:/etc/postfix/sasl_passwd lmdb:/etc/postfix/sasl_passwd_relay"
    assert f"smtp_sasl_password_maps = {tables}" in main_cf(found)


def test_what_cannot_be_read_is_refused() -> None:
    """Routes are needed to render; a colon ends the name of a login."""
    armored = b"-----BEGIN AGE ENCRYPTED FILE-----\n"
    (found,) = complaints(state(overrides={"postfix-relaymap.cf": armored}))
    assert (found.path, found.line) == ("config/postfix-relaymap.cf", 0)
    (found,) = complaints(state({"RELAY_USER": "a:b"}))
    assert "RELAY_USER" in found.message
