"""How mail is delivered and answered, and what Sieve scripts may do."""

from __future__ import annotations

import re

import pytest

from tests.integration.dovecot_settings.box import Box, ask
from tests.integration.dovecot_settings.group import Group
from tests.integration.managesieve import Refused
from tests.integration.polling import poll

SCRIPTS = "/etc/dovecot/scripts"
FRIEND = "friend@example.com"
OWN: dict[str, str] = {
    "first": 'require "editheader"; addheader "X-First" "yes"; addheader "X-Sealed" "no";\n',
    "last": 'require ["fileinto", "imap4flags"]; if exists "X-Tell" { addflag "$Last"; keep; }\n',
    "seen": 'require "imap4flags"; addflag "$Learned";\n',
    "shared": 'require ["fileinto"]; fileinto "By a shared script";\n',
}
"""Scripts of the server, by name."""


def prepare(box: Box) -> None:
    """The server's scripts, and somebody to write to."""
    box.server.must("mkdir", "-p", SCRIPTS)
    for name, text in OWN.items():
        box.server.must("sh", "-c", f"cat > {SCRIPTS}/{name}.sieve", stdin=text)
    box.server.must("chown", "-R", "vmail:", SCRIPTS)
    box.server.add_account(FRIEND)


DELIVERY = Group("delivery", prepare)


@DELIVERY.shows("recipient_delimiter = -\n")
def recipient_delimiter(box: Box) -> None:
    """What stands behind it in an address does not change whose mail it is."""
    assert box.stored(box.deliver(recipient="delivery-inbox@example.com"))


@DELIVERY.shows("lmtp_save_to_detail_mailbox = yes\n")
def lmtp_save_to_detail_mailbox(box: Box) -> None:
    """It is the folder where the mail goes."""
    assert box.stored(box.deliver(recipient="delivery-Boats@example.com"), "Boats")


@DELIVERY.shows("lda_mailbox_autosubscribe = no\n")
def lda_mailbox_autosubscribe(box: Box) -> None:
    """A folder that is made for a message is not subscribed."""
    box.deliver(recipient="delivery-Unseen@example.com")
    with box.imap() as session:
        assert "Unseen" in ask(session, 'LIST "" *')
        assert "Unseen" not in ask(session, 'LSUB "" *')


@DELIVERY.shows("lmtp_hdr_delivery_address = none\n")
def lmtp_hdr_delivery_address(box: Box) -> None:
    """Mail does not tell whom it was delivered to."""
    stored = box.stored(box.deliver())
    assert "Subject:" in stored
    assert "Delivered-To:" not in stored


@DELIVERY.shows("lmtp_add_received_header = no\n")
def lmtp_add_received_header(box: Box) -> None:
    """Mail does not tell of this last step."""
    stored = box.stored(box.deliver())
    assert "Subject:" in stored
    assert "with LMTP" not in stored


@DELIVERY.shows("deliver_log_format = from=<%f> subject=%s size=%p: %$\n")
def deliver_log_format(box: Box) -> None:
    """The line of a delivery has these parts."""
    made = box.deliver()
    line = rf"lmtp\(.*from=<someone@sender\.test> subject={re.escape(made['Subject'])} size=\d+: "
    assert box.logged(line).endswith("'INBOX'")


@DELIVERY.shows("postmaster_address = help@example.com\n")
def postmaster_address(box: Box) -> None:
    """Mail that the server writes is from there."""
    assert re.search(r"^From: .*<help@example\.com>", rejection(box), re.MULTILINE)


@DELIVERY.shows("hostname = mx7.example.com\n")
def hostname(box: Box) -> None:
    """The server calls itself so."""
    assert re.search(r"^Reporting-UA: mx7\.example\.com;", rejection(box), re.MULTILINE)


@DELIVERY.shows("rejection_subject = Sent back: %s\n")
def rejection_subject(box: Box) -> None:
    """The subject of mail that says that a script rejected something."""
    assert re.search(r"^Subject: Sent back: test ", rejection(box), re.MULTILINE)


@DELIVERY.shows("rejection_reason = Not wanted by <%t>: %r\n")
def rejection_reason(box: Box) -> None:
    """What it says."""
    assert f"Not wanted by <{box.user}>: No boats." in rejection(box)


@DELIVERY.shows(f"""
    plugin {{
      sieve_before2 = {SCRIPTS}/first.sieve
    }}
    """)
def sieve_before(box: Box) -> None:
    """A script for all mail runs before the user's own."""
    box.script('require "fileinto"; if header "X-First" "yes" { fileinto "Behind"; }\n')
    assert box.stored(box.deliver(), "Behind")


@DELIVERY.shows(f"""
    plugin {{
      sieve_after2 = {SCRIPTS}/last.sieve
    }}
    """)
def sieve_after(box: Box) -> None:
    """One runs behind it, where the user's own keeps the mail."""
    box.script("keep;\n")
    box.deliver(X_Tell="last")
    with box.imap() as session:
        session.select()
        assert "$Last" in ask(session, "FETCH * FLAGS")


@DELIVERY.shows("""
    plugin {
      sieve_extensions = +editheader +vnd.dovecot.pipe +vnd.dovecot.filter +vacation-seconds +spamtest
    }
    """)
def sieve_extensions(box: Box) -> None:
    """Users may use these beside the usual ones."""
    with box.sieve() as session:
        offered = next(line for line in session.capabilities if line.startswith('"SIEVE"'))
        session.command('PUTSCRIPT "own"', 'require "vacation-seconds"; vacation :seconds 60 "Away.";\n')
    assert {"fileinto", "vacation", "editheader", "spamtest"} <= set(re.findall(r"[\w.-]+", offered))


@DELIVERY.shows("""
    plugin {
      sieve_spamtest_status_type = score
      sieve_spamtest_status_header = X-Points
      sieve_spamtest_max_value = 20
    }
    """)
def sieve_spamtest_status_header(box: Box) -> None:
    """Scripts ask how much of this most a message has (RFC 5235)."""
    box.script(
        'require ["spamtest", "fileinto", "relational", "comparator-i;ascii-numeric"];\n'
        'if spamtest :value "ge" :comparator "i;ascii-numeric" "6" { fileinto "Points"; }\n'
    )
    assert box.stored(box.deliver(X_Points="15"), "Points")
    assert box.stored(box.deliver(X_Points="5"))


@DELIVERY.shows("""
    plugin {
      sieve_max_redirects = 1
    }
    """)
def sieve_max_redirects(box: Box) -> None:
    """A script that sends mail on to more addresses fails, and the mail is kept."""
    box.script(f'redirect "{FRIEND}"; redirect "another@example.com";\n')
    assert box.stored(box.deliver())


@DELIVERY.shows("""
    plugin {
      sieve_max_actions = 3
    }
    """)
def sieve_max_actions(box: Box) -> None:
    """A script that does more with a message fails, and the mail is kept."""
    files = "".join(f'fileinto "Copy {number}";\n' for number in range(3))
    box.script(f'require "fileinto";\n{files}')
    made = box.deliver()
    assert box.stored(made, "Copy 2")
    assert not box.stored(made)
    box.script(f'require "fileinto";\n{files}fileinto "Copy 3";\n')
    made = box.deliver()
    assert box.stored(made)
    assert not box.stored(made, "Copy 2")


@DELIVERY.shows("""
    plugin {
      sieve_max_script_size = 1K
    }
    """)
def sieve_max_script_size(box: Box) -> None:
    """A larger script is refused."""
    with box.sieve() as session, pytest.raises(Refused):
        session.command('PUTSCRIPT "large"', f"# {'x' * 2000}\nkeep;\n")


@DELIVERY.shows("""
    plugin {
      sieve_quota_max_scripts = 2
    }
    """)
def sieve_quota_max_scripts(box: Box) -> None:
    """A user has no more scripts than that."""
    with box.sieve() as session:
        session.command('PUTSCRIPT "own"', "keep;\n")
        session.command('PUTSCRIPT "second"', "keep;\n")
        with pytest.raises(Refused, match="QUOTA"):
            session.command('PUTSCRIPT "third"', "keep;\n")


@DELIVERY.shows("""
    plugin {
      sieve_redirect_envelope_from = recipient
    }
    """)
def sieve_redirect_envelope_from(box: Box) -> None:
    """Mail that a script sends on has the user for its sender."""
    box.script(f'redirect "{FRIEND}";\n')
    made = box.deliver()
    friend = Box(box.server, FRIEND)
    assert poll(lambda: friend.stored(made), "the mail that was sent on", 20, every=0.2)
    assert f"Return-Path: <{box.user}>" in friend.stored(made)


@DELIVERY.shows("""
    plugin {
      sieve_editheader_protected = X-Sealed
    }
    """)
def sieve_editheader_protected(box: Box) -> None:
    """No script changes this header."""
    box.script("keep;\n")
    stored = box.stored(box.deliver())
    assert "X-First: yes" in stored
    assert "X-Sealed" not in stored


@DELIVERY.shows("""
    plugin {
      sieve_vacation_send_from_recipient = yes
    }
    """)
def sieve_vacation_send_from_recipient(box: Box) -> None:
    """What answers for a user is sent as the user's mail."""
    box.script('require "vacation"; vacation "Back on Monday.";\n')
    box.lmtp(box.message(), sender=FRIEND)
    friend = Box(box.server, FRIEND)
    answer = poll(lambda: newest(friend, "BODY", "Back on Monday."), "the answer", 20, every=0.2)
    assert f"Return-Path: <{box.user}>" in answer


@DELIVERY.shows(f"""
    plugin {{
      sieve_global = {SCRIPTS}
    }}
    """)
def sieve_global(box: Box) -> None:
    """Users include scripts of the server (RFC 6609)."""
    box.script('require "include"; include :global "shared";\n')
    assert box.stored(box.deliver(), "By a shared script")


@DELIVERY.shows("""
    plugin {
      sieve_user_log = ~/script.log
    }
    """)
def sieve_user_log(box: Box) -> None:
    """What went wrong in a user's script stands in this file."""
    box.script(f'redirect "{FRIEND}"; redirect "another@example.com";\n')
    box.deliver()
    box.logged("redirect", "/var/mail/example.com/delivery/home/script.log")


@DELIVERY.shows(f"""
    protocol imap {{
      mail_plugins = $mail_plugins imap_sieve
    }}
    plugin {{
      sieve_plugins = sieve_imapsieve sieve_extprograms
      imapsieve_mailbox1_name = Junk
      imapsieve_mailbox1_causes = COPY
      imapsieve_mailbox1_before = file:{SCRIPTS}/seen.sieve
    }}
    """)
def imapsieve_mailbox1_before(box: Box) -> None:
    """A script runs where a user moves mail to a folder, as learning spam does."""
    with box.imap() as session:
        box.store(session)
        session.select()
        assert "ask OK" in ask(session, "COPY * Junk")
        session.select("Junk")
        assert "$Learned" in ask(session, "FETCH * FLAGS")


@DELIVERY.shows("managesieve_implementation_string = Example Sieve\n")
def managesieve_implementation_string(box: Box) -> None:
    """Script editors are told this name."""
    with box.sieve() as session:
        assert '"IMPLEMENTATION" "Example Sieve"' in session.capabilities


def rejection(box: Box) -> str:
    """What a sender hears of a message that the user's script rejects."""
    friend = Box(box.server, FRIEND)
    box.script('require "reject"; reject "No boats.";\n')
    made = box.message()
    box.lmtp(made, sender=FRIEND)
    return poll(lambda: newest(friend, "BODY", str(made["Message-ID"])), "the rejection", 20, every=0.2)


def newest(box: Box, *search: str) -> str:
    """The newest message of the inbox that a search finds; empty where there is none."""
    with box.imap() as session:
        session.select(readonly=True)
        hits = session.search(None, *(f'"{word}"' if number else word for number, word in enumerate(search)))
        numbers = hits[1][0].split()
        return ask(session, f"FETCH {numbers[-1].decode()} BODY.PEEK[]") if numbers else ""
