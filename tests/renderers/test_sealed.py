"""Files with something sealed in them: filled by the node, and closed to others."""

from __future__ import annotations

import json

from controlplane.model import Desired, NodeStatus, Observed, Override, Pin, State
from tests.renderers.states import render_node

WORD = "age:" + "A" * 240


def state(content: bytes) -> State:
    """A server whose dovecot.cf has this content."""
    node = NodeStatus("mail", hostname="mail.example.test")
    override = Override("dovecot.cf", content)
    return State(Desired(overrides={"dovecot.cf": override}), Observed(nodes={"mail": node}))


def test_a_file_is_filled_where_it_holds_something_sealed() -> None:
    """Whether a part of it is sealed or the whole; only its readers may see it then."""
    for content in (f"x = {WORD}\n".encode(), b"-----BEGIN AGE ENCRYPTED FILE-----\nx\n"):
        rows = json.loads(render_node(state(content)).manifest)["files"]
        row = next(row for path, row in rows.items() if "local.conf" in path)
        assert (row.get("fill"), row["mode"], row["owner"]) == (True, "0640", "root:dovecot")


def test_other_files_are_not() -> None:
    """Words that look like it are somebody's own."""
    rows = json.loads(render_node(state(b"x = age:short\n")).manifest)["files"]
    path = next(path for path, row in rows.items() if "local.conf" in path)
    assert "fill" not in rows[path]


def test_a_pinned_secret_is_a_word() -> None:
    """Which changes with the secret, so that a rotated one makes a release."""
    pins = {"RELAY_PASSWORD": Pin("RELAY_PASSWORD", None, "ab" * 32), "RELAY_USER": Pin("RELAY_USER", "me")}
    settings = State(observed=Observed(pins=pins)).settings
    assert settings.relay_password == f"env:RELAY_PASSWORD:{'ab' * 32}"
    assert settings.relay_user == "me"
