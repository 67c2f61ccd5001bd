"""Where mail lies and how it is written, which folders there are, and what happens to mail in them."""

from __future__ import annotations

import gzip

from tests.integration.dovecot_settings.box import Box, ask
from tests.integration.dovecot_settings.group import Group
from tests.integration.polling import poll

MAIL, INDEXES, CONTROL = "/var/mail/example.com/storage", "/var/mail/index", "/var/mail/control"
OTHER = "other@example.com"

STORAGE = Group("storage")


@STORAGE.shows(f"mail_location = maildir:/var/mail/%Ld/%Ln:INDEX={INDEXES}/%d/%n:CONTROL={CONTROL}/%d/%n\n")
def mail_location(box: Box) -> None:
    """Indexes and lists have folders of their own beside the mail."""
    with box.imap() as session:
        box.store(session)
    beside = f"{INDEXES}/example.com/storage", f"{CONTROL}/example.com/storage"
    assert any(path.endswith("/dovecot.index.log") for path in box.files(beside[0]))
    assert any(path.endswith("/dovecot-uidlist") for path in box.files(beside[1]))
    assert not [path for path in box.files(MAIL) if "dovecot.index" in path or "uidlist" in path]


@STORAGE.shows("""
    namespace inbox {
      separator = /
    }
    """)
def separator(box: Box) -> None:
    """Folders within folders are named with it."""
    with box.imap() as session:
        assert "ask OK" in ask(session, "CREATE Projects/Boats")
        assert '"/" Projects/Boats' in ask(session, 'LIST "" *')
    assert box.server.must("test", "-d", f"{MAIL}/.Projects.Boats") == ""


@STORAGE.shows("""
    namespace inbox {
      mailbox Archive {
        auto = subscribe
      }
      mailbox Later {
        auto = create
      }
    }
    """)
def auto(box: Box) -> None:
    """Folders are there by themselves, and subscribed where it says so."""
    with box.imap() as session:
        listed, subscribed = (ask(session, f'{command} "" *') for command in ("LIST", "LSUB"))
    assert all(f'"/" {name}' in listed for name in ("Archive", "Later"))
    assert '"/" Archive' in subscribed
    assert '"/" Later' not in subscribed


@STORAGE.shows("""
    namespace inbox {
      mailbox Spam {
        auto = subscribe
        special_use = \\Junk
      }
    }
    """)
def special_use(box: Box) -> None:
    """Clients are told what the folder is for (RFC 6154)."""
    with box.imap() as session:
        listed = ask(session, 'LIST (SPECIAL-USE) "" * RETURN (SPECIAL-USE)').splitlines()
    assert any("\\Junk" in line and line.endswith(" Spam") for line in listed), listed


@STORAGE.shows("""
    namespace inbox {
      mailbox Trash {
        autoexpunge = 1s
      }
    }
    """)
def autoexpunge(box: Box) -> None:
    """Mail that is older is gone when the user logs out."""
    with box.imap() as session:
        made = box.store(session, "Trash")
    poll(lambda: not box.stored(made, "Trash"), "the message is gone", 20, every=0.3)


@STORAGE.shows("""
    namespace inbox {
      mailbox Drafts {
        autoexpunge = 1d
        autoexpunge_max_mails = 2
      }
    }
    """)
def autoexpunge_max_mails(box: Box) -> None:
    """No more than so many messages stay."""
    with box.imap() as session:
        made = [box.store(session, "Drafts") for _ in range(3)]
        ask(session, "LOGOUT")
    poll(lambda: not box.stored(made[0], "Drafts"), "the oldest is gone", 20, every=0.3)
    assert all(box.stored(one, "Drafts") for one in made[1:])


@STORAGE.shows("""
    mail_plugins = $mail_plugins zlib acl lazy_expunge last_login notify mail_log
    protocol imap {
      mail_plugins = $mail_plugins zlib acl imap_acl lazy_expunge last_login notify mail_log
    }
    protocol lmtp {
      mail_plugins = $mail_plugins zlib acl notify mail_log
    }
    """)
def mail_plugins(box: Box) -> None:
    """Plugins are added to those of before, by protocol: Sieve and quotas are there still."""
    box.script('require "fileinto"; fileinto "Sorted";\n')
    made = box.deliver()
    assert box.stored(made, "Sorted")
    box.script("keep;\n")
    with box.imap() as session:
        assert {"QUOTA", "ACL"} <= set(ask(session, "CAPABILITY").split())


@STORAGE.shows("""
    plugin {
      zlib_save = gz
      zlib_save_level = 9
    }
    """)
def zlib_save(box: Box) -> None:
    """Mail is compressed on disk, and clients see nothing of it."""
    made = box.deliver("A quince. " * 200)
    assert "A quince. A quince." in box.stored(made)
    last = box.server.must("sh", "-c", f"ls -t {MAIL}/new/* {MAIL}/cur/* | head -n 1").strip()
    code, raw = box.server.container.exec_run(["cat", last])
    assert code == 0
    assert raw[:3] == b"\x1f\x8b\x08"
    assert str(made["Subject"]) in gzip.decompress(raw).decode()
    assert raw[8] == 2, "RFC 1952 section 2.3: the slowest level is noted in the header"


@STORAGE.shows("""
    plugin {
      acl = vfile
    }
    """)
def acl(box: Box) -> None:
    """Users say who may do what with their folders (RFC 4314), and are held to it themselves."""
    with box.imap() as session:
        assert "ask OK" in ask(session, "CREATE Shown")
        assert "ask OK" in ask(session, f"SETACL Shown {OTHER} lr")
        assert f"{OTHER} lr" in ask(session, "GETACL Shown")
        assert "ask OK" in ask(session, f"SETACL Shown {box.user} lra")
        status, (said,) = session.append("Shown", "", "", box.message().as_bytes())
        assert status == "NO"
        assert said.startswith(b"[NOPERM]")


@STORAGE.shows("""
    plugin {
      lazy_expunge = Expunged
    }
    """)
def lazy_expunge(box: Box) -> None:
    """What is deleted lies in this folder first."""
    with box.imap() as session:
        made = box.store(session, "Later")
        session.select("Later")
        assert "ask OK" in ask(session, "STORE 1:* +FLAGS (\\Deleted)")
        assert "ask OK" in ask(session, "EXPUNGE")
    assert not box.stored(made, "Later")
    assert box.stored(made, "Expunged")


@STORAGE.shows("""
    plugin {
      last_login_dict = file:%h/last-login
    }
    """)
def last_login_dict(box: Box) -> None:
    """When a user was here last is kept in a file."""
    with box.imap():
        pass
    kept = box.server.must("cat", f"{MAIL}/home/last-login").split()
    assert kept[-2].endswith(f"last-login/{box.user}")
    assert abs(int(kept[-1]) - int(box.server.must("date", "+%s"))) < 600


@STORAGE.shows("""
    plugin {
      mail_log_events = save expunge mailbox_create
      mail_log_fields = uid box msgid size
    }
    """)
def mail_log_events(box: Box) -> None:
    """The log tells what became of a message, with these facts."""
    with box.imap() as session:
        made = box.store(session, "Later")
        ask(session, "CREATE Logged")
    identity = str(made["Message-ID"]).strip("<>")
    line = box.logged(rf"imap\(storage@example\.com\).* save: .*{identity}")
    assert "box=Later" in line
    assert "size=" in line
    box.logged(r"imap\(storage@example\.com\).*Logged")


@STORAGE.shows("mail_debug = yes\n")
def mail_debug(box: Box) -> None:
    """The log tells each step of a session."""
    with box.imap():
        box.logged(r"dovecot: imap\(storage@example\.com\).* Debug: ")
