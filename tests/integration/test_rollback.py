"""Back to an earlier state, by command and by git; and the proof that nothing else happened."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.integration.polling import poll
from tests.integration.server import Clone, Server

VIRTUAL, ENV = "config/postfix-virtual.cf", "mailserver.env"
REGEXP, MAIN_CF = "config/postfix-regexp.cf", "config/postfix-main.cf"
HASH = "{SHA512-CRYPT}$6$salt$" + 86 * "x"
GONE = "rolled-gone@example.test"
STAYS = "rolled-stays@example.test"


@pytest.fixture(scope="module", autouse=True)
def accounts(server: Server) -> None:
    """Two accounts: one that will be deleted, and one that stays."""
    server.add_account(GONE)
    server.add_account(STAYS)


def meaning(server: Server) -> dict[str, Any]:
    """Accounts, aliases, settings and overrides as they are, and the parameter that comes of an override."""
    shown = json.loads(server.must("mailctl", "show", "--json"))
    del shown["position"], shown["time"]
    live = server.must("postconf", "-h", "bounce_queue_lifetime", "message_size_limit").splitlines()
    return {**shown, "live": live}


def change_everything(server: Server, clone: Clone, mark: str) -> None:
    """Something of every kind of state changed, in one push and one command."""
    clone.back()
    clone.write(VIRTUAL, f"{mark}@example.test {STAYS}\n", append=True)
    clone.write(REGEXP, f"/^{mark}-.*@example\\.test$/ {STAYS}\n", append=True)
    clone.write(ENV, "POSTFIX_MESSAGE_SIZE_LIMIT=30720000\n", append=True)
    clone.write(MAIN_CF, "bounce_queue_lifetime = 2d\n", append=True)
    clone.write("config/dovecot-quotas.cf", f"{STAYS}:12M\n", append=True)
    clone.write("config/dovecot-masters.cf", f"{mark}|{HASH}\n", append=True)
    clone.write("config/postfix-relaymap.cf", f"@{mark}.test [relay.example.test]:25\n", append=True)
    clone.write("config/postfix-receive-access.cf", f"{GONE} REJECT\n", append=True)
    clone.commit(f"Change everything ({mark})")
    push = clone.push()
    assert push.accepted, push.said
    server.must("setup", "email", "del", GONE)


def served(server: Server, expected: dict[str, Any]) -> None:
    """The server means and serves what is expected, and the log proves it."""
    poll(lambda: meaning(server)["live"] == expected["live"], "the restored release serves", 10, every=0.3)
    assert meaning(server) == expected
    with server.imap(GONE):
        pass
    server.must("mailctl", "verify")


@pytest.mark.parametrize("kind", ["position", "commit"])
def test_a_rollback_restores_everything(server: Server, clone: Clone, kind: str) -> None:
    """Earlier accounts, aliases, settings and overrides serve again, as a new change set."""
    target = {"position": str(server.status()["position"]), "commit": server.rev("main")}[kind]
    before, events = meaning(server), server.rev("events")
    change_everything(server, clone, f"by-{kind}")
    changed = meaning(server)
    assert [changed[part] == before[part] for part in before] == [False] * len(before)
    position = server.status()["position"]
    done = server.run("mailctl", "rollback", target, "--reason", "the wrong day for it")
    assert done.returncode == 0, done.stderr
    assert "alias.removed" in done.stderr
    served(server, before)
    log = server.must("git", "--git-dir=/var/mail-state/state.git", "log", "--format=%H", "events").split()
    assert events in log
    made = [entry for entry in server.log() if entry["source"] == "rollback" and entry["position"] > position]
    assert {entry["reason"] for entry in made} == {"the wrong day for it"}
    assert {"account.added", "alias.removed", "setting.changed", "override.changed"} & {
        entry["kind"] for entry in made
    } >= {"account.added", "alias.removed", "setting.changed"}


def test_a_rollback_can_be_rolled_back(server: Server, clone: Clone) -> None:
    """What a rollback took away comes back by another one."""
    before = str(server.status()["position"])
    server.must("setup", "alias", "add", "twice@example.test", STAYS)
    after = str(server.status()["position"])
    server.must("mailctl", "rollback", before, "--reason", "no")
    assert "twice@example.test" not in server.must("setup", "alias", "list")
    server.must("mailctl", "rollback", after, "--reason", "yes, after all")
    assert "twice@example.test" in server.must("setup", "alias", "list")


def test_a_revert_restores_everything(server: Server, clone: Clone) -> None:
    """`git revert` of the commits and a push do the same."""
    base, before = server.rev("main"), meaning(server)
    change_everything(server, clone, "by-revert")
    clone.back()
    clone.git("revert", "--no-edit", f"{base}..HEAD")
    push = clone.push()
    assert push.accepted, push.said
    assert "account.added" in push.said
    assert "alias.removed" in push.said
    served(server, before)


def test_what_never_was_cannot_be_restored(server: Server) -> None:
    """An unknown position or commit is refused, and nothing is changed."""
    before = server.rev("main"), server.rev("events")
    for target in ("999999", "no-such-commit", "rendered"):
        done = server.run("mailctl", "rollback", target, "--reason", "a try")
        assert done.returncode in (0, 1), done.stderr
        if target != "rendered":
            assert done.returncode == 1, done.stderr
            assert done.stderr.strip()
    assert (server.rev("main"), server.rev("events")) == before


def on_a_terminal(server: Server, answer: str, *command: str) -> tuple[int, str]:
    """A command by a person at a terminal who answers its question; its status and what was seen."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        ["docker", "exec", "-it", server.name, *command],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        seen, answered = "", False
        with suppress(OSError):  # Linux: the other side is closed (pty(7))
            while chunk := os.read(ours, 1024):
                seen += chunk.decode(errors="replace")
                if "[y/N]" in seen and not answered:
                    os.write(ours, f"{answer}\n".encode())
                    answered = True
        status = process.wait(60)
    os.close(ours)
    return status, seen


def test_a_person_sees_the_plan_and_is_asked(server: Server) -> None:
    """No leaves all as it is, yes does what was shown; a script is not asked."""
    server.must("setup", "alias", "add", "asked@example.test", STAYS)
    position = str(server.log("--subject", "asked@example.test")[-1]["position"])
    server.must("setup", "alias", "add", "kept@example.test", STAYS)
    before = server.rev("main"), server.rev("events")
    status, seen = on_a_terminal(server, "n", "mailctl", "revert", position)
    assert status == 1, seen
    assert seen.index("taken back") < seen.index("alias.removed") < seen.index("Take it back? [y/N]")
    assert (server.rev("main"), server.rev("events")) == before
    status, seen = on_a_terminal(server, "y", "mailctl", "revert", position)
    assert status == 0, seen
    assert "applied in" in seen
    listed = server.must("setup", "alias", "list")
    assert "asked@example.test" not in listed
    assert "kept@example.test" in listed
    again = server.run("mailctl", "revert", position)
    assert again.returncode == 0
    assert "undone already" in again.stderr
    status, seen = on_a_terminal(server, "n", "mailctl", "rollback", position)
    assert "Go back? [y/N]" in seen
    assert status == 1
    shown = server.run("mailctl", "rollback", position, "--dry-run", "--exit-code")
    assert shown.returncode == 4
    assert "alias.added" in shown.stdout


def test_most_of_everything_does_not_go_unasked(server: Server) -> None:
    """A rollback that would empty the server is refused with its cure, in a script too."""
    before = server.rev("main"), server.rev("events")
    done = server.run("mailctl", "rollback", "0")
    assert done.returncode == 1
    assert "accounts" in done.stderr
    assert "--allow-mass-delete" in done.stderr
    status, seen = on_a_terminal(server, "y", "mailctl", "rollback", "0", "-y")
    assert status == 1, seen
    assert (server.rev("main"), server.rev("events")) == before


def test_a_position_whose_commits_are_lost(server: Server, clone: Clone) -> None:
    """The objects of main's old commits are gone: the state comes from the log, and serves."""
    clone.back()
    clone.write(VIRTUAL, f"lost@example.test {STAYS}\n", append=True)
    clone.commit("Add what will be lost")
    assert clone.push().accepted
    position, main, before = str(server.status()["position"]), server.rev("main"), meaning(server)
    clone.write(VIRTUAL, (clone.path / VIRTUAL).read_text().replace("lost@", "# found\nfound@"))
    clone.commit("Rename it")
    assert clone.push().accepted
    tree = git(server, "rev-parse", f"{main}^{{tree}}").strip()
    gone = [f"{OBJECTS}/{oid[:2]}/{oid[2:]}" for oid in (main, tree)]
    for path in gone:
        server.must("mv", path, f"{path}.lost")
    try:
        done = server.run("mailctl", "rollback", position)
    finally:
        for path in gone:
            server.must("mv", f"{path}.lost", path)
    assert done.returncode == 0, done.stderr
    assert "written anew from the log" in done.stderr
    assert {**meaning(server), "live": 0} == {**before, "live": 0}
    assert "# found" in git(server, "show", f"main:{VIRTUAL}")


OBJECTS = "/var/mail-state/state.git/objects"


def flip(server: Server, path: str, at: int) -> None:
    """Change one byte of a file, in place."""
    script = (
        "import sys; path, at = sys.argv[1], int(sys.argv[2]); f = open(path, 'r+b'); "
        "f.seek(at); b = f.read(1); f.seek(at); f.write(bytes([b[0] ^ 1]))"
    )
    server.must("python3", "-I", "-c", script, path, str(at))


def git(server: Server, *arguments: str) -> str:
    """git on the state repo, as its owner."""
    return server.must("setpriv", "--reuid=git", "--regid=git", "--clear-groups",
                       "git", "--git-dir=/var/mail-state/state.git", *arguments)  # fmt: skip


def object_of(server: Server, position: int) -> tuple[str, str]:
    """The commit of a position and the object with its events."""
    listed = git(server, "log", "--format=%H %s%n%(trailers:key=Position,valueonly)", "events")
    rows = [row for row in listed.splitlines() if row.strip()]
    commit = next(rows[at - 1].split()[0] for at, row in enumerate(rows) if row.strip() == str(position))
    return commit, git(server, "rev-parse", f"{commit}:events.jsonl").strip()


def verdict(server: Server, position: int) -> str:
    """What verify says of a log that is damaged at a position; the damage is found and placed."""
    done = server.run("mailctl", "verify")
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"position {position}" in done.stderr or f"change set {position}" in done.stderr, done.stderr
    found = json.loads(server.run("mailctl", "verify", "--json").stdout)
    assert found["ok"] is False
    assert found["findings"]
    return done.stderr


def test_a_byte_changed_in_the_log_is_found(server: Server, tmp_path: Path) -> None:
    """One byte of a loose object, then of a pack: verify says at which change set, and exits with 1."""
    server.must("setup", "alias", "add", "tampered@example.test", STAYS)
    position = server.log("--subject", "tampered@example.test")[-1]["position"]
    server.must("setup", "alias", "add", "later@example.test", STAYS)
    server.must("mailctl", "verify")
    _, oid = object_of(server, position)
    loose = f"{OBJECTS}/{oid[:2]}/{oid[2:]}"
    middle = int(server.must("stat", "-c", "%s", loose)) // 2
    flip(server, loose, middle)
    try:
        assert oid in verdict(server, position)
    finally:
        flip(server, loose, middle)
    server.must("mailctl", "verify")

    git(server, "repack", "-q", "-a", "-d")
    server.must("mailctl", "verify")
    index = server.must("bash", "-c", f"ls {OBJECTS}/pack/*.idx").split()[0]
    row = next(row for row in git(server, "verify-pack", "-v", index).splitlines() if row.startswith(oid))
    size, offset = (int(word) for word in row.split()[3:5])
    pack, place = index.replace(".idx", ".pack"), offset + size // 2
    flip(server, pack, place)
    try:
        assert oid in verdict(server, position)
    finally:
        flip(server, pack, place)
    server.must("mailctl", "verify")
    server.must("setup", "alias", "add", "after@example.test", STAYS)
