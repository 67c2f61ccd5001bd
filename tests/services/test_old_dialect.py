"""Words of Dovecot 2.3 that 2.4 takes without a word."""

from __future__ import annotations

import pytest

from services.dovecot.old_dialect import old_words
from services.dovecot.rows import sections


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mail_path = /var/mail/%d/%n\n", "%d is no variable of Dovecot 2.4: write %{user} or such"),
        ("auth_username_format = %Lu\n", "%Lu is no variable"),
        ("mail_plugins = $mail_plugins quota\n", "write mail_plugins { }, which adds to what is there"),
        ("user = $default_internal_user\n", "write $SET:default_internal_user"),
        ("imap_capability = +XWISH\n", "a + adds nothing"),
        ("sieve_extensions = +editheader\n", "a + adds nothing"),
        ("userdb a {\n  fields {\n    quota_rule:default = *:storage=1G\n  }\n}\n", "quota_storage_size"),
        ("userdb a {\n  fields {\n    mail = mbox:~/mail\n  }\n}\n", "mail_driver and mail_path"),
        ("mail_path = /var/mail/%{user | domain | lower}/%{user}\n", ""),
        ("log_timestamp = %b %d %H:%M:%S \n", ""),
        ("login_greeting = 100%% and more, 5% up\n", ""),
        ("fts_solr_url = http://user:p%2Fw@solr.test/\n", ""),
        ("ldap_auth_dn_password = +pa $word\n", ""),
        ("user = $SET:default_internal_user\n", ""),
    ],
)
def test_what_means_something_else_is_told(text: str, said: str) -> None:
    """With what to write; what only looks like it passes."""
    found = [each for section in sections(text) for each in old_words(section, None)]
    assert len(found) == bool(said)
    assert not said or said in found[0].reason
