"""Which setting a wrong name was meant to be, and what stands in for names of other versions."""

from __future__ import annotations

import random

import pytest

from controlplane.settings import catalog
from controlplane.settings.near_names import nearest
from controlplane.settings.other_names import SUCCESSORS

NAMES = tuple(catalog.SETTINGS)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("ENABLE_LDAP", "ENABLE_LDAP is not a setting; did you mean ACCOUNT_PROVISIONER=LDAP?"),
        ("enable_ldap", "enable_ldap is not a setting; did you mean ACCOUNT_PROVISIONER=LDAP?"),
        ("SA_SPAM_SUBJECT", "SA_SPAM_SUBJECT is not a setting; did you mean SPAM_SUBJECT?"),
        ("DMS_DEBUG", "DMS_DEBUG is not a setting; did you mean LOG_LEVEL=debug?"),
        ("DISABLE_CLAMAV", "DISABLE_CLAMAV is not a setting; did you mean ENABLE_CLAMAV=0?"),
        ("DMS_CONFIG_POLL", "DMS_CONFIG_POLL is not a setting here"),
        ("ONE_DIR", "ONE_DIR is not a setting here"),
        ("ENABLERSPAMD", "ENABLERSPAMD is not a setting; did you mean ENABLE_RSPAMD?"),
        ("RSPAMD_ENABLE", "RSPAMD_ENABLE is not a setting; did you mean ENABLE_RSPAMD?"),
        ("RSPAMD_ENABLED", "RSPAMD_ENABLED is not a setting"),
        (
            "ENABLE_SPOOF_PROTECTION",
            "ENABLE_SPOOF_PROTECTION is not a setting; did you mean SPOOF_PROTECTION?",
        ),
        ("ENABLE_RSPAMD_LEARN", "ENABLE_RSPAMD_LEARN is not a setting; did you mean RSPAMD_LEARN?"),
        (
            "MESSAGE_SIZE_LIMIT",
            "MESSAGE_SIZE_LIMIT is not a setting; did you mean POSTFIX_MESSAGE_SIZE_LIMIT?",
        ),
        ("SSL_CERT", "SSL_CERT is not a setting; did you mean SSL_CERT_PATH?"),
        ("ENABLE_LMTP", "ENABLE_LMTP is not a setting"),
        ("ENABLE_SMTP", "ENABLE_SMTP is not a setting"),
        ("DISABLE_EVERYTHING", "DISABLE_EVERYTHING is not a setting"),
        ("ENABLE_WEBMAIL", "ENABLE_WEBMAIL is not a setting"),
        ("NEABLE_IMAP", "NEABLE_IMAP is not a setting; did you mean ENABLE_IMAP?"),
        ("ENABLE_MAP", "ENABLE_MAP is not a setting; did you mean ENABLE_IMAP?"),
        ("SASLAUTHD_LDAP_BIND_DNS", "SASLAUTHD_LDAP_BIND_DNS is not a setting"),
        (
            "SASLAUTHD_LDAP_BIND_PW",
            "SASLAUTHD_LDAP_BIND_PW is not a setting; did you mean SASLAUTHD_LDAP_PASSWORD?",
        ),
        ("RELAY_USERNAME", "RELAY_USERNAME is not a setting; did you mean RELAY_USER?"),
        ("RELAY_PASS", "RELAY_PASS is not a setting; did you mean RELAY_PASSWORD?"),
        ("LDAP_BIND_PASSWORD", "LDAP_BIND_PASSWORD is not a setting; did you mean LDAP_BIND_PW?"),
        ("FETCHMAIL_INTERVAL", "FETCHMAIL_INTERVAL is not a setting; did you mean FETCHMAIL_POLL?"),
        ("POSTMASTER_EMAIL", "POSTMASTER_EMAIL is not a setting; did you mean POSTMASTER_ADDRESS?"),
        ("SRS_DOMAIN", "SRS_DOMAIN is not a setting; did you mean SRS_DOMAINNAME?"),
        ("MYSQL_PASSWORD", "MYSQL_PASSWORD is not a setting"),
        ("ENABLE_JMAP", "ENABLE_JMAP is not a setting"),
        ("ENABLE_DNSWL", "ENABLE_DNSWL is not a setting"),
        ("ENABLE_GMAIL", "ENABLE_GMAIL is not a setting"),
        ("ENABLE_SPAMD", "ENABLE_SPAMD is not a setting; did you mean ENABLE_SPAMASSASSIN?"),
        (
            "ENABLE_RSPAMD_GREYLIST",
            "ENABLE_RSPAMD_GREYLIST is not a setting; did you mean RSPAMD_GREYLISTING?",
        ),
        ("ENABLE_RSPAMD_LEARNS", "ENABLE_RSPAMD_LEARNS is not a setting; did you mean RSPAMD_LEARN?"),
        ("RELAY_HOSTNAME", "RELAY_HOSTNAME is not a setting; did you mean RELAY_HOST?"),
        ("SSL_CERT_FILE", "SSL_CERT_FILE is not a setting; did you mean SSL_CERT_PATH?"),
        ("SPOOF_PREVENTION", "SPOOF_PREVENTION is not a setting; did you mean SPOOF_PROTECTION?"),
        ("ENABLE_POSTSRSD", "ENABLE_POSTSRSD is not a setting; did you mean ENABLE_SRS?"),
        ("ENABLE_ACME", "ENABLE_ACME is not a setting; did you mean SSL_TYPE=letsencrypt?"),
        ("PERMIT_NETWORK", "PERMIT_NETWORK is not a setting; did you mean PERMIT_DOCKER?"),
    ],
)
def test_a_hint_names_what_was_meant_and_nothing_else(written: str, said: str) -> None:
    """A name gets a hint where one is near in meaning, and none where only letters agree."""
    assert catalog.unknown(written)[0] == said


@pytest.mark.parametrize("name", SUCCESSORS)
def test_every_successor_is_a_setting_with_a_cure(name: str) -> None:
    """What stands in for a name exists, takes the value that is told, and the name itself is none."""
    assert name not in catalog.SETTINGS
    found = catalog.meant(name)
    assert found is not None
    setting, cure = found
    wanted, _, value = setting.partition("=")
    assert cure.startswith(("write ", "remove the line"))
    assert not setting or wanted in catalog.SETTINGS
    assert not value or catalog.problem(wanted, value) is None


@pytest.mark.parametrize("name", [name for name in NAMES if len(name) > 4])
def test_a_slip_of_the_finger_is_found(name: str) -> None:
    """A letter left out, typed twice, replaced or swapped leads to the name, or to one as near."""
    dice = random.Random(name)  # noqa: S311  # the same letters in each run
    words = [at for at, letter in enumerate(name) if letter != "_"]
    long = [at for at in words if len(next(w for w in _words_at(name, at))) > 2]
    for at in dice.sample(long, min(6, len(long))):
        for wrong in (
            name[:at] + name[at + 1 :],
            name[:at] + name[at] + name[at:],
            f"{name[:at]}Q{name[at + 1 :]}",
        ):
            if wrong not in catalog.SETTINGS:
                assert nearest(wrong, NAMES) is not None, wrong


def _words_at(name: str, at: int) -> list[str]:
    start = name.rfind("_", 0, at) + 1
    return [name[start:].partition("_")[0]]


def test_known_names_are_never_taken_for_each_other_without_reason() -> None:
    """Were a setting unknown, its hint would be spelt alike, or lack a word of it."""
    for name in NAMES:
        found = nearest(name, [other for other in NAMES if other != name])
        if found is not None:
            mine, other = set(name.split("_")), set(found.split("_"))
            assert len(mine ^ other) <= 2, (name, found)


@pytest.mark.parametrize("sign", ["\x85", "\u2028", "\u2029"])
@pytest.mark.parametrize("name", ["SPAM_SUBJECT", "POSTGREY_TEXT", "LDAP_BIND_DN", "SRS_SECRET"])
def test_separators_of_lines_are_no_text(name: str, sign: str) -> None:
    """What a text editor copied along would end a line of a configuration file."""
    assert catalog.problem(name, f"a{sign}b") is not None


@pytest.mark.parametrize("sign", ["\x85", "\u2028", "\u2029"])
def test_separators_of_lines_are_in_no_address(sign: str) -> None:
    """The same in a setting that holds an address."""
    assert catalog.problem("POSTMASTER_ADDRESS", f"post{sign}master@example.test") is not None
    assert catalog.problem("POSTMASTER_ADDRESS", "postmaster@example.test") is None
