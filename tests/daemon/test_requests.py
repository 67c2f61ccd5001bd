"""Requests that do not fit: told by name, without what stands in them, and never a bug."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlplane.daemon.ops import OPS
from controlplane.daemon.ops.requests import Edit, Revert, read
from controlplane.errors import UsageError

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize("op", OPS)
@given(data=st.data())
def test_any_request_is_read_or_refused(op: str, data: st.DataObject) -> None:
    """Whatever its fields hold."""
    fields = OPS[op].asks.model_fields
    request: dict[str, Any] = data.draw(st.fixed_dictionaries({}, optional=dict.fromkeys(fields, VALUES)))
    with suppress(UsageError):
        read(OPS[op].asks, {"op": op, **request})


@pytest.mark.parametrize(
    ("op", "fields", "told"),
    [
        ("edit", {"reason": 1}, "reason is not a text"),
        ("edit", {"wait": "perhaps"}, "wait: input should be a valid boolean"),
        ("import", {}, "files is missing"),
        ("import", {"files": []}, "files is not a tree"),
        ("import", {"files": {"a": {}}}, "files is not a tree: a has no content"),
        ("plan", {"files": {"a": {"content": "%"}}}, "files is not base64"),
        ("plan", {"files": {"a": {"content": "", "mode": "x"}}}, "the mode of a is no number"),
        ("status", {"timeout": float("nan")}, "timeout: input should be"),
        ("pre-receive", {"updates": [["a", "b"]]}, "updates.0.2 is missing"),
        ("agent.volume", {"changes": [{"content": ""}]}, "changes.0.path is missing"),
        (
            "agent.volume",
            {"changes": [{"path": "a", "content": "s3cret!"}]},
            "changes.0.content is not base64",
        ),
    ],
)
def test_what_does_not_fit_is_named(op: str, fields: dict[str, Any], told: str) -> None:
    """With the field, and without its value."""
    with pytest.raises(UsageError, match=told) as caught:
        read(OPS[op].asks, {"op": op, **fields})
    assert "s3cret" not in str(caught.value)


def test_bytes_that_are_no_text_pass() -> None:
    """git knows names of any bytes, and JSON escapes them."""
    asked = read(OPS["pre-receive"].asks, {"op": "pre-receive", "updates": [["a", "b", "refs/heads/\udcff"]]})
    assert asked.updates[0][2] == "refs/heads/\udcff"


def test_a_command_gets_its_own_arguments() -> None:
    """As they came."""
    asked = read(Edit, {"op": "edit", "command": "alias.add", "alias": "a@b", "target": ["x"], "wait": False})
    assert asked.arguments["target"] == ["x"]
    assert asked.arguments["command"] == "alias.add"
    assert not asked.wait


@pytest.mark.parametrize("positions", [None, [], "1", ["x"], [-1], ["1" * 10]])
def test_positions_are_numbers(positions: object) -> None:
    """At least one."""
    with pytest.raises(UsageError, match="named by its position"):
        read(Revert, {"op": "revert", "positions": positions})
