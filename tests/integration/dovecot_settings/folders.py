"""Other places and names of folders, search, and other ways to log."""

from __future__ import annotations

import re

from tests.integration.dovecot_settings.box import Box, ask
from tests.integration.dovecot_settings.group import Group
from tests.integration.polling import poll

HOME = "/var/mail/example.com/folders/home"
OWN_LOG = "/var/log/mail/dovecot.log"

FOLDERS = Group("folders")


@FOLDERS.shows("mail_location = maildir:~/Maildir:LAYOUT=fs\n")
def mail_location(box: Box) -> None:
    """Mail lies in the user's home, and folders within folders are folders on disk."""
    with box.imap() as session:
        assert "ask OK" in ask(session, "CREATE INBOX/Projects/Boats")
    box.server.must("test", "-d", f"{HOME}/Maildir/Projects/Boats/cur")


@FOLDERS.shows("""
    namespace inbox {
      prefix = INBOX/
      separator = /
    }
    """)
def prefix(box: Box) -> None:
    """All folders are below INBOX."""
    with box.imap() as session:
        said = ask(session, "NAMESPACE")
        assert '("INBOX/" "/")' in said, said
        listed = ask(session, 'LIST "" *')
    assert '"/" INBOX/Trash' in listed
    assert '"/" Trash' not in listed


@FOLDERS.shows("""
    namespace old {
      prefix = Old/
      separator = /
      location = sdbox:~/old
      mailbox 2019 {
        auto = subscribe
      }
    }
    """)
def namespace(box: Box) -> None:
    """Further folders are elsewhere on disk, in another format."""
    with box.imap() as session:
        assert '"/" Old/2019' in ask(session, 'LSUB "" *')
        made = box.store(session, "Old/2019")
    assert box.stored(made, "Old/2019")
    assert any(path.endswith("/u.1") for path in box.files(f"{HOME}/old"))


@FOLDERS.shows("mail_max_keyword_length = 5\n")
def mail_max_keyword_length(box: Box) -> None:
    """Tags may be no longer."""
    with box.imap() as session:
        made = box.store(session)
        session.select()
        assert "ask OK" in ask(session, "STORE * +FLAGS (short)")
        assert "ask OK" not in ask(session, "STORE * +FLAGS (muchlonger)")
    assert box.stored(made)


@FOLDERS.shows("mail_save_crlf = yes\n")
def mail_save_crlf(box: Box) -> None:
    """Lines of stored mail end as they came."""
    made = box.deliver("A line with its own end.")
    assert box.stored(made)
    _, raw = box.server.container.exec_run(["grep", "-rh", "with its own end", f"{HOME}/Maildir"])
    assert raw == b"A line with its own end.\r\n"


@FOLDERS.shows("mailbox_list_index = no\n")
def mailbox_list_index(box: Box) -> None:
    """No index of folders is kept."""
    with box.imap() as session:
        assert "Trash" in ask(session, 'LIST "" *')
    assert not [path for path in box.files(f"{HOME}/Maildir") if "dovecot.list.index" in path]


@FOLDERS.shows("""
    mail_plugins = $mail_plugins fts fts_xapian
    protocol imap {
      mail_plugins = $mail_plugins fts fts_xapian
    }
    protocol lmtp {
      mail_plugins = $mail_plugins fts fts_xapian
    }
    plugin {
      fts = xapian
      fts_xapian = partial=3 full=20 verbose=0
      fts_autoindex = yes
    }
    service indexer-worker {
      vsz_limit = 1GB
    }
    """)
def fts(box: Box) -> None:
    """Parts of words are found, by an index that is made as mail comes."""
    box.deliver("A marvellous pomegranate.")

    def hits() -> bool:
        with box.imap() as session:
            session.select(readonly=True)
            return bool(session.search(None, "BODY", "omegran")[1][0])

    poll(hits, "the search finds it", 20, every=0.3)
    assert any("xapian-indexes" in path for path in box.files(HOME))


@FOLDERS.shows(f"log_path = {OWN_LOG}\n")
def log_path(box: Box) -> None:
    """Dovecot's log is a file of its own."""
    with box.imap():
        box.logged(r"imap-login: .*user=<folders@example\.com>", OWN_LOG)


@FOLDERS.shows('log_timestamp = "[%d.%m.%Y %H:%M:%S] "\n')
def log_timestamp(box: Box) -> None:
    """Lines of the own log begin with the time in this form."""
    with box.imap():
        line = box.logged(r"imap-login: .*user=<folders@example\.com>", OWN_LOG)
    assert re.match(r"\[\d\d\.\d\d\.\d{4} \d\d:\d\d:\d\d\] imap-login: ", line)


@FOLDERS.shows('mail_log_prefix = "mail of %u by %s: "\n')
def mail_log_prefix(box: Box) -> None:
    """Lines of sessions begin so."""
    with box.imap():
        pass
    box.logged(r"mail of folders@example\.com by imap: ", OWN_LOG)
