"""The plan that people review names the actions that the agent takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.apply import plan as agents
from agent.release.manifest import Release, ServiceEntry
from controlplane.intake import plan
from renderers.release import NodeTree
from renderers.service import RenderedFile
from wire.actions import parameters
from wire.manifest import Action, Entry

PATH = "etc/postfix/main.cf"
NAMES = ("inet_interfaces", "inet_protocols")
MANIFEST = b'{"order": ["postfix"]}'

CASES = {
    "another value": ("inet_interfaces = all\n", "inet_interfaces = ::1\n", "restart"),
    "another parameter": ("inet_interfaces = all\nx = 1\n", "inet_interfaces = all\nx = 2\n", "reload"),
    "a continued line": ("inet_interfaces =\n 10.0.0.1\n", "inet_interfaces =\n 10.0.0.2\n", "restart"),
    "only spacing": ("inet_interfaces = all\n", "inet_interfaces  =all \n", "reload"),
    "one line becomes two": (
        "inet_interfaces = ::1, [::2]\n",
        "inet_interfaces =\n  ::1,\n  [::2]\n",
        "reload",
    ),
    "set twice, the first changed": (
        "inet_interfaces = all\ninet_interfaces = ::1\n",
        "inet_interfaces = ::2\ninet_interfaces = ::1\n",
        "reload",
    ),
    "set twice, the last changed": (
        "inet_interfaces = all\ninet_interfaces = ::1\n",
        "inet_interfaces = all\ninet_interfaces = ::2\n",
        "restart",
    ),
    "a comment within": ("inet_interfaces =\n# x\n ::1\n", "inet_interfaces =\n ::1\n", "reload"),
    "continued under another": ("x = 1\n inet_interfaces = a\n", "x = 1\n inet_interfaces = b\n", "reload"),
    "gone": ("inet_interfaces = all\n", "x = 1\n", "restart"),
    "moved": ("inet_interfaces = all\nx = 1\n", "x = 1\ninet_interfaces = all\n", "reload"),
}


def planned(before: bytes, after: bytes) -> str:
    """The action on Postfix that the plan shows."""
    files = [{PATH: RenderedFile(PATH, text, Action.RELOAD, restart_on=NAMES)} for text in (before, after)]
    trees = [{"mail": NodeTree(each, {PATH: "postfix"}, MANIFEST)} for each in files]
    return plan.compare(*trees)[1].get("postfix", "none")


def done(before: bytes, after: bytes) -> str:
    """The action that the agent takes."""
    texts = {"a": before, "a" if before == after else "b": after}
    releases = [
        Release(
            "",
            0,
            files={PATH: Entry(PATH, ("postfix",), "reload", 0o644, "root:root", "", name, restart_on=NAMES)},
            services={"postfix": ServiceEntry("postfix", (), ())},
        )
        for name in (min(texts), max(texts))
    ]
    return agents.compare(*releases, lambda entry: texts[entry.identity]).actions.get("postfix", "none")


@pytest.mark.parametrize(("before", "after", "action"), CASES.values(), ids=CASES)
def test_both_name_the_same_action(before: str, after: str, action: str) -> None:
    """A parameter of restart_on that Postfix reads otherwise makes a reload a restart."""
    assert planned(before.encode(), after.encode()) == action
    assert done(before.encode(), after.encode()) == action


WORDS = st.sampled_from(
    [*NAMES, "x", "=", " = ", "a", "b", " ", "\t", "#", "\n", "\r", "\n ", "\x0b", "\x85"]
)
TEXTS = st.lists(WORDS, max_size=12).map(lambda words: "".join(words).encode())


@given(TEXTS, TEXTS)
def test_they_never_differ(before: bytes, after: bytes) -> None:
    """Whatever the files hold."""
    assert planned(before, after) == done(before, after)


@given(TEXTS)
def test_spacing_is_no_value(text: bytes) -> None:
    """A longer blank anywhere within lines changes no parameter."""
    assert parameters(text.replace(b" ", b"  ")) == parameters(text)


def test_parameters_of_main_cf() -> None:
    """Comments are left out, continued lines joined, the last setting wins."""
    text = b"# c\na = 1\nb =\n  x,\n# in between\n  y\na = 2\n"
    assert parameters(text) == {"a": "2", "b": "x, y"}


def test_the_hardest_action_on_any_node_is_shown() -> None:
    """One node starts a service that another one only reloads."""
    file = RenderedFile(PATH, b"", Action.RELOAD)
    tree = NodeTree({PATH: file}, {PATH: "postfix"}, MANIFEST)
    changed = NodeTree({PATH: RenderedFile(PATH, b"x\n", Action.RELOAD)}, {PATH: "postfix"}, MANIFEST)
    idle = NodeTree({}, {}, b'{"order": []}')
    for nodes in (("a", "b"), ("b", "a")):
        old, new = {"a": tree, "b": idle}, {"a": changed, "b": changed}
        shown = plan.compare(old, {node: new[node] for node in nodes})[1]
        assert shown == {"postfix": "start"}
