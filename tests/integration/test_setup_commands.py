"""The whole of `setup` on a running server: command, file, event, list, and what a client meets."""

from __future__ import annotations

import imaplib
import smtplib
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import IMAGE
from tests.integration.polling import poll
from tests.integration.server import PASSWORD, Server

SCRIPT = Path(__file__).parents[2] / "setup.sh"
PLANTED = "planted-7d41e0c2"
NEEDLE = "/run/needle"
SEARCH = (
    f"cat > {NEEDLE}; git --git-dir=/var/mail-state/state.git cat-file --batch-all-objects --batch"
    f" | grep -acF -f {NEEDLE}; grep -rlaF -f {NEEDLE} /var/mail-state /var/log /tmp/docker-mailserver;"
    f" grep -laF -f {NEEDLE} /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null; rm {NEEDLE}"
)
"""Counts git objects with the text on stdin, and lists files, arguments and environments with it."""


def _text(server: Server, name: str) -> str:
    return server.must("git", "--git-dir=/var/mail-state/state.git", "show", f"main:config/{name}")


def _last(server: Server, subject: str) -> dict[str, Any]:
    return server.log("--subject", subject)[-1]


def _limit(server: Server, user: str) -> list[bytes]:
    """What a client sees of its quota (RFC 9208): KiB in use and limit."""
    with server.imap(user) as session:
        quotas = session.getquotaroot("INBOX")[1][1]
        return [quota for quota in quotas if isinstance(quota, bytes)]


@pytest.mark.shows("setup quota set", "setup quota del", "setup email list", "dovecot-quotas.cf")
def test_a_quota_is_live_without_a_reload(server: Server) -> None:
    """A client sees the limit once the command returned; the list shows it with what is used of it."""
    user = server.add_account("quota1@example.test")
    dovecot = server.pid("dovecot")
    server.must("setup", "quota", "set", user, "12M", "--reason", "ticket 12")
    assert f"{user}:12M" in _text(server, "dovecot-quotas.cf")
    entry = _last(server, user)
    assert (entry["kind"], entry["detail"], entry["reason"]) == ("quota.set", "12M", "ticket 12")
    poll(lambda: any(b"12288" in line for line in _limit(server, user)), "the limit is seen", 5)
    assert server.pid("dovecot") == dovecot
    assert f"* {user} ( 0 / 12M ) [0%]" in server.must("setup", "email", "list")
    server.wait_for_mail(user, server.deliver(user, body="x" * 70 + "\n" + "y" * 300_000))
    poll(lambda: f"* {user} ( 0 /" not in server.must("setup", "email", "list"), "the mail is counted", 5)
    server.must("setup", "quota", "del", user)
    assert f"{user} " in server.must("setup", "email", "list").replace(" / ~ )", " ")
    for words in (("set", "nobody@example.test", "1M"), ("set", user, "12X")):
        refused = server.run("setup", "quota", *words)
        assert refused.returncode == 1
        assert "refused: nothing was changed" in refused.stderr


@pytest.mark.shows("setup email del")
def test_a_quota_goes_with_its_account(server: Server) -> None:
    """Several accounts at once, their mail and their limits."""
    users = [server.add_account(f"leaver{number}@example.test") for number in (1, 2)]
    server.must("setup", "quota", "set", users[0], "1G")
    server.must("setup", "email", "del", "-y", *users)
    assert users[0] not in _text(server, "dovecot-quotas.cf")
    assert "leaver" not in server.must("setup", "email", "list")
    assert {_last(server, user)["kind"] for user in users} <= {"account.removed", "quota.removed"}


@pytest.mark.shows(
    "setup email restrict add",
    "setup email restrict del",
    "setup email restrict list",
    "postfix-send-access.cf",
)
def test_who_may_not_send_is_refused(server: Server) -> None:
    """From when the command returns until it is taken back."""
    user = server.add_account("muted1@example.test")
    server.must("setup", "email", "restrict", "add", "send", user, "--reason", "abuse")
    assert f"{user} REJECT" in server.must("setup", "email", "restrict", "list", "send")
    assert _last(server, user)["kind"] == "access.send_set"
    with server.submission(user) as session, pytest.raises(smtplib.SMTPException):
        session.sendmail(user, [user], "Subject: no\r\n\r\nno")
    assert server.run("setup", "email", "restrict", "add", "send", user).returncode == 1
    server.must("setup", "email", "restrict", "del", "send", user)
    with server.submission(user) as session:
        session.sendmail(user, [user], "Subject: yes\r\n\r\nyes")
    assert user not in server.must("setup", "email", "restrict", "list", "send")


@pytest.mark.shows(
    "setup email restrict add",
    "setup email restrict del",
    "setup email restrict list",
    "postfix-receive-access.cf",
)
def test_who_may_not_receive_gets_nothing(server: Server) -> None:
    """On port 25 the recipient is refused, others are not."""
    user = server.add_account("muted2@example.test")
    other = server.add_account("heard2@example.test")
    server.must("setup", "email", "restrict", "add", "receive", user)
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        server.deliver(user)
    server.deliver(other)
    server.must("setup", "email", "restrict", "del", "receive", user)
    server.deliver(user)


def _logs_in(server: Server, name: str, password: str) -> bool:
    try:
        with server.imap(name, password):
            return True
    except imaplib.IMAP4.error:
        return False


@pytest.mark.shows("setup dovecot-master add", "setup dovecot-master update", "setup dovecot-master del")
@pytest.mark.shows("setup dovecot-master list", "dovecot-masters.cf", "dovecot-master-accounts")
def test_a_master_logs_in_as_everybody(server: Server) -> None:
    """As `ADDRESS*NAME` with its own password, which stands sealed on `main`."""
    user = server.add_account("mastered@example.test")
    server.must("setup", "dovecot-master", "add", "chief", stdin="first\n")
    assert server.must("setup", "dovecot-master", "list") == "* chief\n"
    assert _text(server, "dovecot-masters.cf").startswith("chief|age:")
    poll(lambda: _logs_in(server, f"{user}*chief", "first"), "the master logs in", 5)
    assert not _logs_in(server, f"{user}*chief", PASSWORD)
    server.must("setup", "dovecot-master", "update", "chief", stdin="second\n")
    poll(lambda: _logs_in(server, f"{user}*chief", "second"), "the new password works", 5)
    server.must("setup", "dovecot-master", "del", "chief")
    assert server.must("setup", "dovecot-master", "list") == ""
    poll(lambda: not _logs_in(server, f"{user}*chief", "second"), "the login is refused", 5)
    assert _logs_in(server, user, PASSWORD)


@pytest.mark.shows("setup relay add-auth", "setup relay add-domain", "setup relay exclude-domain")
@pytest.mark.shows("postfix-relaymap.cf", "postfix-sasl-password.cf", "relay-hosts")
def test_a_relay_password_is_nowhere_in_the_clear(server: Server) -> None:
    """Only the file that Postfix reads holds it: no git object, log, process, nor the config volume."""
    server.must("setup", "relay", "add-domain", "relayed.test", "smtp.relay.test", "587")
    done = server.run("setup", "relay", "exclude-domain", "direct.test")
    assert (done.returncode, "no effect without RELAY_HOST" in done.stderr) == (0, True)
    # The command needs no release, and returns when the folder has the line all the same.
    assert server.must("tail", "-1", "/tmp/docker-mailserver/postfix-relaymap.cf") == "@direct.test\n"
    server.must("setup", "relay", "add-auth", "relayed.test", "relay-user", stdin=f"{PLANTED}\n")
    assert _text(server, "postfix-relaymap.cf").endswith(
        "@relayed.test [smtp.relay.test]:587\n@direct.test\n"
    )
    assert "@relayed.test relay-user:age:" in _text(server, "postfix-sasl-password.cf")
    assert PLANTED in server.must("cat", "/etc/postfix/sasl_passwd")
    told = server.must("mailctl", "show", "relay") + str(server.log("--subject", "@relayed.test"))
    assert "relay-user" in told
    assert PLANTED not in told
    assert "age:" not in told
    assert server.must("bash", "-c", SEARCH, stdin=f"{PLANTED}\n").split() == ["0"]
    before = server.log("--subject", "@relayed.test")[0]["position"] - 1
    server.must("mailctl", "rollback", str(before), "--allow-mass-delete")
    assert PLANTED not in server.run("cat", "/etc/postfix/sasl_passwd").stdout


@pytest.mark.shows("setup debug login", "setup debug show-mail-logs", "setup help")
def test_looking_inside(server: Server) -> None:
    """The mail log, a command in the container, the help; nonsense is reported as such."""
    assert "postfix" in server.must("setup", "debug", "show-mail-logs")
    assert server.must("setup", "debug", "login", "postconf", "-h", "myhostname") == "mail.example.test\n"
    assert "dovecot-master add NAME [PASSWORD]" in server.must("setup", "help")
    for words in (("quota", "frob"), ("email", "restrict", "frob"), ("relay", "frob"), ("debug", "frob")):
        done = server.run("setup", *words)
        assert done.returncode == 2
        assert f"The command '{' '.join(words)}' is invalid." in done.stderr


@pytest.mark.shows("setup.sh")
def test_the_script_on_the_host(server: Server, tmp_path: Path) -> None:
    """In the running container it is named in the log; without one, a config folder is edited."""
    user = "scripted@example.test"

    def script(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [SCRIPT, *words], input="a secret\n", capture_output=True, text=True, timeout=120, check=False
        )

    assert script("-c", server.name, "email", "add", user).returncode == 0
    with server.imap(user, "a secret"):
        pass
    assert user in script("-c", server.name, "email", "list").stdout
    assert script("-c", "no-such-container", "email", "list").returncode == 1
    lone = ("-i", f"{IMAGE}-nobody-runs-this", "-p", str(tmp_path))
    # An image of its own: running containers are looked for by the image's id.
    build = ["docker", "build", "-q", "-t", lone[1], "-"]
    recipe = f"FROM {IMAGE}\nLABEL test={tmp_path.name}\n"
    subprocess.run(build, input=recipe, text=True, check=True, timeout=60, capture_output=True)
    try:
        assert script(*lone, "email", "add", user).returncode == 0
        assert script(*lone, "email", "list").stdout == f"* {user}\n"
    finally:
        subprocess.run(["docker", "rmi", lone[1]], check=True, timeout=60, capture_output=True)
    assert (tmp_path / "postfix-accounts.cf").read_text().startswith(f"{user}|{{SHA512-CRYPT}}")
