"""Settings of what happens to mail that was found to be spam."""

from __future__ import annotations

from typing import ClassVar

from controlplane.settings.field import Area, setting
from controlplane.settings.types import Switch, Text

RSPAMD = {"ENABLE_RSPAMD": "1"}


class Junk(Area):
    """Spam that is delivered: mail with `X-Spam: Yes` (Rspamd) or `X-Spam-Flag: YES` (SpamAssassin)."""

    title: ClassVar[str] = "Spam"

    move_spam_to_junk: Switch = setting("1", consumers=("dovecot",), sample="0", requires=RSPAMD)
    """Deliver spam to the Junk folder instead of the inbox."""

    mark_spam_as_read: Switch = setting("0", consumers=("dovecot",), sample="1", requires=RSPAMD)
    """Mark spam as read, so that no mail program announces it."""

    spam_subject: Text = setting(consumers=("dovecot",), sample="[SPAM] ", requires=RSPAMD)
    """What to put before the subject of spam. Quotes keep a space at its end: `SPAM_SUBJECT='[SPAM] '`."""
