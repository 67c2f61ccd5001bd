"""Ways to a mailbox, and what it is made of."""

from __future__ import annotations

import poplib
from pathlib import Path

import pytest

from tests.integration import clients
from tests.integration.edits import put
from tests.integration.server import PASSWORD, Clone, Server

USER = "user1@example.com"
OWN = "config/dovecot.cf"
ENV = "mailserver.env"
MASTERS = "config/dovecot-masters.cf"
ACCOUNTS = "config/postfix-accounts.cf"
SOLR = """\
mail_plugins = $mail_plugins fts fts_solr

plugin {
 fts = solr
 fts_autoindex = yes
 fts_solr = url=http://solr:8983/solr/dovecot/
}
"""
PROXIED = (Path(__file__).parent / "proxied.py").read_text()


@pytest.mark.shows("ENABLE_POP3", "pop3")
@pytest.mark.parametrize("port", [110, 995])
def test_pop3_fetches(boxes: Server, port: int) -> None:
    """Mail is fetched over POP3, encrypted from the start or by STLS."""
    made = boxes.deliver(USER)
    boxes.wait_for_mail(USER, made)
    context, outside = clients.any_certificate(), boxes.port(port)
    if port == 995:
        session: poplib.POP3 = poplib.POP3_SSL("127.0.0.1", outside, context=context, timeout=20)
    else:
        session = poplib.POP3("127.0.0.1", outside, timeout=20)
        session.stls(context)
    session.user(USER)
    session.pass_(PASSWORD)
    count = session.stat()[0]
    assert str(made["Subject"]).encode() in b"\n".join(session.retr(count)[1])
    session.quit()


@pytest.mark.shows("dovecot-masters.cf", "dovecot-master-accounts")
def test_a_master_reads_every_mailbox(boxes: Server, boxes_clone: Clone) -> None:
    """`user*master` with the master's password; nobody who does not exist, and no longer than the file."""
    hashed = boxes.must("doveadm", "pw", "-s", "SHA512-CRYPT", "-p", "of the master").strip()
    put(boxes, boxes_clone, {MASTERS: f"admin|{hashed}\n"})
    made = boxes.deliver(USER)
    boxes.wait_for_mail(USER, made)
    with boxes.imap(f"{USER}*admin", "of the master") as session:
        assert clients.found(session, str(made["Subject"]))
    # Not over IMAP, where each failure makes the next log-in of this address wait longer.
    test = ("doveadm", "auth", "test")
    for user, password in ((f"{USER}*admin", PASSWORD), ("nobody@example.com*admin", "of the master")):
        assert "auth failed" in boxes.run(*test, user, password).stdout
    put(boxes, boxes_clone, {MASTERS: ""})
    assert "auth failed" in boxes.run(*test, f"{USER}*admin", "of the master").stdout


@pytest.mark.shows("DOVECOT_MAILBOX_FORMAT")
@pytest.mark.parametrize(("kind", "place"), [("sdbox", "u.1"), ("mdbox", "m.1")])
def test_formats(boxes: Server, boxes_clone: Clone, kind: str, place: str) -> None:
    """A new mailbox is stored in the format that the setting names, with its quota counted."""
    boxes_clone.back()
    env = (boxes_clone.path / ENV).read_text()
    user = boxes.add_account(f"{kind}@example.com")
    put(boxes, boxes_clone, {ENV: f"{env}\nDOVECOT_MAILBOX_FORMAT={kind}\n"})
    boxes.wait_for_mail(user, boxes.deliver(user))
    assert place in boxes.must("find", f"/var/mail/example.com/{kind}", "-type", "f")
    assert "MESSAGE     1" in boxes.must("doveadm", "quota", "get", "-u", user)
    put(boxes, boxes_clone, {ENV: env})


@pytest.mark.shows("postfix-accounts.cf", "faq")
def test_an_account_has_its_own_attributes(boxes: Server, boxes_clone: Clone) -> None:
    """The third column of postfix-accounts.cf puts one mailbox elsewhere."""
    boxes_clone.back()
    accounts = (boxes_clone.path / ACCOUNTS).read_text().rstrip("\n")
    line = accounts.splitlines()[-1].partition("|")[2]
    put(boxes, boxes_clone, {ACCOUNTS: f"{accounts}\nthird@example.com|{line}|userdb_mail=mbox:~/mail\n"})
    made = boxes.deliver("third@example.com")
    boxes.wait_for_mail("third@example.com", made)
    home = "/var/mail/example.com/third/home"
    assert str(made["Subject"]) in boxes.must("cat", f"{home}/mail/inbox")


@pytest.mark.shows("dovecot.cf", "imap-folders", "DOVECOT_INET_PROTOCOLS")
def test_a_configuration_of_ones_own(boxes: Server, boxes_clone: Clone) -> None:
    """dovecot.cf has the last word on limits, folders and separators; it may also close a port."""
    boxes_clone.back()
    env = (boxes_clone.path / ENV).read_text()
    own = """\
mail_max_userip_connections = 100
recipient_delimiter = -
namespace inbox {
  mailbox Archive {
    auto = subscribe
  }
}
service imap-login {
  inet_listener imap {
    port = 0
  }
}
"""
    put(boxes, boxes_clone, {OWN: own, ENV: f"{env}\nDOVECOT_INET_PROTOCOLS=ipv4\n"})
    assert boxes.must("cat", "/etc/dovecot/local.conf") == own
    assert boxes.must("doveconf", "-h", "mail_max_userip_connections") == "100\n"
    with boxes.imap(USER) as session:
        listed = b" ".join(line for line in session.list()[1] if isinstance(line, bytes))
    assert b"\\Archive" in listed
    listening = boxes.must("ss", "-ltn")
    assert ":143 " not in listening
    assert "0.0.0.0:993 " in listening
    assert "[::]:993 " not in listening
    assert boxes.status()["healthy"]
    put(boxes, boxes_clone, {OWN: "", ENV: env})
    assert "[::]:143 " in boxes.must("ss", "-ltn")


def dovecot_cf(service: str, listener: str, options: str) -> str:
    """One listener as the page writes it."""
    return f"service {service} {{\n inet_listener {listener} {{\n haproxy = yes\n{options} }}\n}}\n"


USUAL = "haproxy_trusted_networks = 172.16.42.2\n" + "".join(
    dovecot_cf(service, listener, "")
    for service, listener in (
        ("imap-login", "imap"),
        ("imap-login", "imaps"),
        ("pop3-login", "pop3"),
        ("pop3-login", "pop3s"),
        ("managesieve-login", "sieve"),
    )
)
BESIDE = "haproxy_trusted_networks = 172.16.42.2\n" + "".join(
    dovecot_cf(service, f"{listener}-proxied", options)
    for service, listener, options in (
        ("imap-login", "imap", " port = 10143\n"),
        ("imap-login", "imaps", " port = 10993\n ssl = yes\n"),
        ("pop3-login", "pop3", " port = 10110\n"),
        ("pop3-login", "pop3s", " port = 10995\n ssl = yes\n"),
        ("managesieve-login", "sieve", " port = 14190\n"),
    )
)


@pytest.mark.shows("mailserver-behind-proxy", "dovecot.cf")
@pytest.mark.parametrize(("own", "port"), [(USUAL, 143), (BESIDE, 10143)], ids=["usual", "beside"])
def test_behind_a_proxy(boxes: Server, boxes_clone: Clone, own: str, port: int) -> None:
    """Dovecot believes the trusted proxy who the client is, and nobody else; the release is no fault."""
    put(boxes, boxes_clone, {OWN: own})
    assert boxes.status()["healthy"]
    boxes.run("ip", "address", "add", "172.16.42.2/32", "dev", "lo")
    greeting = boxes.must("python3", "-c", PROXIED, "172.16.42.2", str(port))
    assert "OK" in greeting
    assert "rip=203.0.113.9" in boxes.must("grep", "-a", "203.0.113.9", "/var/log/mail/mail.log")
    with pytest.raises(AssertionError):
        boxes.must("python3", "-c", PROXIED, "127.0.0.1", str(port))
    put(boxes, boxes_clone, {OWN: ""})
    boxes.wait_for_mail(USER, boxes.deliver(USER))


@pytest.mark.shows("full-text-search")
def test_an_index_in_solr(boxes: Server) -> None:
    """The page's configuration for Solr is taken, and its command runs; no server of that kind is here."""
    place = "/etc/dovecot/conf.d/10-plugin.conf"
    boxes.must("sh", "-c", f"cat > {place}; doveadm reload", stdin=SOLR)
    assert "fts_solr" in boxes.must("doveconf", "-h", "mail_plugins")
    boxes.must("doveadm", "fts", "rescan", "-A")
    boxes.must("sh", "-c", f"rm {place}; doveadm reload")
    assert "fts_solr" not in boxes.must("doveconf", "-h", "mail_plugins")
