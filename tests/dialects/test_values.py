"""Values: lists, pairs, references, files, places of mail, and fields of users."""

from __future__ import annotations

import pytest

from renderers.dovecot.dialects import location, quotas, userfields
from renderers.dovecot.dialects.translation import translate
from renderers.dovecot.dialects.variables import Untranslatable


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("auth_mechanisms = $auth_mechanisms xoauth2", "auth_mechanisms {\n  xoauth2 = yes\n}"),
        ("auth_mechanisms = plain login", "auth_mechanisms = plain login"),
        ("protocols = $protocols sieve", "protocols {\n  sieve = yes\n}"),
        ("mail_plugins = quota acl", "mail_plugins = quota acl"),
        ("mail_plugins = $mail_plugins", ""),
        ("imap_capability = +XFOO +XBAR", "imap_capability {\n  XFOO = yes\n  XBAR = yes\n}"),
        ("plugin {\n  sieve_extensions = +a -b\n}", "sieve_extensions {\n  a = yes\n  b = no\n}"),
        ("plugin {\n  sieve_extensions = fileinto\n}", "sieve_extensions = fileinto"),
        (
            "import_environment = $import_environment FOO=1 BAR",
            "import_environment {\n  FOO = 1\n  BAR = %{env:BAR}\n}",
        ),
        (
            "auth_policy_request_attributes = login=%{requested_username} remote=%{rip}",
            "auth_policy_request_attributes {\n  login = %{requested_username}\n  remote = %{remote_ip}\n}",
        ),
        (
            "service x {\n  user = $default_internal_user\n}",
            "service x {\n  user = $SET:default_internal_user\n}",
        ),
        ("ssl_client_ca_file = /etc/ca.pem", "ssl_client_ca_file = /etc/ca.pem"),
        ("ssl_ca = </etc/ca.pem", "ssl_server_ca_file = /etc/ca.pem"),
        ("ssl_ca =", "ssl_server_ca_file ="),
        ("ssl_key = < /etc/key # mine", "ssl_server_key_file = /etc/key # mine"),
        ("login_greeting = </etc/greeting", "login_greeting = </etc/greeting"),
        ("doveadm_password = a%u%{b}", "doveadm_password = a%u%%{b}"),
        ('mail_log_prefix = "%s(%u): "', 'mail_log_prefix = "%{service}(%{user}): "'),
        ("plugin {\n  quota_max_mail_size = 0\n}", "quota_mail_size = unlimited"),
        ("service imap {\n  service_count = 0\n}", "service imap {\n  restart_request_count = unlimited\n}"),
        (
            "plugin {\n  sieve = ~/.dovecot.sieve\n  sieve_dir = ~/scripts\n}",
            "sieve_script personal {\n  driver = file\n  path = ~/scripts"
            "\n  active_path = ~/.dovecot.sieve\n}",
        ),
        (
            "plugin {\n  acl = vfile:/etc/acl:cache_secs=60\n}",
            "acl_driver = vfile\nacl_global_path = /etc/acl\nacl_cache_ttl = 60 secs",
        ),
    ],
)
def test_a_value_becomes_this(old: str, new: str) -> None:
    """Each means the same in 2.4."""
    found = translate(f"{old}\n", "dovecot.cf")
    assert (found.problems, found.text.strip()) == ((), new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("maildir:~/Maildir", ["mail_driver = maildir", "mail_path = ~/Maildir"]),
        (
            "mbox:~/mail:INBOX=/var/mail/%u",
            ["mail_driver = mbox", "mail_path = ~/mail", "mail_inbox_path = /var/mail/%{user}"],
        ),
        (
            "mdbox:/m/%d:ALT=/alt/%d:ITERINDEX",
            [
                "mail_driver = mdbox",
                "mail_path = /m/%{user | domain}",
                "mail_alt_path = /alt/%{user | domain}",
                "mailbox_list_iter_from_index_dir = yes",
            ],
        ),
        ("dbox:/a::b", ["mail_driver = sdbox", "mail_path = /a:b"]),
        (
            "maildir:~/M:DIRNAME=x",
            [
                "mail_driver = maildir",
                "mail_path = ~/M",
                "mailbox_directory_name = x",
                "mailbox_directory_name_legacy = yes",
            ],
        ),
    ],
)
def test_a_place_of_mail_is_split(old: str, new: list[str]) -> None:
    """Each key of a location is a setting."""
    assert list(location.of_value(old)) == new


@pytest.mark.parametrize("value", ["", "~/mail", "auto:~/mail", "maildir:~/M:UNHEARD=x", "shared:%%u"])
def test_a_place_that_2_4_has_no_settings_for_is_refused(value: str) -> None:
    """Nothing is guessed about where mail lies."""
    with pytest.raises(Untranslatable):
        list(location.of_value(value))


@pytest.mark.parametrize(
    ("rule", "new"),
    [
        ("*:storage=1G", ["quota_storage_size = 1G"]),
        ("*:storage=512", ["quota_storage_size = 512K"]),
        ("*:storage=1048576B", ["quota_storage_size = 1048576B"]),
        ("*:storage=0", ["quota_storage_size = unlimited"]),
        ("*:storage=5M:messages=100", ["quota_storage_size = 5M", "quota_message_count = 100"]),
    ],
)
def test_a_rule_is_a_size_with_its_unit(rule: str, new: list[str]) -> None:
    """Without a unit 2.3 counts KiB, and 2.4 octets."""
    assert list(quotas.of_rule(rule)) == new


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("userdb_mail=mbox:~/mail", [("userdb_mail_driver", "mbox"), ("userdb_mail_path", "~/mail")]),
        ("userdb_quota_rule=*:storage=1G", [("userdb_quota_storage_size", "1G")]),
        ("userdb_sieve_default=file:/x.sieve", [("userdb_sieve_script/default/path", "/x.sieve")]),
        ("uid=5000 home:protected=/var/mail/%d", [("uid", "5000"), ("home:default", "/var/mail/%d")]),
        ("nopassword", [("nopassword", "yes")]),
        ("mail_max_userip_connections=3", [("mail_max_userip_connections", "3")]),
        ("", []),
    ],
)
def test_fields_of_users_get_the_names_of_2_4(old: str, new: list[tuple[str, str]]) -> None:
    """Those of 2.3 would be ignored, and mail would lie somewhere else."""
    assert list(userfields.words(old)) == new


def test_a_field_that_would_be_ignored_is_refused() -> None:
    """2.4 says nothing of it."""
    with pytest.raises(Untranslatable, match="ignores a field my_own"):
        list(userfields.words("my_own=1"))
