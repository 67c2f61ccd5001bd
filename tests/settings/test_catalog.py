"""What can be asked about a setting by its name."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlplane.errors import NotFound, Refused
from controlplane.settings import AREAS, Settings, catalog
from controlplane.settings.catalog import SETTINGS, SettingSpec

EVERY = pytest.mark.parametrize("spec", SETTINGS.values(), ids=lambda spec: spec.name)


@EVERY
def test_declaration_is_complete(spec: SettingSpec) -> None:
    """Each setting is documented, says what it takes, and has a sample that differs from its default."""
    assert spec.doc.endswith(".")
    assert spec.kind
    assert spec.sample != spec.default
    assert not (spec.default and spec.default_from)
    for value in (spec.default, spec.sample, *spec.values, *spec.risks, *spec.pending):
        assert catalog.problem(spec.name, value) is None
    for name, value in spec.requires.items():
        assert catalog.problem(name, value) is None


@EVERY
def test_probe_and_requirements_fit_together(spec: SettingSpec) -> None:
    """What the flip test sets resolves."""
    Settings.resolve({**spec.requires, spec.name: spec.sample}, "mail.example.test")


@EVERY
def test_no_setting_takes_a_second_line(spec: SettingSpec) -> None:
    """A line break or NUL can never get into a configuration file by way of a setting."""
    good = spec.sample
    for bad in (f"{good}\nx", f"{good}\n", f"{good}\r", f"\0{good}", "\x7f"):
        assert catalog.problem(spec.name, bad) is not None


def test_secrets_are_marked() -> None:
    """Whatever is a password or key is secret, and takes any text, so that it can be sealed."""
    secret = {name for name, spec in SETTINGS.items() if spec.secret}
    assert secret == {
        "LDAP_BIND_PW",
        "DOVECOT_DNPASS",
        "SASLAUTHD_LDAP_PASSWORD",
        "SRS_SECRET",
        "RELAY_PASSWORD",
    }
    assert all(SETTINGS[name].kind.startswith("text") for name in secret)


@pytest.mark.parametrize(
    ("name", "raw", "message"),
    [
        ("ENABLE_RSPAMD", "yes", 'ENABLE_RSPAMD must be 0 or 1, not "yes"'),
        ("ENABLE_RSPAMD", "true", 'ENABLE_RSPAMD must be 0 or 1, not "true"'),
        ("ENABLE_RSPAMD", " 1", 'ENABLE_RSPAMD must be 0 or 1, not " 1"'),
        ("LDAP_START_TLS", "1", 'LDAP_START_TLS must be no or yes, not "1"'),
        ("TLS_LEVEL", "Modern", 'TLS_LEVEL must be modern or intermediate, not "Modern"'),
        ("RELAY_PORT", "65536", 'RELAY_PORT must be a whole number from 1 to 65535, not "65536"'),
        ("RELAY_PORT", "25.0", 'RELAY_PORT must be a whole number from 1 to 65535, not "25.0"'),
        ("FETCHMAIL_POLL", "0", 'FETCHMAIL_POLL must be a whole number of seconds, 1 or more, not "0"'),
        ("SA_KILL", "1e3", 'SA_KILL must be a number, not "1e3"'),
        ("SSL_CERT_PATH", "x.pem", "SSL_CERT_PATH must be an absolute path in the container"),
        ("TZ", "../etc", "TZ must be a time zone such as Europe/Berlin"),
        ("LDAP_SERVER_HOST", "http://ldap.example.test", "LDAP_SERVER_HOST must be LDAP URIs"),
        ("UPDATE_CHECK_INTERVAL", "1 day", "UPDATE_CHECK_INTERVAL must be a number and s, m, h or d"),
        ("ENABEL_RSPAMD", "1", "ENABEL_RSPAMD is not a setting; did you mean ENABLE_RSPAMD?"),
        ("enable_imap", "1", "enable_imap is not a setting; did you mean ENABLE_IMAP?"),
        ("XYZZY", "1", "XYZZY is not a setting"),
    ],
)
def test_a_misfit_is_told(name: str, raw: str, message: str) -> None:
    """The message names the setting, what it takes, and what it got; the cure what to write."""
    found = catalog.problem(name, raw)
    assert found is not None
    assert found[0].startswith(message)
    assert found[1]


def test_the_cure_lists_the_values() -> None:
    """Where there are few values, the cure names each as it is written."""
    found = catalog.problem("POSTSCREEN_ACTION", "deny")
    assert found is not None
    assert found[1] == (
        "write POSTSCREEN_ACTION=enforce, POSTSCREEN_ACTION=drop or POSTSCREEN_ACTION=ignore, "
        "or remove the line for the default (enforce)"
    )


def test_a_secret_is_never_repeated() -> None:
    """The complaint about a secret does not hold it."""
    found = catalog.problem("RELAY_PASSWORD", "hunter2\n")
    assert found is not None
    assert "hunter2" not in " ".join(found)


@given(st.dictionaries(st.sampled_from([*SETTINGS, "NO_SETTING"]), st.text(max_size=8), max_size=6))
def test_checking_all_is_checking_each(values: dict[str, str]) -> None:
    """`problems` says what `problem` says, and what it passes resolves."""
    each = {name: catalog.problem(name, raw) for name, raw in values.items()}
    found = catalog.problems(values)
    assert found == {name: wrong for name, wrong in each.items() if wrong}
    sound = {name: raw for name, raw in values.items() if name not in found}
    try:
        Settings.resolve(sound, "mail.example.test")
    except Refused as refused:
        pytest.fail(str(refused))


@pytest.mark.shows("ACCOUNT_PROVISIONER")
def test_support_is_told_by_value() -> None:
    """Some values of a supported setting are not carried out yet."""
    assert SETTINGS["TLS_LEVEL"].supports("intermediate")
    assert SETTINGS["ACCOUNT_PROVISIONER"].supports("FILE")
    assert not SETTINGS["ACCOUNT_PROVISIONER"].supports("LDAP")
    assert SETTINGS["SSL_TYPE"].supports("manual")
    assert SETTINGS["ALLOW_CLEARTEXT_SECRETS"].supports("1")


def test_risks_are_told_by_value() -> None:
    """A value that weakens the server has a warning, also where it is the default."""
    assert SETTINGS["TLS_LEVEL"].risk("intermediate") == "weakens TLS"
    assert SETTINGS["TLS_LEVEL"].risk(None) == ""
    assert SETTINGS["SPOOF_PROTECTION"].risk("") == SETTINGS["SPOOF_PROTECTION"].risk("0") != ""


def test_explain_is_plain_and_knows_neighbours() -> None:
    """An explanation is JSON, and an unknown name gets the nearest one."""
    told = explained = catalog.explain("enable_rspamd_redis")
    assert json.loads(json.dumps(told)) == explained
    assert told["default"] == "that of ENABLE_RSPAMD"
    with pytest.raises(NotFound, match="did you mean TLS_LEVEL"):
        catalog.explain("TLS_LEVLE")


def test_areas_share_no_field() -> None:
    """Each setting belongs to one concern."""
    fields = [name for area in AREAS for name in area.model_fields]
    assert len(fields) == len(set(fields)) == len(SETTINGS)


def test_json_schema_can_be_made() -> None:
    """The schema has every setting with its default, for editors."""
    properties = Settings.model_json_schema()["properties"]
    assert properties["getmail_poll"]["default"] == "5"
    assert properties["srs_secret"]["writeOnly"] is True


def test_a_file_for_a_setting_belongs_into_the_environment() -> None:
    """Only the container has that file; what sounds alike is no suggestion then."""
    message, cure = catalog.unknown("RELAY_PASSWORD__FILE")
    assert "the container's environment" in message
    assert "RELAY_PASSWORD itself" in cure
