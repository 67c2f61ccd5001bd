"""Whole texts: which dialect they are in, and what stands where for 2.4."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderers.dovecot.dialects.fates import Refused
from renderers.dovecot.dialects.table import ROWS
from renderers.dovecot.dialects.translation import Dialect, Translation, translate
from tests.dialects.samples import text

OWN = """\
# Mine
disable_plaintext_auth=no   # for a test

plugin { # of ours
  # all folders
  quota_rule = *:storage=1G
  quota_warning = storage=95%% quota-warning 95 %u
  zlib_save = zstd
}
mail_plugins = $mail_plugins \\
   # compression
   zlib
passdb {
  driver = passwd-file
  args = username_format=%Lu /etc/users
}
"""
NEW = """\
# Mine
auth_allow_cleartext = yes # for a test

# of ours
# all folders
quota_storage_size = 1G
quota "User quota" {
  warning quota_warning {
    quota_storage_percentage = 95
    execute quota-warning {
      args = 95 %{user}
    }
  }
}
mail_compress_write_method = zstd
# compression
mail_plugins {
  mail_compress = yes
}
passdb dovecot-1 {
  driver = passwd-file
  auth_username_format = %{user | lower}
  passwd_file_path = /etc/users
}
"""


def said(translation: Translation) -> list[tuple[int, str]]:
    """Lines and words of the problems."""
    return [(problem.line, problem.message) for problem in translation.problems]


def test_comments_and_order_stay() -> None:
    """A translated file is the file that a person wrote, line by line."""
    found = translate(OWN, "config/dovecot.cf")
    assert (found.dialect, found.problems, found.text) == (Dialect.OLD, (), NEW)


def test_each_line_knows_what_became_of_it() -> None:
    """Old and new can be shown side by side."""
    pieces = translate(OWN, "dovecot.cf").pieces
    assert "\n".join(line for piece in pieces for line in piece.old) == OWN
    assert [piece.number for piece in pieces][:9] == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert pieces[5].new == ("quota_storage_size = 1G",)
    assert (pieces[9].number, len(pieces[9].old)) == (10, 3)


@pytest.mark.parametrize(
    ("content", "dialect"),
    [
        ("", Dialect.BOTH),
        ("mail_max_userip_connections = 100\n", Dialect.BOTH),
        ("service imap {\n  client_limit = 1\n}\n", Dialect.BOTH),
        ('log_timestamp = "%b %d %H:%M:%S "\n', Dialect.BOTH),
        ("protocol imap {\n  mail_max_userip_connections = 30\n}\n", Dialect.BOTH),
        ("ssl_cert = </etc/x\n", Dialect.OLD),
        ("service imap {\n  service_count = 1\n}\n", Dialect.OLD),
        ("plugin {\n}\n", Dialect.OLD),
        ("mail_home = /var/mail/%d/%n\n", Dialect.OLD),
        ("mail_plugins = $mail_plugins acl\n", Dialect.OLD),
        ("imap_capability = +XFOO\n", Dialect.OLD),
        ("dovecot_config_version = 2.4.1\n", Dialect.NEW),
        ("mail_plugins {\n  acl = yes\n}\n", Dialect.NEW),
        ("ssl_server_cert_file = /etc/x\n", Dialect.NEW),
        ("mail_home = /var/mail/%{user | domain}\n", Dialect.NEW),
        ("service imap {\n  restart_request_count = 1\n}\n", Dialect.NEW),
        ("mailbox Trash {\n  fts_autoindex = no\n}\n", Dialect.NEW),
    ],
)
def test_the_dialect_is_read_from_the_text(content: str, dialect: Dialect) -> None:
    """One setting, block or form of value that only one of them knows is enough."""
    found = translate(content, "dovecot.cf")
    assert (found.dialect, found.problems) == (dialect, ())
    assert dialect is Dialect.OLD or found.text == content


def test_a_mixture_is_refused_with_both_lines() -> None:
    """Neither version would read it."""
    found = translate("quota_storage_size = 1G\nssl = yes\ndisable_plaintext_auth = no\n", "dovecot.cf")
    ((line, message),) = said(found)
    assert line == 3
    assert "line 3 is written for Dovecot 2.3 (disable_plaintext_auth = no)" in message
    assert "line 1 for 2.4 (quota_storage_size = 1G)" in message


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("mail_home = /var/mail/%d/%n", "%d is text to Dovecot 2.4"),
        ("mail_plugins = $mail_plugins quota", "$mail_plugins is text to Dovecot 2.4"),
        ("auth_mechanisms = $auth_mechanisms xoauth2", "$auth_mechanisms is text to Dovecot 2.4"),
        ("imap_capability = +XFOO", "all of imap_capability is replaced"),
        ("sieve_extensions = +editheader", "all of sieve_extensions is replaced"),
        ("ssl_server_cert_file = </etc/cert", "ssl_server_cert_file is a path"),
        ("mail_inbox_path =", "moves every INBOX"),
        ("mail_path = /x/%{user", "has no end"),
        ("dovecot_config_version = 2.4.0", "the configuration of this server is 2.4.1's"),
        ("login_greeting = $hostname ready", "$hostname is text"),
        ("passdb own {\n  fields {\n    quota_rule = *:storage=1G\n  }\n}", "ignores a field quota_rule"),
        ("userdb own {\n  fields {\n    mail = maildir:~/x\n  }\n}", "ignores a field mail"),
        ("userdb own {\n  fields {\n    unheard_of = 1\n  }\n}", "ignores a field unheard_of"),
        ("unheard_of = 1", "neither Dovecot 2.3 nor 2.4"),
        ("fts {\n}", "needs a name"),
    ],
)
def test_texts_of_2_4_are_checked_too(line: str, words: str) -> None:
    """What 2.4 takes without a word and does wrong is refused with its line."""
    found = translate(f"quota_storage_size = 1G\n{line}\n", "dovecot.cf")
    assert any(words in message for _, message in said(found))
    assert all(number >= 2 for number, _ in said(found))


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        ("plugin {\n  quota_grace = 10%%\n}\n", 2, "no grace in percent"),
        ("plugin {\n  quota_rule2 = Trash:storage=+100M\n}\n", 2, "a rule for one folder"),
        ("plugin {\n  my_own = 1\n}\n", 2, "neither Dovecot 2.3 nor 2.4"),
        ("replicator_host = x\nssl = yes\n", 1, "replication is gone"),
        ("service replicator {\n}\n", 1, "no service replicator"),
        ("mail_plugins = $mail_plugins replication\n", 1, "no plugin replication"),
        (
            "passdb {\n  driver = ldap\n  args = /etc/dovecot/dovecot-ldap.conf.ext\n}\n",
            3,
            "no file of settings",
        ),
        ("passdb {\n  driver = shadow\n}\n", 2, "no driver shadow"),
        ("userdb {\n  driver = static\n  args = uid=5000 my_own=1\n}\n", 3, "ignores a field my_own"),
        ("namespace {\n  location = maildir:%%h/Maildir\n}\n", 2, "shared namespaces"),
        ("dict {\n  quota = pgsql:/etc/x\n}\n", 2, "dictionaries have settings of their own"),
        ("mail_location =\nssl_cert = </x\n", 1, "does not find out"),
        ("ssl_cert = inline\n", 1, "holds its content"),
        ("plugin {\n  fts_languages = en de\n}\n", 2, "languages are blocks"),
        ("login_greeting = $unheard_of\nssl_cert = </x\n", 1, "no same setting"),
        ("plugin {\n", 1, "has no end"),
        ("plugin {\n  xaps_config = url=x\n}\n", 2, "somebody else's"),
    ],
)
def test_what_has_no_equivalent_is_refused(content: str, line: int, words: str) -> None:
    """With its line, the reason and what to do."""
    found = translate(content, "dovecot.cf")
    assert (line, True) in [(number, words in message) for number, message in said(found)]
    assert all(problem.cure for problem in found.problems)


def test_switches_of_the_log_add_up() -> None:
    """Each one of 2.3 adds to the log; the filter of 2.4 is one."""
    found = translate("auth_debug = yes\nmail_debug = no\nverbose_ssl = yes\n", "dovecot.cf")
    assert found.text == "log_debug = category=auth\nlog_debug = category=auth OR category=ssl\n"


def test_blocks_without_a_name_get_one_of_the_file() -> None:
    """Two files have different ones."""
    found = translate(
        "userdb {\n  driver = prefetch\n}\npassdb {\n  driver = pam\n}\n", "conf.d/auth-own.conf.ext"
    )
    assert [line for line in found.text.splitlines() if "{" in line] == [
        "userdb auth-own-1 {",
        "passdb auth-own-1 {",
    ]


_SAMPLES = [text(row) for row in ROWS if not isinstance(row.fate, Refused)]
_ANY = [text(row) for row in ROWS]


@given(st.lists(st.sampled_from(_SAMPLES), max_size=12).map("".join))
def test_known_settings_become_a_text_of_2_4(content: str) -> None:
    """Any file of settings that have an equivalent is translated, and the result is read as 2.4's."""
    found = translate(content, "dovecot.cf")
    assert found.problems == ()
    again = translate(found.text, "dovecot.cf")
    assert (again.problems, again.text) == ((), found.text)
    assert again.dialect is not Dialect.OLD


@given(st.lists(st.sampled_from(_ANY), max_size=12).map("".join))
def test_any_file_of_2_3_is_translated_or_refused_with_lines(content: str) -> None:
    """No line goes missing, and each problem is at one."""
    found = translate(content, "dovecot.cf")
    assert "\n".join(line for piece in found.pieces for line in piece.old) == content
    lines = content.count("\n")
    assert all(1 <= problem.line <= lines and problem.cure for problem in found.problems)


@given(st.text(alphabet='ab_%$uL{}="\\# \n<+', max_size=60))
def test_any_text_is_read(content: str) -> None:
    """Whatever is pushed gets an answer."""
    found = translate(content, "dovecot.cf")
    assert "\n".join(line for piece in found.pieces for line in piece.old) == content


def test_a_line_that_means_two_things_is_the_files() -> None:
    """`alias_for` is a prefix to 2.3 and a name to 2.4: a file that says that it is 2.4's is believed."""
    block = "namespace own {\n  alias_for = other\n}\n"
    found = translate(block, "dovecot.cf")
    assert (found.dialect, [problem.line for problem in found.problems]) == (Dialect.OLD, [2])
    assert "dovecot_config_version = 2.4.1" in found.problems[0].cure
    found = translate(f"dovecot_config_version = 2.4.1\n{block}", "dovecot.cf")
    assert (found.dialect, found.problems) == (Dialect.NEW, ())


def test_what_is_included_is_told() -> None:
    """Another file's dialect is its own."""
    found = translate(
        "!include /tmp/docker-mailserver/more.conf\ndisable_plaintext_auth = no\n", "dovecot.cf"
    )
    assert found.problems == ()
    assert [notice.line for notice in found.notices] == [1]
    assert "/tmp/docker-mailserver/more.conf" in found.notices[0].message


def test_a_default_that_is_one_already_stays_one() -> None:
    """`:protected` is `:default` now, and no field has both."""
    found = translate(
        "userdb {\n  driver = passwd\n  default_fields = home:protected=/x uid=5\n}\n", "dovecot.cf"
    )
    assert "home:default = /x" in found.text
    assert "uid:default = 5" in found.text
