"""The commands on a running server."""

from __future__ import annotations

import imaplib
from datetime import UTC, datetime
from pathlib import Path

import docker
import pytest

from tests.integration.conftest import IMAGE
from tests.integration.polling import poll
from tests.integration.server import Server

CLONE_FILES = "config/postfix-accounts.cf"


def _logs_in(server: Server, user: str, password: str) -> bool:
    """Dovecot looks at its passwd-file once in a second of the clock, so what was may hold that long."""
    try:
        with server.imap(user, password):
            return True
    except imaplib.IMAP4.error:
        return False


@pytest.mark.shows("setup email add", "setup email update", "postfix-accounts.cf")
def test_an_account_logs_in_when_the_command_returns(server: Server) -> None:
    """Added, given another password, deleted: each is true at once."""
    user = "cmd1@example.test"
    server.must("setup", "email", "add", user, "first")
    with server.imap(user, "first"):
        pass
    server.must("setup", "email", "update", user, "second")
    poll(lambda: _logs_in(server, user, "second"), "the new password works", 3)
    assert f"* {user}" in server.must("setup", "email", "list")
    server.must("setup", "email", "del", "-y", user)
    assert user not in server.must("setup", "email", "list")
    poll(lambda: not _logs_in(server, user, "second"), "the login is refused", 3)
    assert server.run("test", "-e", "/var/mail/example.test/cmd1").returncode == 1


@pytest.mark.shows("setup email add")
def test_a_password_may_come_from_stdin(server: Server) -> None:
    """Scripts pipe it in, so that it is in no list of processes."""
    server.must("setup", "email", "add", "cmd2@example.test", stdin="piped in\n")
    with server.imap("cmd2@example.test", "piped in"):
        pass


@pytest.mark.shows("setup email add")
def test_wrong_input_is_refused(server: Server) -> None:
    """No domain part, an account twice, an unknown account, an unknown command."""
    server.add_account("cmd3@example.test")
    assert server.run("setup", "email", "add", "nodomain", "x").returncode == 2
    assert server.run("setup", "email", "add", "cmd3@example.test", "x").returncode == 1
    assert server.run("setup", "email", "update", "nobody@example.test", "x").returncode == 1
    unknown = server.run("setup", "nonsense")
    assert unknown.returncode != 0
    assert "The command 'nonsense' is invalid." in unknown.stderr + unknown.stdout


@pytest.mark.shows("setup email del")
def test_deleting_leaves_the_mail_without_yes(server: Server) -> None:
    """The mailbox is still there for the next account of that name."""
    user = server.add_account("cmd4@example.test")
    server.wait_for_mail(user, server.deliver(user))
    server.must("setup", "email", "del", user)
    assert server.run("test", "-d", "/var/mail/example.test/cmd4").returncode == 0


@pytest.mark.shows("setup alias add", "setup alias del", "setup alias list", "postfix-virtual.cf")
def test_aliases_come_and_go(server: Server) -> None:
    """An alias takes mail as soon as the command returns."""
    user = server.add_account("cmd5@example.test")
    server.must("setup", "alias", "add", "desk@example.test", user)
    assert f"* desk@example.test {user}" in server.must("setup", "alias", "list")
    server.wait_for_mail(user, server.deliver("desk@example.test"))
    server.must("setup", "alias", "del", "desk@example.test", user)
    assert "desk@example.test" not in server.must("setup", "alias", "list")


@pytest.mark.shows("postfix-accounts.cf")
def test_comments_and_order_survive_commands(server: Server, tmp_path: Path) -> None:
    """A person's file keeps what a command did not have to touch."""
    user = server.add_account("cmd6@example.test")
    clone = server.clone(tmp_path / "clone")
    clone.write(CLONE_FILES, "\n# the board\n", append=True)
    clone.commit("Comment on the board")
    assert clone.push().accepted
    server.add_account("cmd7@example.test")
    server.must("setup", "email", "del", user)
    clone.back()
    text = (clone.path / CLONE_FILES).read_text()
    assert "# the board\ncmd7@example.test|" in text
    assert user not in text


def test_status_shows_what_serves(server: Server) -> None:
    """Every service answers its probes; nothing drifted."""
    status = server.status()
    assert status["healthy"]
    assert status["applied"] == status["attempted"] > 0
    assert {"postfix", "dovecot"} <= {service["name"] for service in status["services"]}
    assert status["drift"] == []
    text = server.must("mailctl", "status")
    assert text.startswith("mail.example.test   healthy")
    assert server.run("mailctl", "status", "--health").returncode == 0


def test_rollback_brings_the_past_back(server: Server) -> None:
    """Accounts and aliases of an earlier position serve again, as new events; verify agrees."""
    user = server.add_account("cmd8@example.test")
    before = server.status()["position"]
    server.must("setup", "alias", "add", "gone@example.test", user)
    server.must("setup", "email", "del", user)
    server.must("mailctl", "rollback", str(before), "--reason", "the wrong one")
    assert user in server.must("setup", "email", "list")
    assert "gone@example.test" not in server.must("setup", "alias", "list")
    with server.imap(user):
        pass
    last = server.log("--subject", user)[-1]
    assert (last["kind"], last["reason"]) == ("account.added", "the wrong one")
    server.must("mailctl", "verify")


def test_revert_is_a_rollback_too(server: Server, tmp_path: Path) -> None:
    """`git revert` and a push undo a change."""
    user = server.add_account("cmd9@example.test")
    clone = server.clone(tmp_path / "clone")
    clone.write("config/postfix-virtual.cf", f"oops@example.test {user}\n", append=True)
    clone.commit("Add an alias")
    assert clone.push().accepted
    clone.git("revert", "--no-edit", "HEAD")
    push = clone.push()
    assert push.accepted, push.said
    assert "alias.removed" in push.said
    assert "oops@example.test" not in server.must("setup", "alias", "list")


def test_the_past_can_be_shown(server: Server) -> None:
    """`show --at` a position or a time gives the accounts as they were."""
    server.add_account("past1@example.test")
    position = server.status()["position"]
    moment = datetime.now(UTC).isoformat(timespec="milliseconds")
    server.add_account("past2@example.test")
    for at in (str(position), moment):
        then = server.must("mailctl", "show", "accounts", "--at", at).split()
        assert "past1@example.test" in then
        assert "past2@example.test" not in then
    assert "past2@example.test" in server.must("mailctl", "show", "accounts")


def test_a_suspended_server_records_and_waits(server: Server) -> None:
    """While suspended changes are recorded; resuming applies them."""
    server.must("mailctl", "suspend", "--reason", "host upgrade")
    try:
        server.must("setup", "email", "add", "later@example.test", "secret", "--no-wait")
        assert server.status()["suspended"]
        with (
            pytest.raises(Exception, match="AUTHENTICATIONFAILED"),
            server.imap("later@example.test", "secret"),
        ):
            pass
    finally:
        server.must("mailctl", "resume")

    poll(lambda: _logs_in(server, "later@example.test", "secret"), "it is live after resuming", 10)


def test_reports_are_json_for_programs(server: Server) -> None:
    """plan, diff and history answer programs too."""
    user = server.add_account("json1@example.test")
    entries = server.log("--subject", user, "--kind", "account.added")
    assert entries[-1]["actor"] == "root"
    assert entries[-1]["source"] == "setup"
    position = entries[-1]["position"]
    assert user in server.must("mailctl", "diff", str(position - 1), str(position), "--state")
    assert server.run("mailctl", "diff", str(position - 1), str(position), "--exit-code").returncode == 4
    assert "account.added" in server.must("mailctl", "history", user)


def test_a_message_is_sealed_for_the_server(server: Server) -> None:
    """`seal` gives the age format, and not what went in."""
    sealed = server.must("mailctl", "seal", "-", stdin="a secret")
    assert sealed.startswith("-----BEGIN AGE ENCRYPTED FILE-----")
    assert "a secret" not in sealed


def test_a_one_off_container_needs_no_server(engine: docker.DockerClient) -> None:
    """`docker run --rm IMAGE setup …` works with no volume and nothing running."""
    said = engine.containers.run(
        IMAGE, ["bash", "-c", "setup email add a@example.test secret && setup email list"], remove=True
    )
    assert b"* a@example.test" in said
