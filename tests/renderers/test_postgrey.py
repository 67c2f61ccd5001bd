"""Postgrey: its arguments, its white lists, and its place in the mail flow."""

from __future__ import annotations

import json

import pytest

from renderers.service import RenderedFile
from tests.renderers.states import complaints, render_node, state
from wire.manifest import Action

ON = {"ENABLE_POSTGREY": "1"}


def test_off_unless_it_is_wanted() -> None:
    """By default there is no trace of it."""
    node = render_node(state())
    assert "postgrey" not in json.loads(node.manifest)["order"]
    assert not [path for path in node.files if "postgrey" in path]
    assert b":10023" not in node.files["etc/postfix/main.cf"].content  # type: ignore[union-attr]


def test_each_argument_is_a_line() -> None:
    """What people write stays within its argument, whatever a shell would make of it."""
    text = 'Later, "please"; $(reboot) --delay=1'
    file = render_node(state({**ON, "POSTGREY_DELAY": "2", "POSTGREY_TEXT": text})).files[
        "etc/postgrey/arguments"
    ]
    assert isinstance(file, RenderedFile)
    assert file.action is Action.RESTART
    assert file.content.decode().splitlines() == [
        "--inet=127.0.0.1:10023",
        "--hostname=mail.example.test",
        "--delay=2",
        "--max-age=35",
        "--auto-whitelist-clients=5",
        f"--greylist-text={text}",
    ]


def test_it_is_asked_before_the_quota_policy() -> None:
    """It defers only what nobody refuses (access(5), DEFER_IF_PERMIT): a full mailbox is told at once."""
    files = render_node(state({**ON, "POSTFIX_INET_PROTOCOLS": "ipv6"})).files
    main, arguments = files["etc/postfix/main.cf"], files["etc/postgrey/arguments"]
    assert isinstance(main, RenderedFile)
    assert isinstance(arguments, RenderedFile)
    assert b"--inet=localhost:10023\n" in arguments.content
    quota = "check_recipient_access lmdb:/etc/postfix/mailbox_quota_recipients"
    asked = f"check_policy_service inet:[::1]:10023, {quota}"
    assert asked in main.content.decode()


def test_it_starts_before_postfix() -> None:
    """Postfix answers 451 4.3.5 while a policy server is missing."""
    order = json.loads(render_node(state(ON)).manifest)["order"]
    assert order.index("postgrey") < order.index("postfix")


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("whitelist_clients.local", "etc/postgrey/whitelist_clients.local"),
        ("whitelist_recipients", "etc/postgrey/whitelist_recipients.local"),
    ],
)
def test_white_lists_are_read_again(name: str, path: str) -> None:
    """They lie beside the lists of the package, and a change is a reload."""
    content = b"# ours\nexample.test  # friends\n\n/^mx[0-9]+\\.example\\.org$/\n"
    found = state(ON, overrides={name: content})
    file = render_node(found).files[path]
    assert isinstance(file, RenderedFile)
    assert (file.content, file.action) == (content, Action.RELOAD)
    assert not complaints(found)


def test_an_entry_is_one_word() -> None:
    """Postgrey would pass over others with a line in its log."""
    (found,) = complaints(state(overrides={"whitelist_recipients": b"a@x.test\nb@x.test c@x.test\n"}))
    assert (found.path, found.line) == ("config/whitelist_recipients", 2)
