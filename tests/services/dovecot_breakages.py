"""The same for dovecot.cf: settings that doveconf passes, and what is said of each."""

from __future__ import annotations

from tests.services.breakages import DOVECOT, TABLES, Breakage


def _dovecot(what: str, text: str, said: str, line: int = 1) -> Breakage:
    return Breakage(what, DOVECOT, text, said, line)


CASES: tuple[Breakage, ...] = (
    _dovecot(
        "a certificate that is not there",
        "# ours\nssl_server_cert_file = /etc/none.pem\n",
        "/etc/none.pem does not exist",
        2,
    ),
    _dovecot(
        "a key that is not there",
        "ssl_server_key_file = /etc/none.key\n",
        "ssl_server_key_file: /etc/none.key does not exist",
    ),
    _dovecot(
        "a key of another certificate, for one name",
        f"local_name mail.example.org {{\n  ssl_server_cert_file = {TABLES}/a.pem\n"
        f"  ssl_server_key_file = {TABLES}/b.key\n}}\n",
        "ssl_server_key_file: certificate and key cannot be used together",
        3,
    ),
    _dovecot("a folder where a file should be", f"ssl_server_ca_file = {TABLES}/folder\n", "is not a file"),
    _dovecot(
        "authorities in a folder that is not there",
        "ssl_client_ca_dir = /etc/none\n",
        "the folder /etc/none does not",
    ),
    _dovecot("an include that is not there", "!include /etc/none.conf\n", "No matches"),
    _dovecot(
        "a protocol that is not here", "# ours\nprotocols = imap lmtp jmap\n", "Unknown protocol: jmap", 2
    ),
    _dovecot(
        "a plugin that is not here",
        "mail_plugins {\n  fts_lucene = yes\n}\n",
        "there is no plugin fts_lucene",
        2,
    ),
    _dovecot(
        "a list of users that is not there",
        "passdb more {\n  driver = passwd-file\n  passwd_file_path = /etc/none/users\n}\n",
        "passwd_file_path: /etc/none/users does not exist",
        3,
    ),
    _dovecot(
        "a list of users that only root may read",
        f"passdb more {{\n  driver = passwd-file\n  passwd_file_path = {TABLES}/secret\n}}\n",
        "may not be read by the user dovecot",
        3,
    ),
    _dovecot(
        "a directory server without an address",
        "userdb people {\n  driver = ldap\n}\n",
        "ldap needs ldap_uris",
        2,
    ),
    _dovecot(
        "a program for log-ins that is not there",
        "passdb own {\n  driver = lua\n  lua_file = /etc/dovecot/none.lua\n}\n",
        "lua_file: /etc/dovecot/none.lua does not exist",
        3,
    ),
    _dovecot(
        "a database whose driver is not here",
        "passdb people {\n  driver = sql\n  sql_driver = mysql\n}\n",
        "the image has no driver for mysql",
        3,
    ),
    _dovecot(
        "a program that is not there",
        "service quota-warning {\n  executable = script /usr/local/bin/none.sh\n}\n",
        "/usr/local/bin/none.sh is not a program that can be run",
        2,
    ),
    _dovecot(
        "a program that may not be run",
        f"service imap-postlogin {{\n  executable = script-login {TABLES}/routes\n}}\n"
        f"service imap {{\n  executable = {TABLES}/routes imap-postlogin\n}}\n",
        f"{TABLES}/routes is not a program that can be run",
        5,
    ),
    _dovecot(
        "a program for sending that is not there",
        "postmaster_address = you@example.test\nsendmail_path = /usr/sbin/sendmial -i\n",
        "/usr/sbin/sendmial is not a program that can be run",
        2,
    ),
    _dovecot("a user that nobody is", "service auth {\n  user = nobodyx\n}\n", "there is no user nobodyx", 2),
    _dovecot(
        "a socket for a group that nobody is in",
        "service lmtp {\n  unix_listener lmtp {\n    group = postfixx\n  }\n}\n",
        "there is no group postfixx",
        3,
    ),
    _dovecot(
        "a socket in a folder that is not there",
        "service lmtp {\n  unix_listener /nowhere/lmtp {\n    mode = 0666\n  }\n}\n",
        "the folder /nowhere does not exist",
        2,
    ),
    _dovecot(
        "mail where its owner may not write",
        "mail_path = /srv/%{user | domain}/%{user | username}\n",
        "/srv may not be written",
    ),
    _dovecot("mail below a file", f"mail_path = {TABLES}/routes/%{{user}}\n", "routes is not a folder"),
    _dovecot(
        "indexes where nobody may write",
        "mail_index_path = /etc/indexes/%{user}\n",
        "/etc may not be written by the owner of mail",
    ),
    _dovecot("a format that is not known", "mail_driver = maildr\n", "maildr is not a format"),
    _dovecot("a mechanism that is not here", "auth_mechanisms = plain logn\n", "there is no mechanism logn"),
    _dovecot(
        "a quota of nobody's", "quota Mine {\n  driver = counte\n}\n", "there is no quota driver counte", 2
    ),
    _dovecot(
        "a script that is not there",
        "sieve_script first {\n  type = before\n  path = /etc/none/first.sieve\n}\n",
        "path: /etc/none/first.sieve does not exist",
        3,
    ),
    _dovecot(
        "a log in a folder that is not there",
        "log_path = /nowhere/log\n",
        "the folder /nowhere does not exist",
    ),
    _dovecot(
        "one mailbox for all, by a variable of older versions",
        "mail_path = /var/mail/%d/%n\n",
        "%d is no variable of Dovecot 2.4",
    ),
    _dovecot(
        "a name of older versions for what was set before",
        "auth_mechanisms = $auth_mechanisms xoauth2\n",
        "$auth_mechanisms is no variable of Dovecot 2.4",
    ),
    _dovecot(
        "a default by its name in older versions",
        "service auth {\n  user = $default_internal_user\n}\n",
        "write $SET:default_internal_user",
        2,
    ),
    _dovecot(
        "capabilities that replace all others",
        "imap_capability = +XWISH\n",
        "a + adds nothing in Dovecot 2.4",
    ),
    _dovecot(
        "a certificate as older versions name it",
        f"ssl_server_cert_file = <{TABLES}/a.pem\n",
        "the path of the file stands here, without <",
    ),
    _dovecot(
        "a field of older versions",
        "userdb more {\n  driver = static\n  fields {\n    quota_rule = *:storage=1G\n  }\n}\n",
        "it has quota_storage_size",
        4,
    ),
)
