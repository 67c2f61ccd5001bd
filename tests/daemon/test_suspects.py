"""A failed release is led back to `main`, even where the daemon's complaint names no line."""

from __future__ import annotations

from controlplane.intake.suspects import change_of, origin_of
from tests.daemon.site import Site


def test_the_new_line_is_blamed_and_its_change_set(site: Site) -> None:
    """The first new line that is no comment, whose change set it was, and where to roll back to."""
    site.add("user1@example.test")
    intake = site.daemon.intake
    serving = intake.release
    assert serving
    clone = site.clone()
    assert clone.change("config/dovecot.cf", "# ours\n\nlisten = 203.0.113.9\n").returncode == 0
    blamed = intake.position
    site.add("user2@example.test")
    assert intake.release
    outcome = {
        "commit": intake.release.commit,
        "serving_commit": serving.commit,
        "service": "dovecot",
        "path": "",
        "line": 0,
    }
    origin = origin_of(intake.stores, outcome)
    assert origin == "config/dovecot.cf:3"
    text, back = change_of(intake.stores, outcome, origin)
    assert back == serving.basis.log_position
    changes = [
        n for n in range(back + 1, intake.position + 1) if "dovecot.cf" in str(intake.stores.log.read(n))
    ]
    assert text == f"change set {changes[0]} by Ada Admin"
    assert changes[0] <= blamed


def test_what_leads_nowhere_blames_nobody(site: Site) -> None:
    """Unknown commits and files that are the server's own give no place."""
    site.add("user1@example.test")
    stores = site.daemon.intake.stores
    assert origin_of(stores, {"commit": "0" * 40, "service": "postfix"}) == ""
    assert change_of(stores, {"commit": "0" * 40}, "") == ("", 0)
    assert origin_of(stores, {}) == ""


def test_entries_of_a_table_are_led_back_to_their_change_set(site: Site) -> None:
    """Not to a later change of something else that waited behind it."""
    site.add("user1@example.test")
    intake = site.daemon.intake
    serving = intake.release
    assert serving
    assert site.clone().change("config/postfix-relaymap.cf", "@a.test [smtp.b.test]:25\n").returncode == 0
    site.add("user2@example.test")
    assert intake.release
    outcome = {"commit": intake.release.commit, "serving_commit": serving.commit, "service": "postfix"}
    positions = range(1, intake.position + 1)
    changes = [n for n in positions if "relay.route" in str(intake.stores.log.read(n).events[0].kind)]
    text, _ = change_of(intake.stores, outcome, "config/postfix-relaymap.cf:1")
    assert changes
    assert text == f"change set {changes[0]} by Ada Admin"
