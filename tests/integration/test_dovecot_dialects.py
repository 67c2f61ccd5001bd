"""A dovecot.cf of Dovecot 2.3 serves on 2.4 as it did, and is written for 2.4 by a command."""

from __future__ import annotations

import pytest

from tests.integration.edits import put
from tests.integration.server import Clone, Server

OWN = "config/dovecot.cf"
USER = "user1@example.com"
OLD = """\
# ours, since 2.3
mail_max_userip_connections = 30
auth_debug = no
mail_plugins = $mail_plugins zlib
imap_capability = +XOWN
mail_log_prefix = "%s(%u)<%{pid}><%{session}>: "
plugin {
  quota_rule = *:storage=5M
  quota_warning2 = storage=70%% quota-warning 70 %u
  zlib_save = gz
  sieve_max_redirects = 7
}
namespace inbox {
  mailbox Archive {
    auto = subscribe
    special_use = \\Archive
  }
}
"""


pytestmark = pytest.mark.integration


@pytest.mark.shows("dovecot.cf")
def test_a_file_of_2_3_serves_as_it_did(boxes: Server, boxes_clone: Clone) -> None:
    """Its folder, limit and capability are there; the plan shows old and new; the command writes it so."""
    said = put(boxes, boxes_clone, {OWN: OLD})
    assert "mail_plugins = $mail_plugins zlib → mail_plugins { mail_compress = yes }" in said
    with boxes.imap(USER) as session:
        assert "XOWN" in session.capability()[1][0].decode()
        listed = b" ".join(line for line in session.list()[1] if isinstance(line, bytes))
        assert b"\\Archive" in listed
        limit = session.getquotaroot("INBOX")[1][1][0]
        assert isinstance(limit, bytes)
        assert b" 5120)" in limit
    text = boxes.must("doveconf", "-n")
    assert "warning quota_warning2" in text
    assert text.count("args = 70 %{user}") == 1
    assert "args = 80 %{user}" not in text
    before = boxes.must("cat", "/etc/dovecot/local.conf")
    boxes.must("mailctl", "dovecot", "upgrade", "--reason", "new Dovecot")
    assert boxes.must("git", "-C", "/var/mail-state/state.git", "show", f"main:{OWN}") == before
    assert boxes.must("cat", "/etc/dovecot/local.conf") == before
    assert "nothing to do" in boxes.run("mailctl", "dovecot", "upgrade").stderr
    put(boxes, boxes_clone, {OWN: ""})
