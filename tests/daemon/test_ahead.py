"""What a long log's questions need is made beside the daemon, once."""

from __future__ import annotations

import pytest

from tests.daemon.site import Site


def test_another_process_makes_it_ahead(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends with the rows in place, a question takes what is there, and nothing is begun twice."""
    monkeypatch.setattr("controlplane.daemon.ahead.FAR", 2)
    control = site.places.root / "control"
    site.add("ann@example.test")
    site.settle()
    ahead = site.daemon.ahead
    if thread := ahead.consider():
        thread.join(60)
    with ahead.busy:
        assert int((control / "made-ahead").read_text()) >= 2
    assert (control / "readmodel.sqlite").exists()
    assert [entry["subject"] for entry in site.ask("log", filters={"kind": "account"})["entries"]] == [
        "ann@example.test"
    ]


def test_a_short_log_needs_nothing(site: Site) -> None:
    """No process is begun for what a question does in a moment."""
    assert site.daemon.ahead.consider() is None
    assert not (site.places.root / "control" / "made-ahead").exists()
