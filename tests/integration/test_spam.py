"""Rspamd decides what comes in: rejected, into Junk, or through."""

from __future__ import annotations

import smtplib
from pathlib import Path

import pytest

from tests.integration import clients
from tests.integration.server import Server

GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
"""The string that every filter has to take for spam (the generic test for unsolicited bulk email)."""
RSPAMD_JUNK = "YJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
"""Rspamd's own variant of it: a header is added, as for spam below the line of rejection."""
OPTIONS = "config/rspamd/override.d/options.inc"


@pytest.mark.shows("rspamd", "ENABLE_RSPAMD")
def test_gtube_is_rejected(rspamd_server: Server) -> None:
    """Spam above the line is refused in the SMTP session itself."""
    user = rspamd_server.add_account("spam1@example.test")
    with pytest.raises(smtplib.SMTPDataError) as refused:
        rspamd_server.deliver(user, body=GTUBE)
    assert refused.value.smtp_code == 554


@pytest.mark.shows("MOVE_SPAM_TO_JUNK", "rspamd", "rspamd/override.d/")
def test_likely_spam_goes_to_junk(rspamd_server: Server, tmp_path: Path) -> None:
    """What gets a header only is delivered into the folder Junk."""
    clone = rspamd_server.clone(tmp_path / "clone")
    push = clone.change(OPTIONS, "enable_test_patterns = true;\n", "Know the test patterns")
    assert push.accepted, push.said
    rspamd_server.must("mailctl", "status", "--wait", str(rspamd_server.status()["release"]))
    user = rspamd_server.add_account("spam2@example.test")
    made = rspamd_server.deliver(user, body=RSPAMD_JUNK)
    stored = rspamd_server.wait_for_mail(user, made, folder="Junk")
    assert "X-Spam" in stored


@pytest.mark.shows("rspamd")
def test_good_mail_passes_the_filter(rspamd_server: Server) -> None:
    """A message of a logged-in user arrives in the inbox."""
    sender = rspamd_server.add_account("ham1@example.test")
    recipient = rspamd_server.add_account("ham2@example.test")
    made = clients.message(sender, recipient, "The minutes of our meeting.")
    with rspamd_server.submissions(sender) as session:
        session.send_message(made)
    rspamd_server.wait_for_mail(recipient, made)


@pytest.mark.shows("rspamd")
def test_nothing_passes_unscanned_while_rspamd_is_away(rspamd_server: Server) -> None:
    """Without the filter mail is deferred, and taken again when it is back."""
    user = rspamd_server.add_account("spam3@example.test")
    rspamd_server.must("supervisorctl", "stop", "rspamd")
    try:
        with pytest.raises((smtplib.SMTPException,)) as refused:
            rspamd_server.deliver(user)
        assert "4" in str(refused.value)
    finally:
        rspamd_server.must("supervisorctl", "start", "rspamd")
        rspamd_server.wait_healthy()
    rspamd_server.wait_for_mail(user, rspamd_server.deliver(user))
