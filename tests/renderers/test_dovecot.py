"""Dovecot's users and scripts: what depends on the state beyond settings."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controlplane.model import Account, Override, State
from renderers.dovecot.quota import anybody_may_be_limited, limited, mailbox
from renderers.service import RenderedFile
from tests.renderers.states import HASH, complaints, render_node, state

ACCOUNTS = ("user1@x.test", "user2@x.test")


def rendered(found: State, path: str) -> RenderedFile:
    """One file of a state's release."""
    file = render_node(found).files[path]
    assert isinstance(file, RenderedFile)
    return file


def rows(found: State, name: str) -> dict[str, str]:
    """The extra fields of a passwd-file, by name."""
    lines = rendered(found, f"etc/dovecot/{name}").content.decode().splitlines()
    return {line.partition(":")[0]: line.split(":", 7)[7] for line in lines}


@pytest.mark.shows("dovecot-quotas.cf", "ENABLE_QUOTAS")
def test_limits_are_fields_of_accounts() -> None:
    """A limit stands in its account's line, which Dovecot reads without a reload; a stray one nowhere."""
    found = state(accounts=ACCOUNTS, quotas={"user1@x.test": "12M", "gone@x.test": "1G"})
    assert rows(found, "userdb") == {"user1@x.test": "userdb_quota_rule=*:storage=12M", "user2@x.test": ""}
    off = state({"ENABLE_QUOTAS": "0"}, accounts=ACCOUNTS, quotas={"user1@x.test": "12M"})
    assert set(rows(off, "userdb").values()) == {""}
    assert "etc/dovecot/quota-aliases" not in render_node(off).files


@pytest.mark.shows("dovecot-quotas.cf", "POSTFIX_MAILBOX_SIZE_LIMIT")
def test_mail_is_asked_about_where_there_is_a_limit() -> None:
    """Limited accounts and their aliases; everybody where a limit may come from what only Dovecot reads."""
    aliases = {"a@x.test": ("user1@x.test",), "b@x.test": ("user2@x.test",)}
    found = state(accounts=ACCOUNTS, aliases=aliases, quotas={"user1@x.test": "12M", "gone@x.test": "1G"})
    table = rendered(found, "etc/postfix/mailbox_quota_recipients").content
    assert table == b"a@x.test\tmailbox_quota\nuser1@x.test\tmailbox_quota\n"
    own = {"u@x.test": Account("u@x.test", HASH, "userdb_quota_rule=*:storage=1M")}
    found = State(replace(found.desired, accounts=own, quotas={}), found.observed)
    assert limited(found) == {"u@x.test"}
    assert limited(state(accounts=ACCOUNTS)) == frozenset()
    assert anybody_may_be_limited(state({"POSTFIX_MAILBOX_SIZE_LIMIT": "12345678"}))
    assert anybody_may_be_limited(
        state(overrides={"dovecot.cf": b"plugin {\n quota_rule = *:storage=1G\n}\n"})
    )
    assert anybody_may_be_limited(state(overrides={"user-patches.sh": b"cat users > /etc/dovecot/userdb\n"}))
    assert not anybody_may_be_limited(state(overrides={"dovecot.cf": b"login_greeting = Hello\n"}))


def test_attributes_of_an_account_go_before_ours() -> None:
    """What the third column of postfix-accounts.cf says is kept as it is."""
    accounts = {"u@x.test": Account("u@x.test", HASH, "userdb_mail=mbox:~/mail nologin")}
    found = state(quotas={"u@x.test": "1M"})
    found = State(replace(found.desired, accounts=accounts), found.observed)
    assert rows(found, "userdb")["u@x.test"] == (
        "userdb_mail=mbox:~/mail nologin userdb_quota_rule=*:storage=1M"
    )


@pytest.mark.parametrize(
    ("aliases", "account"),
    [
        ({"a@x.test": ("user1@x.test",)}, "user1@x.test"),
        ({"a@x.test": ("User1+tag@x.test",)}, "user1@x.test"),
        ({"a@x.test": ("b@x.test",), "b@x.test": ("user1@x.test",)}, "user1@x.test"),
        ({"a@x.test": ("user1@x.test", "user2@x.test")}, ""),
        ({"a@x.test": ("friend@outside.test",)}, ""),
        ({"a@x.test": ("b@x.test",), "b@x.test": ("a@x.test",)}, ""),
        ({"a@x.test": ("user1@x.test",), "user1@x.test": ("user1@x.test",)}, "user1@x.test"),
        ({"a@x.test": ("user1@x.test",), "user1@x.test": ("friend@outside.test",)}, ""),
    ],
)
def test_the_mailbox_of_an_alias(aliases: dict[str, tuple[str, ...]], account: str) -> None:
    """An alias fills a mailbox where all its mail ends in that one."""
    found = mailbox(state(accounts=ACCOUNTS, aliases=aliases).desired, "a@x.test")
    assert (found.address if found else "") == account


def test_aliases_share_the_limit_of_their_account() -> None:
    """The policy service finds the account by its alias; without any limit there is nothing to find."""
    aliases = {"a@x.test": ("user1@x.test",), "b@x.test": ("user2@x.test",)}
    limited = state(accounts=ACCOUNTS, aliases=aliases, quotas={"user1@x.test": "1M"})
    assert rows(limited, "quota-aliases") == {
        "a@x.test": "userdb_quota_rule=*:storage=1M userdb_user=user1@x.test"
    }
    everybody = state({"POSTFIX_MAILBOX_SIZE_LIMIT": "20480000"}, accounts=ACCOUNTS, aliases=aliases)
    assert rows(everybody, "quota-aliases")["b@x.test"] == "userdb_user=user2@x.test"
    assert rows(state(accounts=ACCOUNTS, aliases=aliases), "quota-aliases") == {}


@pytest.mark.shows("dovecot-masters.cf", "dovecot-master-accounts")
def test_masters_are_in_a_file_of_their_own() -> None:
    """Without masters no name is split at a `*`."""
    nobody = state(accounts=ACCOUNTS)
    assert rendered(nobody, "etc/dovecot/masterdb").content == b""
    assert b"separator" not in rendered(nobody, "etc/dovecot/conf.d/auth-master.inc").content
    found = state(accounts=ACCOUNTS, masters=("admin",))
    masters = rendered(found, "etc/dovecot/masterdb")
    assert masters.content.decode() == f"admin:{HASH}::::::\n"
    assert (masters.mode, masters.owner, masters.fill) == (0o640, "root:dovecot", True)
    assert b"auth_master_user_separator = *" in rendered(found, "etc/dovecot/conf.d/auth-master.inc").content


def test_a_hash_that_ends_its_field_is_refused() -> None:
    """Accounts and masters whose hash has a colon are reported, and left out."""
    found = state(accounts=ACCOUNTS, masters=("admin", "other"))
    masters = {**found.desired.masters, "admin": replace(found.desired.masters["admin"], password_hash="a:b")}
    found = State(replace(found.desired, masters=masters), found.observed)
    assert [(one.path, one.message) for one in complaints(found)] == [
        ("config/dovecot-masters.cf", "the password of admin holds a colon or white space")
    ]
    assert rendered(found, "etc/dovecot/masterdb").content.startswith(b"other:")
    sealed = {**masters, "admin": replace(masters["admin"], password_hash="age:YWdl")}
    assert not complaints(State(replace(found.desired, masters=sealed), found.observed))


@pytest.mark.shows("<address>.dovecot.sieve", "ENABLE_MANAGESIEVE")
def test_uploads_go_before_the_administrators_script() -> None:
    """With ManageSieve the administrator's script is what holds until the user activates another."""
    scripts = {"user1@x.test.dovecot.sieve": b"keep;\n"}
    place = "file:/usr/lib/dovecot/sieve-personal/user1@x.test.sieve"
    found = state(accounts=ACCOUNTS, overrides=scripts)
    assert rows(found, "userdb")["user1@x.test"] == f"userdb_sieve={place}"
    found = state({"ENABLE_MANAGESIEVE": "1"}, accounts=ACCOUNTS, overrides=scripts)
    assert rows(found, "userdb")["user1@x.test"] == f"userdb_sieve_default={place}"


@pytest.mark.shows("sieve-pipe/", "sieve-filter/")
def test_programs_are_executable_and_roots() -> None:
    """What lies in the two folders can be run whatever mode it has; what lies below keeps its own."""
    found = state(accounts=ACCOUNTS)
    programs = ("sieve-pipe/external-program", "sieve-filter/rot13", "sieve-pipe/lib/words.txt")
    overrides = {path: Override(path, b"x") for path in (*programs, "sieve-pipes/no")}
    found = State(replace(found.desired, overrides=overrides), found.observed)
    modes = {path: rendered(found, f"usr/lib/dovecot/{path}") for path in programs}
    assert [file.mode for file in modes.values()] == [0o755, 0o755, 0o644]
    assert {file.owner for file in modes.values()} == {"root:root"}
    assert "usr/lib/dovecot/sieve-pipes/no" not in render_node(found).files


@pytest.mark.shows("mail_crypt")
def test_keys_of_mailboxes_stay_with_their_session() -> None:
    """Mail processes are reused, but not where dovecot.cf encrypts mailboxes."""
    conf = "etc/dovecot/dovecot.conf"
    assert b"service imap {\n  service_count = 100\n" in rendered(state(), conf).content
    found = state(overrides={"dovecot.cf": b"plugin {\n  mail_crypt_save_version = 2\n}\n"})
    assert b"service imap {\n  service_count = 1\n" in rendered(found, conf).content


def test_whatever_people_configure_comes_after_reused_processes() -> None:
    """All of conf.d, mounted files too, and dovecot.cf are read later and win."""
    text = rendered(state(), "etc/dovecot/dovecot.conf").content.decode()
    assert (
        text.rindex("service_count") < text.index("!include conf.d") < text.index("!include_try local.conf")
    )
