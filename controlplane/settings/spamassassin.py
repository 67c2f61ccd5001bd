"""Settings of SpamAssassin, which works within Amavis."""

from __future__ import annotations

from typing import ClassVar

from controlplane.settings.field import Area, setting
from controlplane.settings.types import Score, Switch

ON = {"ENABLE_AMAVIS": "1", "ENABLE_SPAMASSASSIN": "1"}


class SpamAssassin(Area):
    """The classic spam filter; Amavis acts on the scores that it gives."""

    title: ClassVar[str] = "SpamAssassin"

    enable_spamassassin: Switch = setting("0", sample="1", requires={"ENABLE_AMAVIS": "1"})
    """Score incoming mail with SpamAssassin."""

    enable_spamassassin_kam: Switch = setting("0", sample="1", requires=ON)
    """Add the KAM rules of the McGrail Foundation to SpamAssassin's own."""

    spamassassin_spam_to_inbox: Switch = setting(
        "1", sample="0", requires=ON, risks={"0": "bounces what is taken for spam"}
    )
    """Deliver what reaches `SA_KILL` all the same; with `0` it is bounced, and may be lost unnoticed."""

    sa_tag: Score = setting("2.0", sample="3.0", requires=ON)
    """From this score on a message gets headers that tell its score."""

    sa_tag2: Score = setting("6.31", sample="7.0", requires=ON)
    """From this score on a message is marked as spam."""

    sa_kill: Score = setting("10.0", sample="12.0", requires=ON)
    """From this score on a copy is quarantined, and `SPAMASSASSIN_SPAM_TO_INBOX` decides on the message."""

    sa_shortcircuit_bayes_spam: Switch = setting("0", sample="1", requires=ON)
    """Stop at once where the Bayes filter is sure of spam; only with a well trained one."""

    sa_shortcircuit_bayes_ham: Switch = setting("0", sample="1", requires=ON)
    """Stop at once where the Bayes filter is sure of good mail; only with a well trained one."""
