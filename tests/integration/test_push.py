"""A push changes the running server; what is refused is in test_refusals.py."""

from __future__ import annotations

import pytest

from tests.integration.polling import poll
from tests.integration.server import Clone, Server

VIRTUAL = "config/postfix-virtual.cf"


@pytest.mark.shows("postfix-virtual.cf")
def test_a_pushed_alias_is_live_and_nothing_reloads(server: Server, clone: Clone) -> None:
    """The answer is the plan; within a second mail to the alias arrives; sessions and processes stay."""
    user = server.add_account("push1@example.test")
    clone.back()
    before = {program: server.pid(program) for program in ("postfix", "dovecot")}
    with server.imap(user) as session:
        clone.write(VIRTUAL, f"info@example.test {user}\n", append=True)
        commit = clone.commit("Add the info alias (ticket 4711)")
        push = clone.push()
        assert push.accepted, push.said
        assert "Plan: 1 to add, 0 to change, 0 to remove." in push.said
        assert "alias.added" in push.said
        assert "virtual" in push.said
        made = poll(lambda: server.deliver("info@example.test"), "mail to the alias is taken", 8)
        server.wait_for_mail(user, made)
        assert session.noop()[0] == "OK"
    assert {program: server.pid(program) for program in before} == before
    entry = server.log("--kind", "alias.added", "--subject", "info@example.test")[-1]
    assert entry["source"] == "push"
    assert entry["author"] == "Ada Admin" or entry["actor"] == "Ada Admin"
    assert "ticket 4711" in entry["reason"]
    assert entry["live"]
    assert server.rev("main") == commit


def test_root_in_the_container_is_told_how_to_push(server: Server) -> None:
    """git alone would write as root what the control plane cannot read."""
    start = "rm -rf /tmp/c && git clone -q /var/mail-state/state.git /tmp/c && cd /tmp/c"
    change = "git config user.name Ada && git config user.email a@b.c && git commit -q --allow-empty -m x"
    main = server.rev("main")
    refused = server.run("bash", "-c", f"{start} && {change} && git push")
    assert refused.returncode != 0
    assert "git push --receive-pack=/usr/local/bin/git-receive-pack" in refused.stderr
    assert server.rev("main") == main
    server.must(
        "bash", "-c", "cd /tmp/c && git push --receive-pack=/usr/local/bin/git-receive-pack; rm -r /tmp/c"
    )
    assert server.rev("main") != main
