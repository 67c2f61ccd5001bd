"""Every setting is a typed field with the documented default."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from controlplane.errors import Refused
from controlplane.settings import RULES, Settings
from controlplane.settings.constraints import contradictions, without_effect
from controlplane.settings.defaults import Texts, domain_of
from tests.settings.documented import DOCUMENTED, Documented

HOST = "mail.example.test"


def resolve(**values: str) -> Settings:
    """The settings of a host when these are given."""
    return Settings.resolve(values, HOST)


def test_all_documented_settings_are_there_and_few_of_our_own() -> None:
    """Nothing documented is missing, and additions stand in gitops.py alone."""
    names = {row.name for row in DOCUMENTED}
    assert len(names) == len(DOCUMENTED) == 133
    assert names - set(RULES) == set()
    assert set(RULES) - names == {
        "ALLOW_CLEARTEXT_SECRETS",
        "FIRST_ACCOUNT_TIMEOUT",
        "LOG_FORMAT",
        "UPDATE_CHECK_URL",
    }


@pytest.mark.parametrize("row", DOCUMENTED, ids=lambda row: row.name)
def test_default_is_the_documented_one(row: Documented) -> None:
    """Absent and empty both mean the default, and it is the documented one."""
    assert Texts(RULES, {}, HOST)[row.name] == row.default
    assert Texts(RULES, {row.name: ""}, HOST)[row.name] == row.default


@pytest.mark.parametrize("row", DOCUMENTED, ids=lambda row: row.name)
def test_documented_values_are_taken(row: Documented) -> None:
    """Every value that the documentation lists resolves."""
    for value in (row.default, *row.values):
        Settings.resolve({row.name: value}, HOST)


def test_values_are_typed() -> None:
    """Switches are booleans, numbers are numbers, scores keep their digits, names stay text."""
    settings = resolve(ENABLE_RSPAMD="1", SA_TAG2="6.310", AMAVIS_LOGLEVEL="-2", LDAP_START_TLS="yes")
    assert settings.enable_rspamd is True
    assert settings.ldap_start_tls is True
    assert settings.amavis_loglevel == -2
    assert str(settings.sa_tag2) == "6.310"
    assert settings.sa_kill == Decimal("10.0")
    assert settings.tls_level == "modern"


def test_derived_defaults_follow_what_they_are_made_of() -> None:
    """A default made of another setting takes its value, and gives way to a value of its own."""
    assert resolve(ENABLE_RSPAMD="1").enable_rspamd_redis is True
    assert resolve(ENABLE_RSPAMD="1", ENABLE_RSPAMD_REDIS="0").enable_rspamd_redis is False
    assert resolve(POSTMASTER_ADDRESS="boss@example.test").pflogsumm_recipient == "boss@example.test"
    assert resolve(REPORT_SENDER="a@b.test").logwatch_sender == "a@b.test"
    assert resolve(LDAP_BIND_PW="sample").saslauthd_ldap_password == "sample"


def test_override_hostname_goes_before_what_the_container_says() -> None:
    """The host name, and what is derived from it, follow OVERRIDE_HOSTNAME."""
    settings = resolve(OVERRIDE_HOSTNAME="mx.other.test")
    assert settings.hostname == "mx.other.test"
    assert settings.domainname == "other.test"
    assert settings.postmaster_address == "postmaster@other.test"


@pytest.mark.parametrize(
    ("hostname", "domain"),
    [
        ("mail.example.test", "example.test"),
        ("example.test", "example.test"),
        ("a.b.c.test", "b.c.test"),
        ("localhost", "localhost"),
        ("", ""),
        (".x.y", ".x.y"),
    ],
)
def test_domain_of_a_host(hostname: str, domain: str) -> None:
    """The first label goes, unless less than two would remain."""
    assert domain_of(hostname) == domain


@given(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}", fullmatch=True) | st.just(""))
def test_a_container_name_never_breaks_the_settings(hostname: str) -> None:
    """Whatever a container engine takes as a name, settings resolve."""
    Settings.resolve({}, hostname)


def test_every_misfit_is_told_at_once_and_only_the_cause() -> None:
    """All bad values are problems; what takes its default from a bad one is not."""
    with pytest.raises(Refused) as refused:
        resolve(ENABLE_RSPAMD="yes", POSTMASTER_ADDRESS="not an address", GETMAIL_POLL="31")
    messages = sorted(problem.message for problem in refused.value.problems)
    assert messages == [
        'ENABLE_RSPAMD must be 0 or 1, not "yes"',
        'GETMAIL_POLL must be a whole number of minutes from 1 to 30, not "31"',
        'POSTMASTER_ADDRESS must be a mail address such as postmaster@example.test, not "not an address"',
    ]


def test_unknown_names_have_no_effect_on_resolving() -> None:
    """An old log may hold names that are no settings any more."""
    assert resolve(OF_OLD="1") == resolve()


def test_settings_are_frozen_and_hide_secrets() -> None:
    """Nothing changes settings in place, and no secret is in their representation."""
    settings = resolve(RELAY_PASSWORD="hunter2")
    assert "hunter2" not in repr(settings)
    with pytest.raises(ValidationError):
        settings.enable_imap = False  # type: ignore[misc]


@pytest.mark.parametrize(
    ("values", "fragment"),
    [
        ({"SSL_TYPE": "manual", "SSL_KEY_PATH": "/k"}, "SSL_TYPE=manual needs SSL_CERT_PATH"),
        ({"SSL_TYPE": "manual", "SSL_CERT_PATH": "/c"}, "SSL_TYPE=manual needs SSL_KEY_PATH"),
        ({"SSL_ALT_KEY_PATH": "/k"}, "needs SSL_ALT_CERT_PATH too"),
        ({"POSTFIX_MAILBOX_SIZE_LIMIT": "5000"}, "is smaller than POSTFIX_MESSAGE_SIZE_LIMIT"),
        ({"POSTFIX_MAILBOX_SIZE_LIMIT": "5", "POSTFIX_MESSAGE_SIZE_LIMIT": "0"}, "(no limit)"),
    ],
)
def test_contradictions(values: dict[str, str], fragment: str) -> None:
    """Settings that cannot work together are reported with a cure."""
    [problem] = contradictions(resolve(**values))
    assert fragment in problem.message
    assert problem.cure


def test_sound_settings_contradict_nothing() -> None:
    """The defaults and a full manual certificate are fine."""
    assert contradictions(resolve()) == ()
    assert contradictions(resolve(SSL_TYPE="manual", SSL_CERT_PATH="/c", SSL_KEY_PATH="/k")) == ()


@pytest.mark.parametrize(
    ("values", "name", "missing"),
    [
        ({}, "RELAY_PORT", "no effect without RELAY_HOST"),
        ({"RELAY_HOST": "a.test"}, "RELAY_PORT", ""),
        ({}, "RELAY_USER", "no effect without RELAY_PASSWORD and DEFAULT_RELAY_HOST or RELAY_HOST"),
        ({"RELAY_HOST": "a.test"}, "RELAY_PASSWORD", "no effect without RELAY_USER"),
        ({"DEFAULT_RELAY_HOST": "a.test", "RELAY_USER": "x"}, "RELAY_PASSWORD", ""),
        ({}, "ENABLE_IMAP", ""),
    ],
)
def test_settings_that_need_others(values: dict[str, str], name: str, missing: str) -> None:
    """A setting that does nothing alone says what it lacks."""
    assert without_effect(resolve(**{name: "1", **values}), name) == missing


@pytest.mark.parametrize(
    "name",
    [
        "foo",
        "mail.1",
        "192.0.2.1",
        "localhost.localdomain",
        "LOCALHOST.test",
        "a_b.test",
        "x." * 126 + "test",
    ],
)
def test_a_name_by_which_no_server_may_greet(name: str) -> None:
    """As at the container's start; in the same words, with the cure."""
    (problem,) = contradictions(resolve(OVERRIDE_HOSTNAME=name))
    assert problem.message.startswith(f"OVERRIDE_HOSTNAME={name} is not a fully qualified domain name")
    assert "mail.example.com" in problem.cure


@pytest.mark.parametrize("name", ["", "mail.example.test", "MAIL.example.test", "a.xn--p1ai", "1.2.example"])
def test_a_name_by_which_a_server_may_greet(name: str) -> None:
    """In any case of letters, and none at all."""
    assert contradictions(resolve(OVERRIDE_HOSTNAME=name)) == ()
