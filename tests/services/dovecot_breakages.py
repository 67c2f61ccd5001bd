"""The same for dovecot.cf: settings that doveconf passes, and what is said of each."""

from __future__ import annotations

from tests.services.breakages import DOVECOT, TABLES, Breakage


def _dovecot(what: str, text: str, said: str, line: int = 1) -> Breakage:
    return Breakage(what, DOVECOT, text, said, line)


CASES: tuple[Breakage, ...] = (
    _dovecot(
        "a certificate that is not there",
        "# ours\nssl_cert = </etc/none.pem\n",
        "/etc/none.pem does not exist",
        2,
    ),
    _dovecot(
        "a key that is not there", "ssl_key = </etc/none.key\n", "ssl_key: /etc/none.key does not exist"
    ),
    _dovecot(
        "a key of another certificate, for one name",
        f"local_name mail.example.org {{\n  ssl_cert = <{TABLES}/a.pem\n  ssl_key = <{TABLES}/b.key\n}}\n",
        "ssl_key: certificate and key cannot be used together",
        3,
    ),
    _dovecot("a folder where a file should be", f"ssl_ca = <{TABLES}/folder\n", "is not a file"),
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
        "mail_plugins = $mail_plugins fts_lucene\n",
        "there is no plugin fts_lucene",
    ),
    _dovecot(
        "a list of users that is not there",
        "passdb {\n  driver = passwd-file\n  args = username_format=%u /etc/none/users\n}\n",
        "args: /etc/none/users does not exist",
        3,
    ),
    _dovecot(
        "a list of users that only root may read",
        f"passdb {{\n  driver = passwd-file\n  args = {TABLES}/secret\n}}\n",
        "may not be read by the user dovecot",
        3,
    ),
    _dovecot(
        "a directory server in a file that is not there",
        "userdb {\n  driver = ldap\n  args = /etc/dovecot/none.conf.ext\n}\n",
        "args: /etc/dovecot/none.conf.ext does not exist",
        3,
    ),
    _dovecot(
        "a database whose driver is not here",
        f"passdb {{\n  driver = sql\n  args = {TABLES}/database\n}}\n",
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
        "mail_location = maildir:/srv/%d/%n\n",
        "/srv may not be written",
    ),
    _dovecot(
        "mail below a file", f"mail_location = maildir:{TABLES}/routes/%d/%n\n", "routes is not a folder"
    ),
    _dovecot(
        "indexes where nobody may write",
        "mail_location = maildir:/var/mail/%d/%n:INDEX=/etc/indexes/%u\n",
        "/etc may not be written by the owner of mail",
    ),
    _dovecot(
        "a format that is not known", "mail_location = maildr:/var/mail/%d/%n\n", "maildr is not a format"
    ),
    _dovecot("a mechanism that is not here", "auth_mechanisms = plain logn\n", "there is no mechanism logn"),
    _dovecot(
        "a quota of nobody's", "plugin {\n  quota = counte:User\n}\n", "there is no quota backend counte", 2
    ),
    _dovecot(
        "a script that is not there",
        "plugin {\n  sieve_before2 = /etc/none/first.sieve\n}\n",
        "sieve_before2: /etc/none/first.sieve does not exist",
        2,
    ),
    _dovecot(
        "a log in a folder that is not there",
        "log_path = /nowhere/log\n",
        "the folder /nowhere does not exist",
    ),
)
