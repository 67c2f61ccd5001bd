"""Each node has a tree of its own, and the plan of a change tells of all of them."""

from __future__ import annotations

from dataclasses import replace

from controlplane.intake import plan
from controlplane.intake.proposal import render
from controlplane.intake.trees import node_files
from controlplane.model import Alias, NodeStatus, State
from tests.renderers.states import state

FIRST = state(accounts=("user1@example.test",))


def two_nodes(of: State) -> State:
    """The state after a second node reported."""
    other = NodeStatus("second", hostname="mx2.example.test")
    return replace(of, observed=replace(of.observed, nodes={**of.observed.nodes, "second": other}))


def test_a_node_gets_files_with_its_own_name() -> None:
    """The host name is the node's, accounts are everybody's; the release keeps a folder for each."""
    trees, problems = render(two_nodes(FIRST))
    assert trees is not None
    assert not problems
    kept = node_files(trees)
    assert b"myhostname = mail.example.test\n" in kept["mail"]["etc/postfix/main.cf"][0]
    assert b"myhostname = mx2.example.test\n" in kept["second"]["etc/postfix/main.cf"][0]
    assert kept["mail"]["etc/dovecot/userdb"] == kept["second"]["etc/dovecot/userdb"]


def test_before_the_first_report_there_is_one_node() -> None:
    """A server that never ran renders for the node of a single container."""
    trees, _ = render(State())
    assert trees is not None
    assert list(trees) == ["mail"]


def test_a_plan_names_a_file_once() -> None:
    """A change that is the same on every node is shown once; a node that is new starts its services."""
    alias = {"info@example.test": Alias("info@example.test", ("user1@example.test",))}
    changed = replace(FIRST, desired=replace(FIRST.desired, aliases=alias))
    old, new = render(two_nodes(FIRST))[0], render(two_nodes(changed))[0]
    assert new is not None
    files, actions = plan.compare(old, new)
    assert [file.path for file in files if file.path == "etc/postfix/virtual"] == ["etc/postfix/virtual"]
    one = render(FIRST)[0]
    assert plan.compare(one, render(changed)[0] or {}) == (files, actions)
    assert plan.compare(one, new)[1]["postfix"] == "start"
