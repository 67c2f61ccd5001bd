"""What passes every checker and leaves nobody served is taken back: the canary tries the whole way."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.canary_cases import BREAKAGES, DOVECOT, LEFT_ALONE, Breakage
from tests.integration.conftest import Start
from tests.integration.polling import PATIENCE, poll
from tests.integration.server import Clone, Server

USER = "you@example.test"
LIMIT = 10.0
"""Seconds within which a server serves again."""


@pytest.fixture(scope="module")
def tried(start: Start) -> Server:
    """A server of these tests, which every one of them leaves as it was."""
    server = start({"ENABLE_RSPAMD": "0", "ENABLE_CLAMAV": "0", "ENABLE_POP3": "1"})
    server.add_account(USER)
    server.add_account("you@other.test")
    poll(lambda: canary(server)["last"], "the canary ran", 30)
    return server


@pytest.fixture
def clone(tried: Server, tmp_path: Path) -> Iterator[Clone]:
    """A clone of its state repo; what was pushed is taken back at the end."""
    made = tried.clone(tmp_path / "mail-state")
    before = made.git("rev-parse", "HEAD").strip()
    yield made
    made.git("fetch", "-q", "origin")
    if made.git("rev-parse", "origin/main").strip() != before:
        made.git("reset", "-q", "--hard", "origin/main")
        made.git("checkout", "-q", before, "--", ".")
        made.git("clean", "-qfd")
        for name in made.git("diff", "--name-only", "--diff-filter=A", before).splitlines():
            made.git("rm", "-qf", name)
        if made.git("status", "--porcelain"):
            made.commit("Take it back")
            assert made.push().accepted
        number = tried.status()["release"]
        tried.must("mailctl", "status", "--wait", str(number))


def canary(server: Server) -> dict[str, Any]:
    """What `status` says of it."""
    found: dict[str, Any] = server.status()["canary"]
    return found


@pytest.mark.parametrize("case", BREAKAGES, ids=lambda case: case.name.replace(" ", "-"))
def test_what_serves_nobody_is_taken_back(tried: Server, clone: Clone, case: Breakage) -> None:
    """Within ten seconds, with the step, the daemon's words and the line; mail sent meanwhile arrives."""
    before = tried.status()["applied"]
    clone.write(case.file, case.text)
    clone.commit()
    pushed = clone.push()
    start = time.monotonic()
    if not pushed.accepted:  # seen by a checker by now, which is as good
        assert f"{case.file}:" in pushed.said
        return
    release = tried.status()["release"]

    def ended() -> dict[str, Any]:
        status = tried.status()
        return status if status["attempted"] == release else {}

    status = poll(ended, "the release was tried", 2 * LIMIT)
    spent = time.monotonic() - start
    assert status["applied"] == before, canary(tried)
    assert spent < LIMIT * PATIENCE
    assert case.says in status["failure"]["reason"]
    assert status["failure"]["origin"].startswith(f"{case.file}:"), status["failure"]
    made = tried.deliver(USER)
    tried.wait_for_mail(USER, made)


@pytest.mark.parametrize(("name", "file", "text"), LEFT_ALONE, ids=lambda word: word.replace(" ", "-")[:20])
def test_good_releases_stay(tried: Server, clone: Clone, name: str, file: str, text: str) -> None:
    """What only the server's own address meets takes nothing back, and its mail comes to nobody."""
    pushed = clone.change(file, text, name)
    assert pushed.accepted, pushed.said
    release = tried.status()["release"]
    status = poll(
        lambda: found if (found := tried.status())["attempted"] == release else {}, "it was tried", LIMIT
    )
    assert status["applied"] == release, status["failure"]["reason"]
    assert status["canary"]["last"]["passed"]
    with tried.imap(USER) as session:
        session.select("INBOX")
        assert session.search(None, "HEADER", "Subject", '"tries itself"')[1] == [b""]


def test_nobody_sees_the_servers_own_account(tried: Server) -> None:
    """It is in no list, folder or queue, and what it does leaves nothing in the mail log."""
    before = len(tried.must("cat", "/var/log/mail/mail.log").splitlines())
    said = tried.must("mailctl", "check")
    assert "mail goes all the way through" in said
    tried.must("logger", "-p", "mail.info", "the end")

    def log() -> list[str]:
        new = tried.must("cat", "/var/log/mail/mail.log").splitlines()[before:]
        return new if any("the end" in line for line in new) else []

    assert [line for line in poll(log, "the log is written", 10) if "the end" not in line] == []
    for command in (("setup", "email", "list"), ("doveadm", "user", "*"), ("find", "/var/mail"), ("mailq",)):
        assert "canary" not in tried.must(*command)


def test_nobody_outside_writes_to_it(tried: Server) -> None:
    """Its address is refused to whoever comes from elsewhere."""
    with tried.smtp() as session:
        session.ehlo("client.sender.test")
        session.mail("someone@sender.test")
        assert session.rcpt("canary@git-mailserver.invalid")[0] == 554


def test_accounts_do_not_wait_for_it(tried: Server) -> None:
    """A change that reloads nothing runs nothing."""
    ran = canary(tried)["last"]["at"]
    tried.add_account("quick@example.test")
    assert canary(tried)["last"]["at"] == ran


FORMATS = ("maildir", "sdbox", "mdbox", "mbox")
ROUNDS = 2


def test_a_process_that_is_killed_meanwhile_takes_nothing_back(tried: Server) -> None:
    """Dovecot's log-in process ends while a release is tried: it is there again a moment later."""
    for number in range(8):
        address = f"you@killed{number}.test"
        killer = threading.Timer(0.1 + number / 16, tried.run, ("pkill", "-9", "-x", "auth"))
        killer.start()
        tried.must("setup", "email", "add", address, "secret")
        killer.join()
        assert not tried.status()["failure"]
        assert tried.must("postmap", "-q", address.partition("@")[2], "lmdb:/etc/postfix/vhost")
        tried.must("setup", "email", "del", "-y", address)


def test_formats_that_follow_each_other_quickly_stay(tried: Server, clone: Clone) -> None:
    """Dovecot remembers a passwd-file for a second; the canary's line in one follows the format."""
    for number in range(ROUNDS * len(FORMATS)):
        form = FORMATS[number % len(FORMATS)]
        inbox = ":INBOX=/var/mail/%Ld/%Ln/inbox" if form == "mbox" else ""
        tried.must("mailctl", "check")  # so that Dovecot has just read the line
        pushed = clone.change(DOVECOT, f"mail_location = {form}:/var/mail/%Ld/%Ln/{form}{inbox}\n", form)
        assert pushed.accepted, pushed.said
        status = tried_release(tried)
        assert status["applied"] == status["attempted"], (number, status["failure"])
        assert status["canary"]["last"]["passed"], (number, status["canary"])


def tried_release(server: Server) -> dict[str, Any]:
    """The status once the newest release was tried."""
    release = server.status()["release"]

    def look() -> dict[str, Any]:
        found = server.status()
        return found if found["attempted"] == release else {}

    return poll(look, "it was tried", LIMIT)


OUTWARD = (
    f'redirect "{USER}";',
    f'redirect :copy "{USER}";',
    'vacation "I am away";',
    f'notify "mailto:{USER}";',
    'pipe "outside";',
    'pipe :copy "outside";',
)
EXTENSIONS = 'require ["copy", "vacation", "enotify", "vnd.dovecot.pipe"];\n'


@pytest.mark.parametrize("action", OUTWARD)
def test_global_scripts_send_nothing_of_it_out(tried: Server, clone: Clone, action: str) -> None:
    """They are run for it as for everybody, and what they would send away comes to nobody."""
    before = len(tried.must("cat", "/var/log/mail/mail.log").splitlines())
    clone.write("config/sieve-pipe/outside", "#!/bin/sh\ncat >>/tmp/outside\n")
    pushed = clone.change("config/before.dovecot.sieve", f"{EXTENSIONS}{action}\n", action)
    assert pushed.accepted, pushed.said
    status = tried_release(tried)
    assert status["applied"] == status["attempted"], status["failure"]
    tried.must("mailctl", "check")
    assert canary(tried)["last"]["passed"], canary(tried)
    assert canary(tried)["last"]["delivered"] == 2
    assert tried.must("sh", "-c", "cat /tmp/outside 2>&1 || true").count("tries itself") == 0
    assert tried.run("grep", "-rl", "tries itself", "/var/mail").stdout == ""
    assert "canary" not in tried.must("mailq")
    new = tried.must("cat", "/var/log/mail/mail.log").splitlines()[before:]
    assert [line for line in new if "canary@" in line and "dovecot" not in line] == []


def test_tls_is_switched_on_and_off(tried: Server, clone: Clone) -> None:
    """While a certificate is awaited no password is taken, which is no fault of the release."""
    settings = (clone.path / "mailserver.env").read_text()
    for value in ("", "self-signed"):
        clone.write("mailserver.env", re.sub("(?m)^SSL_TYPE=.*$", f"SSL_TYPE={value}", settings))
        clone.commit(f"Set SSL_TYPE={value}")
        pushed = clone.push()
        assert pushed.accepted, pushed.said

        def settled(value: str = value) -> bool:
            status = tried.status()
            return not status["failure"] and bool(status["certificates"]) >= bool(value)

        poll(settled, "it serves", 2 * LIMIT)
        assert not tried.status()["failure"]
    poll(lambda: not tried.run("mailctl", "check").returncode, "mail goes all the way through", LIMIT)
