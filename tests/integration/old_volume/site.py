"""The server whose volumes these are: its people, its config folder, what was mounted into it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
CONF_D = "/etc/dovecot/conf.d"
MOUNTS = {
    "10-plugin.conf": f"{CONF_D}/10-plugin.conf:ro",
    "10-custom.conf": f"{CONF_D}/10-custom.conf:ro",
    "15-mailboxes.conf": f"{CONF_D}/15-mailboxes.conf:ro",
    "certs": "/certs:ro",
}
"""Search, encryption, folders of one's own over ours, and the keys, as the guides have them."""
SETTINGS = {
    "ENABLE_RSPAMD": "0",
    "ENABLE_CLAMAV": "0",
    "ENABLE_MANAGESIEVE": "1",
    "ENABLE_POP3": "1",
    "SSL_TYPE": "self-signed",
}
"""What the environment pins."""
ENV = "POSTFIX_MAILBOX_SIZE_LIMIT=50000000\nPOSTMASTER_ADDRESS=user01@example.test\n"
"""mailserver.env from some day on."""
FORMATS = ("maildir", "sdbox", "mdbox")
HASH = (
    "{SHA512-CRYPT}$6$qNef4hAN6rT36khu$Z6l/TjTstetTrcUGvaAOZU6TK0Zxo.YJpjunZOFiEBCzZSYNeBdaoM"
    "/D4.S2Rdp.2IpJE3Xz9720DXUk7cGg5."
)
OLD_HASH = "{MD5-CRYPT}$1$hZToOtNM$X4Qv/1lGaXvmU3syPPJrk0"
"""Both of the tests' usual password."""
CHIEF, OLD_CHIEF = "chief", "old-chief"


class Person(NamedTuple):
    """An account: its number, its address, and how its mail is kept."""

    number: int
    address: str
    format: str

    @property
    def line(self) -> str:
        """Of postfix-accounts.cf. The server's own format needs no attribute."""
        user, _, domain = self.address.rpartition("@")
        place = f"|userdb_mail={self.format}:/var/mail/{domain}/{user}" if self.format != "maildir" else ""
        return f"{self.address}|{OLD_HASH if self.number == 50 else HASH}{place}\n"

    @property
    def compressed(self) -> bool:
        """Whether some of its mail is (zstd)."""
        return self.number <= 12

    @property
    def encrypted(self) -> bool:
        """Whether some of its mail is, too (mail_crypt); it is compressed and searched then as well."""
        return self.number <= 6


PEOPLE = tuple(
    Person(
        number, f"user{number:02}@{'example' if number <= 40 else 'second'}.test", FORMATS[(number - 1) % 3]
    )
    for number in range(1, 51)
)
FILTERED, SCRIPTED = PEOPLE[0], PEOPLE[1]
"""Who has a Sieve script on `main`, and who one of their own."""

FILES = {
    "postfix-accounts.cf": "".join(person.line for person in PEOPLE),
    "postfix-virtual.cf": (
        "info@example.test user01@example.test,user02@example.test\n@third.test info@example.test\n"
    ),
    "postfix-regexp.cf": "/^test[0-9]+@example\\.test$/ user03@example.test\n",
    "dovecot-quotas.cf": "user01@example.test:10M\nuser02@example.test:0\nuser03@example.test:2G\n",
    "dovecot-masters.cf": f"{OLD_CHIEF}|{OLD_HASH}\n",
    "before.dovecot.sieve": (
        'require ["fileinto", "imap4flags"];\n'
        'if exists "X-Old-List" { addflag "$Listed"; fileinto "Lists"; }\n'
    ),
    f"{FILTERED.address}.dovecot.sieve": (
        'require ["fileinto"];\nif header :contains "X-Old" "main" { fileinto "Filtered"; }\n'
    ),
    "dovecot.cf": "mail_max_userip_connections = 33\n",
    "postfix-main.cf": "max_idle = 99s\nsmtpd_use_tls = yes\n",
    "postfix-master.cf": (
        "submission/inet/smtpd_client_connection_count_limit=20\n"
        "2526 inet n - n - - smtpd\n  -o syslog_name=postfix/own\n"
    ),
    "user-patches.sh": "#!/bin/bash\npostconf -e 'delay_warning_time = 5h'\n",
}
"""The config folder before the first start."""
COMPRESSING = """\
mail_max_userip_connections = 33
mail_plugins = $mail_plugins zlib
protocol imap {
  mail_plugins = $mail_plugins zlib
}
protocol pop3 {
  mail_plugins = $mail_plugins zlib
}
protocol lmtp {
  mail_plugins = $mail_plugins zlib
}
plugin {
  zlib_save = zstd
}
"""
"""dovecot.cf from some day on."""
OWN_SCRIPT = 'require ["fileinto"];\nif header :contains "X-Old" "own" { fileinto "Personal"; }\n'


def mounts() -> dict[str, str]:
    """What was mounted, as volumes of a container."""
    return {str(HERE / "mounts" / name): place for name, place in MOUNTS.items()}
