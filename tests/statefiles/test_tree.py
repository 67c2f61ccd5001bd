"""The whole of `main` at once."""

from __future__ import annotations

import time
from dataclasses import replace

from controlplane.model import Account, Override
from controlplane.statefiles.tree import EXECUTABLE, SYMLINK, ParseCache, TreeFile, read_tree

HASH = b"{SHA512-CRYPT}$6$2YpW1nYtPBs2yLYS$" + b"x" * 86
TREE = {
    "README.md": TreeFile(b"ours"),
    "mailserver.env": TreeFile(b"ENABLE_RSPAMD=1\n"),
    "config/postfix-accounts.cf": TreeFile(b"a@example.test|" + HASH + b"\n"),
    "config/postfix-virtual.cf": TreeFile(b"b@example.test a@example.test\n"),
    "config/postfix-regexp.cf": TreeFile(b"/^x/ a@example.test\n"),
    "config/rspamd/override.d/x.conf": TreeFile(b"\xff\x00"),
    "config/user-patches.sh": TreeFile(b"#!/bin/bash\n", EXECUTABLE),
    "config/link": TreeFile(b"/etc/passwd", SYMLINK),
}


def test_every_file_finds_its_place() -> None:
    """Formats are parsed, other files below config/ kept, the rest has no meaning."""
    desired, problems = read_tree(TREE)
    assert problems == ()
    assert list(desired.accounts) == ["a@example.test"]
    assert list(desired.aliases) == ["b@example.test"]
    assert list(desired.regexps) == ["/^x/"]
    assert dict(desired.settings) == {"ENABLE_RSPAMD": "1"}
    assert desired.overrides == {
        "rspamd/override.d/x.conf": Override("rspamd/override.d/x.conf", b"\xff\x00"),
        "user-patches.sh": Override("user-patches.sh", b"#!/bin/bash\n", executable=True),
    }


def test_an_empty_tree_is_an_empty_state() -> None:
    """A server without any file runs on defaults."""
    desired, problems = read_tree({})
    assert (desired.accounts, desired.settings, problems) == ({}, {}, ())


def test_problems_of_all_files_come_together() -> None:
    """One refusal lists everything that is wrong, and each file's good lines are still read."""
    broken = {
        **TREE,
        "config/postfix-accounts.cf": TreeFile(b"bad\na@example.test|" + HASH + b"\n"),
        "config/postfix-virtual.cf": TreeFile(b"x@example.test\n"),
    }
    desired, problems = read_tree(broken)
    assert [problem.path for problem in problems] == [
        "config/postfix-accounts.cf",
        "config/postfix-virtual.cf",
    ]
    assert list(desired.accounts) == ["a@example.test"]


def test_what_is_not_text_is_refused_with_its_line() -> None:
    """A stray byte of another encoding is found, without showing what follows a bar."""
    content = b"a@example.test|" + HASH + b"\nb@example.test|secret\xe4x\n"
    _, (problem,) = read_tree({"config/postfix-accounts.cf": TreeFile(content)})
    assert (problem.line, problem.message) == (2, "byte 0xe4 is not UTF-8")
    assert "secret" not in problem.excerpt


def test_a_cache_changes_nothing_but_the_time() -> None:
    """The same tree read twice, and a changed one, are what they are without a cache."""
    cache = ParseCache()
    grown = {
        **TREE,
        "config/postfix-accounts.cf": TreeFile(TREE["config/postfix-accounts.cf"].content + b"#\n"),
    }
    for tree in (TREE, TREE, grown, TREE):
        assert read_tree(tree, cache) == read_tree(tree)


def test_unchanged_accounts_are_the_same_objects() -> None:
    """What did not change need not be compared again."""
    cache = ParseCache()
    content = b"a@example.test|" + HASH + b"\nb@example.test|" + HASH + b"\n"
    before, _ = read_tree({"config/postfix-accounts.cf": TreeFile(content)}, cache)
    after, _ = read_tree({"config/postfix-accounts.cf": TreeFile(content + b"c@example.test|" + HASH)}, cache)
    assert list(after.accounts) == ["a@example.test", "b@example.test", "c@example.test"]
    assert after.accounts["a@example.test"] is before.accounts["a@example.test"]


def test_a_state_and_what_was_read_share_their_rows() -> None:
    """Equal rows are held once; what differs, and what was read since, stays as it was read."""
    cache = ParseCache()
    path = "config/postfix-accounts.cf"
    content = b"a@example.test|" + HASH + b"\nb@example.test|" + HASH + b"\n"
    state, _ = read_tree({path: TreeFile(content)})
    state = replace(state, accounts={**state.accounts, "b@example.test": Account("b@example.test", "{X}y")})
    read_tree({path: TreeFile(content)}, cache)
    cache.share(state, state)
    after, _ = read_tree({path: TreeFile(content + b"c@example.test|" + HASH)}, cache)
    assert after.accounts["a@example.test"] is state.accounts["a@example.test"]
    assert after == read_tree({path: TreeFile(content + b"c@example.test|" + HASH)})[0]


def test_a_hundred_thousand_accounts_are_read_in_time() -> None:
    """Reading all takes well under the bound here, a line more a fraction of that."""
    content = b"".join(b"user%d@example%d.test|%s\n" % (n, n % 50, HASH) for n in range(100_000))
    cache = ParseCache()
    start = time.process_time()
    read_tree({"config/postfix-accounts.cf": TreeFile(content)}, cache)
    whole = time.process_time() - start
    start = time.process_time()
    desired, _ = read_tree(
        {"config/postfix-accounts.cf": TreeFile(content + b"new@example.test|" + HASH)}, cache
    )
    assert len(desired.accounts) == 100_001
    assert time.process_time() - start < whole / 2
    assert whole < 3
