"""Questions to the log that have no answer."""

from __future__ import annotations

import pytest

from controlplane.errors import UsageError
from tests.daemon.site import Site


@pytest.mark.parametrize(
    ("kind", "near"), [("acount.added", "account.added"), ("aliass", "alias"), ("zzz", ""), ("x.*", "")]
)
def test_a_kind_that_no_event_has_is_wrong_usage(site: Site, kind: str, near: str) -> None:
    """An empty answer would look as if nothing had happened; the nearest kind is named."""
    with pytest.raises(UsageError, match="is not a kind of event") as caught:
        site.ask("log", filters={"kind": kind})
    (problem,) = caught.value.problems
    assert ("did you mean" in problem.message) == bool(near)
    assert near in problem.message
    assert "account.added" in problem.cure


@pytest.mark.parametrize("kind", ["account.added", "Account", "*.removed", "alias.*"])
def test_a_kind_that_an_event_may_have_is_none(site: Site, kind: str) -> None:
    """Also where none of it happened yet."""
    site.ask("log", filters={"kind": kind})
