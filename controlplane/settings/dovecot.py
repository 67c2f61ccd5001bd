"""Settings of Dovecot: mailboxes and how users reach them."""

from __future__ import annotations

from typing import ClassVar, Literal

from controlplane.settings.field import Area, setting
from controlplane.settings.types import Switch


class Dovecot(Area):
    """Mailboxes, and the protocols to read them."""

    title: ClassVar[str] = "Dovecot"

    enable_imap: Switch = setting("1", consumers=("dovecot",), sample="0")
    """Offer IMAP on 143 and 993."""

    enable_pop3: Switch = setting("0", consumers=("dovecot",), sample="1")
    """Offer POP3 on 110 and 995."""

    enable_managesieve: Switch = setting("0", consumers=("dovecot",), sample="1")
    """Let users edit their own Sieve filters, by ManageSieve on port 4190.

    The script that a user activates goes before `config/<address>.dovecot.sieve`.
    """

    enable_quotas: Switch = setting("1", consumers=("dovecot", "postfix"), sample="0")
    """Limit mailboxes to the sizes in `config/dovecot-quotas.cf`, others to `POSTFIX_MAILBOX_SIZE_LIMIT`."""

    dovecot_mailbox_format: Literal["maildir", "sdbox", "mdbox"] = setting(
        "maildir",
        consumers=("dovecot",),
        sample="sdbox",
        risks={
            "sdbox": "hides mail that is stored in another format",
            "mdbox": "hides mail that is stored in another format",
        },
    )
    """How mail is stored: one file a message (`maildir`), or Dovecot's own `sdbox` and `mdbox`.

    Only `maildir` is well tried here. Mail is not converted when this changes.
    """

    dovecot_inet_protocols: Literal["all", "ipv4", "ipv6"] = setting(
        "all", consumers=("dovecot",), sample="ipv4"
    )
    """Which versions of the Internet protocol Dovecot listens on."""
