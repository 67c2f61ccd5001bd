"""Fields of accounts in the dialect of Dovecot 2.4."""

from __future__ import annotations

import pytest

from renderers.dovecot.fields import limit, translated


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", ""),
        ("nologin allow_nets=192.0.2.0/24", "nologin allow_nets=192.0.2.0/24"),
        ("userdb_mail=mbox:~/mail", "userdb_mail_driver=mbox userdb_mail_path=~/mail"),
        (
            "userdb_mail=mdbox:/srv/%Ld/%n:INDEX=/idx/%u:LAYOUT=fs",
            "userdb_mail_driver=mdbox userdb_mail_path=/srv/%{user|domain|lower}/%{user|username}"
            " userdb_mail_index_path=/idx/%{user} userdb_mailbox_list_layout=fs",
        ),
        ("userdb_mail=maildir:%h/Maildir", "userdb_mail_driver=maildir userdb_mail_path=~/Maildir"),
        ("userdb_home=/srv/%d/%n", "userdb_home=/srv/%{user|domain}/%{user|username}"),
        (
            "userdb_quota_rule=*:storage=512",
            "userdb_quota_storage_size=524288B userdb_quota_storage_grace=52428B",
        ),
        ("userdb_quota_rule=*:bytes=5M", limit("5M")),
        (
            "userdb_quota_rule=*:storage=0",
            "userdb_quota_storage_size=unlimited userdb_quota_storage_grace=0B",
        ),
        ("userdb_quota_rule2=Trash:storage=+10%", "userdb_quota_rule2=Trash:storage=+10%"),
        (
            "userdb_sieve=file:~/own.sieve;active=~/.active",
            "userdb_sieve_script/personal/path=~/own.sieve"
            " userdb_sieve_script/personal/active_path=~/.active",
        ),
        ("userdb_sieve_default=/srv/all.sieve", "userdb_sieve_script/default/path=/srv/all.sieve"),
        ("userdb_mail_path=~/boxes userdb_quota_storage_size=1G",) * 2,
    ],
)
def test_fields_of_older_versions_are_translated(old: str, new: str) -> None:
    """Each in its place; what is of this version, and what nobody can translate, stays."""
    assert translated(old) == new
