"""A failed release is led back to `main`, even where the daemon's complaint names no line."""

from __future__ import annotations

from controlplane.intake.blame.failed_release import Suspect, change_of, held_names, origin_of
from tests.daemon.site import Site

NODE = "mail"


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
    origin = origin_of(intake.stores, outcome, NODE)
    assert origin == "config/dovecot.cf:3"
    text, back, position, main = change_of(intake.stores, outcome, origin)
    assert back == serving.basis.log_position
    changes = [
        n for n in range(back + 1, intake.position + 1) if "dovecot.cf" in str(intake.stores.log.read(n))
    ]
    assert text == f"change set {changes[0]} by Ada Admin"
    assert (position, main) == (changes[0], intake.stores.log.read(changes[0]).main_commit)
    assert changes[0] <= blamed


def test_the_line_that_resembles_what_was_said_is_blamed(site: Site) -> None:
    """Also where the service that complained reads no file of the change."""
    site.add("user1@example.test")
    intake = site.daemon.intake
    serving = intake.release
    assert serving
    text = "mail_max_userip_connections = 30\nplugin {\n  quota_rule = *:storage=1B\n}\n"
    assert site.clone().change("config/dovecot.cf", text).returncode == 0
    assert intake.release
    outcome = {
        "commit": intake.release.commit,
        "serving_commit": serving.commit,
        "service": "postfix",
        "reason": "552 5.2.2 Mailbox is full (quota exceeded)",
    }
    assert origin_of(intake.stores, outcome, NODE) == "config/dovecot.cf:3"


def test_what_leads_nowhere_blames_nobody(site: Site) -> None:
    """Unknown commits and files that are the server's own give no place."""
    site.add("user1@example.test")
    stores = site.daemon.intake.stores
    assert origin_of(stores, {"commit": "0" * 40, "service": "postfix"}, NODE) == ""
    assert change_of(stores, {"commit": "0" * 40}, "") == Suspect()
    assert origin_of(stores, {}, NODE) == ""


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
    text, *_ = change_of(intake.stores, outcome, "config/postfix-relaymap.cf:1")
    assert changes
    assert text == f"change set {changes[0]} by Ada Admin"


def test_the_change_set_of_the_line_is_blamed(site: Site) -> None:
    """Not a later one of another line of the same file, which is good."""
    site.add("user1@example.test")
    intake = site.daemon.intake
    serving = intake.release
    assert serving
    clone = site.clone()
    assert clone.change("config/dovecot.cf", "listen = 203.0.113.9\n").returncode == 0
    site.add("user2@example.test")
    blamed = next(n for n in range(intake.position, 0, -1) if "dovecot.cf" in str(intake.stores.log.read(n)))
    later = "mail_max_userip_connections = 9\n"
    clone.git("pull", "-q", "--rebase")
    assert clone.change("config/dovecot.cf", later).returncode == 0
    site.add("user3@example.test")
    assert intake.release
    outcome = {"commit": intake.release.commit, "serving_commit": serving.commit, "service": "dovecot"}
    assert change_of(intake.stores, outcome, "config/dovecot.cf:1").position == blamed
    assert change_of(intake.stores, outcome, "config/dovecot.cf:2").position > blamed
    row = outcome | {"files": {"etc/dovecot/local.conf": "x"}}
    assert held_names(intake.stores, row) == ("config/dovecot.cf",)
    again = clone.path / "config/dovecot.cf"
    text = again.read_text()
    for wanted in ("# mended\n", text):
        again.write_text(wanted)
        clone.git("pull", "-q", "--rebase", "--autostash")
        clone.commit()
        assert clone.push().returncode == 0
        site.add(f"user{len(wanted)}@example.test")
    newest = intake.release
    assert newest
    last = change_of(intake.stores, outcome, "config/dovecot.cf:1", newest)
    assert newest.basis.log_position - 2 <= last.position < newest.basis.log_position
