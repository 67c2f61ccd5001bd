"""Every class of mistake is refused with its place and its cure, and nothing changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.integration.server import Clone, Push, Server

HASH = "{SHA512-CRYPT}$6$abcdefgh$" + "x" * 86
ACCOUNTS, VIRTUAL, ENV = "config/postfix-accounts.cf", "config/postfix-virtual.cf", "mailserver.env"
REGEXP, MAIN_CF, DOVECOT = "config/postfix-regexp.cf", "config/postfix-main.cf", "config/dovecot.cf"
SIEVE, OVERRIDE_D = "config/before.dovecot.sieve", "config/rspamd/override.d/actions.conf"
COMMANDS = "config/rspamd/custom-commands.conf"
KEEP = "keep@example.test"


@dataclass(frozen=True)
class Mistake:
    """Text to append to a file, what the answer says, and the wrong line (by default the text's last)."""

    name: str
    text: str
    said: tuple[str, ...]
    wrong: str = ""

    @property
    def line(self) -> str:
        return self.wrong or self.text.splitlines()[-1]


MISTAKES = {
    "malformed account line": Mistake(ACCOUNTS, "# staff\nno bar here\n", ("write name|hash",)),
    "duplicate account": Mistake(ACCOUNTS, f"\n{KEEP}|{HASH}\n", ("is there already, on line",)),
    "duplicate account by case": Mistake(
        ACCOUNTS, f"\nKeep@Example.Test|{HASH}\n", ("is there already, on line",)
    ),
    "path in an address": Mistake(ACCOUNTS, f"../../x@example.test|{HASH}\n", ("../../x@example.test",)),
    "alias to a malformed address": Mistake(
        VIRTUAL,
        "# desks\nx@example.test  not an address@@\n",
        ("not an address@@", "write one or more addresses"),
    ),
    "alias loop": Mistake(
        VIRTUAL,
        f"a@example.test b@example.test\nc@example.test {KEEP}\nb@example.test a@example.test\n",
        ("a@example.test", "b@example.test", "loop"),
        wrong="a@example.test b@example.test",
    ),
    "broken regular expression": Mistake(
        REGEXP, f"/^ok@/ {KEEP}\n\n/(unclosed@/ {KEEP}\n", ("missing )", "correct the expression")
    ),
    "expression that only Postfix can judge": Mistake(
        REGEXP,
        f"# ours\n/^ok@/ {KEEP}\n\n/^a{{3,2}}@/ {KEEP}\n",
        ("postfix:", "out of order", "correct or remove"),
    ),
    "unknown setting": Mistake(ENV, "ENABEL_RSPAMD=1\n", ("is not a setting", "ENABLE_RSPAMD")),
    "value not in the list": Mistake(ENV, "TLS_LEVEL=ancient\n", ("TLS_LEVEL", "modern", "intermediate")),
    "value out of range": Mistake(ENV, "POSTFIX_MESSAGE_SIZE_LIMIT=-5\n", ("POSTFIX_MESSAGE_SIZE_LIMIT",)),
    "broken dovecot.cf": Mistake(
        DOVECOT, "# ours\nmail_max_userip_connections = 20\n}\n", ("dovecot", "correct or remove")
    ),
    "unknown dovecot.cf setting": Mistake(
        DOVECOT,
        "# ours\n\nno_such_setting = yes\nmail_max_userip_connections = 20\n",
        ("no_such_setting", "correct or remove"),
        wrong="no_such_setting = yes",
    ),
    "unknown Postfix parameter": Mistake(
        MAIN_CF,
        "# ours\nbounce_queue_lifetime = 1d\n\nno_such_parameter = 1\nmaximal_queue_lifetime = 1d\n",
        ("no_such_parameter", "postfix"),
        wrong="no_such_parameter = 1",
    ),
    "value that is no number": Mistake(
        MAIN_CF, "# ours\nheader_size_limit = big\n", ("bad numerical configuration", "header_size_limit")
    ),
    "address that is not the container's": Mistake(
        MAIN_CF, "# ours\ninet_interfaces = 203.0.113.9\n", ("no local interface found for 203.0.113.9",)
    ),
    "folder that is not there": Mistake(
        MAIN_CF, "# ours\nmeta_directory = /nowhere\n", ("meta_directory", "/nowhere does not exist")
    ),
    "broken Sieve": Mistake(
        SIEVE,
        'require ["fileinto"];\n# spam\nfrobnicate;\nkeep;\n',
        ("correct or remove",),
        wrong="frobnicate;",
    ),
    "program that nothing can run": Mistake(
        "config/sieve-filter/tag",
        "#!/usr/bin/env no-such-language\nprint\n",
        ("there is no no-such-language in the container", "correct or remove"),
        wrong="#!/usr/bin/env no-such-language",
    ),
    "program with a syntax error": Mistake(
        "config/sieve-pipe/learn", "#!/bin/bash\n\necho )\n", ("syntax error near unexpected token",)
    ),
    "script that bash does not understand": Mistake(
        "config/user-patches.sh",
        "#!/usr/bin/env python3\nprint('patched')\n",
        ("it is run by bash, whatever its first line says",),
        wrong="#!/usr/bin/env python3",
    ),
    "private key in the clear": Mistake(
        "config/ssl/key.pem",
        "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n",
        ("a private key in the clear", "mailctl seal config/ssl/key.pem"),
        wrong="-----BEGIN PRIVATE KEY-----",
    ),
}
SPAM_MISTAKES = {
    "broken Rspamd override": Mistake(
        OVERRIDE_D, "# ours\nreject = 12;\nadd_header = { = ;\n", ("rspamd",), wrong="add_header = { = ;"
    ),
    "unknown custom command": Mistake(
        COMMANDS,
        "# ours\nset-option-for-modul dmarc enabled true\n",
        ("set-option-for-module",),
    ),
    "broken value by a custom command": Mistake(COMMANDS, "# ours\nadd-line options.inc {[;\n", ("rspamd",)),
}


def facts(server: Server) -> dict[str, Any]:
    """What must not change: every ref, and what serves."""
    refs = server.must("git", "--git-dir=/var/mail-state/state.git", "for-each-ref")
    status = server.status()
    kept = ("position", "applied", "attempted", "healthy", "failure", "drift")
    return {"refs": refs, **{name: status[name] for name in kept}}


@contextmanager
def unchanged(server: Server) -> Iterator[None]:
    """Whatever is tried inside leaves the server as it was."""
    before = facts(server)
    yield
    assert facts(server) == before


@pytest.fixture(scope="module")
def once(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """One clone for all of this, of the shared server, which has an account to point at."""
    if KEEP not in server.must("setup", "email", "list"):
        server.add_account(KEEP)
    return server.clone(tmp_path_factory.mktemp("refusals") / "mail-state")


@pytest.fixture
def ready(once: Clone) -> Clone:
    """The clone, standing where the server's main is."""
    once.back()
    return once


def refuse(server: Server, clone: Clone, mistake: Mistake) -> None:
    """Push the mistake: the answer has file and line of the person's file, the cure, and nothing moved."""
    clone.write(mistake.name, mistake.text, append=True)
    clone.commit("A mistake")
    lines = (clone.path / mistake.name).read_text().splitlines()
    number = max(at for at, line in enumerate(lines, 1) if line == mistake.line)
    with unchanged(server):
        push = clone.push()
        assert not push.accepted, push.said
    assert "refused: nothing was changed" in push.said
    assert f"{mistake.name}:{number}: " in push.said, push.said
    for text in mistake.said:
        assert text in push.said, push.said
    assert "1 problem;" in push.said, push.said


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_refused_with_place_and_cure(server: Server, ready: Clone, mistake: Mistake) -> None:
    """File, line and cure are said, and nothing is changed."""
    refuse(server, ready, mistake)


def test_what_only_postfix_understands_is_taken(server: Server, ready: Clone) -> None:
    """An expression of PCRE that other dialects do not have is no mistake."""
    ready.write(REGEXP, f"/^(?|sales|orders)\\h*+@example\\.test$/ {KEEP}\n", append=True)
    ready.commit("Add an expression")
    with unchanged(server):
        push = ready.push("HEAD:main", "-o", "dry-run")
    assert "regexp.added" in push.said, push.said
    assert "validated with postfix" in push.said, push.said


@pytest.mark.parametrize("mistake", SPAM_MISTAKES.values(), ids=SPAM_MISTAKES.keys())
def test_a_mistake_for_the_filter_is_refused(rspamd_server: Server, tmp_path: Path, mistake: Mistake) -> None:
    """Rspamd's own checker is led back to the person's line, too."""
    refuse(rspamd_server, rspamd_server.clone(tmp_path / "mail-state"), mistake)


def test_all_problems_are_told_at_once(server: Server, ready: Clone) -> None:
    """Two mistakes in two files are one answer."""
    ready.write(VIRTUAL, "x@example.test  not an address@@\n", append=True)
    ready.write(ENV, "ENABEL_RSPAMD=1\n", append=True)
    ready.commit("Two mistakes")
    with unchanged(server):
        push = ready.push()
    assert not push.accepted
    assert "not an address@@" in push.said
    assert "did you mean ENABLE_RSPAMD?" in push.said
    assert "2 problems;" in push.said


def test_all_daemons_complaints_are_told_at_once(server: Server, ready: Clone) -> None:
    """What only the daemons' checkers find is collected from all of them."""
    ready.write(DOVECOT, "no_such_setting = yes\n")
    ready.write(MAIN_CF, "# ours\nno_such_parameter = 1\n")
    ready.commit("Two mistakes")
    with unchanged(server):
        push = ready.push()
    assert not push.accepted
    assert f"{DOVECOT}:1: " in push.said
    assert f"{MAIN_CF}:2: " in push.said


def _plumbed(clone: Clone, mode: str, oid: str, path: str) -> None:
    """Commit an index entry as it could not be added by hand."""
    clone.git("update-index", "--add", "--cacheinfo", f"{mode},{oid},{path}")
    clone.git("commit", "-q", "-m", "Something odd")


def _commit_tree(clone: Clone, tree: str) -> None:
    commit = clone.git("commit-tree", tree, "-p", "HEAD", "-m", "Leave the tree").strip()
    clone.git("update-ref", "HEAD", commit)


def _raw_tree(clone: Clone, entries: list[tuple[str, str, str]]) -> str:
    """A tree object with exactly these entries (mode, name, object), however wrong."""
    body = b"".join(f"{mode} {name}".encode() + b"\0" + bytes.fromhex(oid) for mode, name, oid in entries)
    path = clone.path / ".git" / "raw-tree"
    path.write_bytes(body)
    return clone.git("hash-object", "-t", "tree", "-w", "--literally", str(path)).strip()


def _entries(clone: Clone) -> list[tuple[str, str, str]]:
    listed = [line.split() for line in clone.git("ls-tree", "HEAD").splitlines()]
    return [(mode.lstrip("0"), name, oid) for mode, _, oid, name in listed]


def _dotdot(clone: Clone) -> None:
    blob = clone.git("rev-parse", "HEAD:mailserver.env").strip()
    outside = _raw_tree(clone, [("100644", "passwd", blob)])
    _commit_tree(clone, _raw_tree(clone, [("40000", "..", outside), *_entries(clone)]))


def _slash(clone: Clone) -> None:
    blob = clone.git("rev-parse", "HEAD:mailserver.env").strip()
    _commit_tree(clone, _raw_tree(clone, [("100644", "../../etc/passwd", blob), *_entries(clone)]))


def _symlink(clone: Clone) -> None:
    (clone.path / "config/link.cf").symlink_to("/etc/passwd")
    clone.commit("Add a link")


def _submodule(clone: Clone) -> None:
    _plumbed(clone, "160000", clone.git("rev-parse", "HEAD").strip(), "config/module")


ODD: dict[str, tuple[Callable[[Clone], None], str]] = {
    "symlink": (_symlink, "config/link.cf"),
    "submodule": (_submodule, "config/module"),
    "folder that leaves the tree": (_dotdot, ".."),
    "name that leaves the tree": (_slash, "contains full pathnames"),
}


@pytest.mark.parametrize("odd", ODD)
def test_only_plain_files_inside_the_tree_are_taken(server: Server, ready: Clone, odd: str) -> None:
    """Links, submodules and paths that lead outside are refused by name."""
    make, named = ODD[odd]
    make(ready)
    with unchanged(server):
        push = ready.push()
    assert not push.accepted, push.said
    assert named in push.said, push.said


def test_history_is_not_rewritten(server: Server, ready: Clone) -> None:
    """A forced push that drops commits is refused, and the answer says how to undo instead."""
    assert ready.change("config/postfix-main.cf", "# a comment\n").accepted
    ready.git("commit", "-q", "--amend", "-m", "Another past")
    with unchanged(server):
        push = ready.push("+HEAD:main")
    assert not push.accepted, push.said
    assert "revert" in push.said, push.said


@pytest.mark.parametrize("ref", ["events", "rendered", "preview/x"])
def test_the_servers_own_branches_are_closed(server: Server, ready: Clone, ref: str) -> None:
    """Nobody pushes to, or deletes, what the server writes."""
    with unchanged(server):
        pushes = [ready.push(f"+HEAD:refs/heads/{ref}"), ready.push(f":refs/heads/{ref}")]
    assert not any(push.accepted for push in pushes[: 1 if "/" in ref else 2])
    assert ref.partition("/")[0] in pushes[0].said, pushes[0].said


def test_main_is_not_deleted(server: Server, ready: Clone) -> None:
    """There is no mail server without its main."""
    with unchanged(server):
        push = ready.push(":refs/heads/main")
    assert not push.accepted, push.said


def test_an_unknown_push_option_is_refused(server: Server, ready: Clone) -> None:
    """A misspelt `dry-run` must not become a real push."""
    ready.write(VIRTUAL, f"option@example.test {KEEP}\n", append=True)
    ready.commit("Try an option")
    with unchanged(server):
        push = ready.push("HEAD:main", "-o", "dryrun")
    assert not push.accepted, push.said
    assert "dry-run" in push.said


def _without_most_accounts(clone: Clone) -> Push:
    lines = (clone.path / ACCOUNTS).read_text().splitlines(keepends=True)
    clone.write(ACCOUNTS, "".join(line for line in lines if line.startswith(KEEP)))
    clone.write(VIRTUAL, "")
    clone.commit("Remove most accounts")
    return clone.push()


def test_most_accounts_do_not_go_by_mistake(server: Server, ready: Clone) -> None:
    """Removing more than half of all accounts needs `-o allow-mass-delete`; a rollback brings them back."""
    for number in range(3):
        address = f"mass{number}@example.test"
        if address not in server.must("setup", "email", "list"):
            server.add_account(address)
    ready.back()
    before = server.status()["position"]
    with unchanged(server):
        push = _without_most_accounts(ready)
    assert not push.accepted, push.said
    assert "allow-mass-delete" in push.said, push.said
    push = ready.push("HEAD:main", "-o", "allow-mass-delete")
    try:
        assert push.accepted, push.said
        assert "mass0@example.test" not in server.must("setup", "email", "list")
    finally:
        server.must("mailctl", "rollback", str(before), "--reason", "end of a test")
    assert "mass0@example.test" in server.must("setup", "email", "list")
