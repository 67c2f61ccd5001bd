"""Images that cannot work on a log: what served serves on, and the cure is told."""

from __future__ import annotations

import json
from typing import Any

import pytest

import controlplane
from controlplane.errors import MailserverError, Refused
from controlplane.events import ChangeSet, StoreRepaired
from controlplane.image import Image
from controlplane.intake.forecast import forecast
from renderers import release as nodes
from renderers.release import NodeTree
from renderers.service import Complaint
from tests.daemon.other_images import MAIN_CF, NEXT, Images, changes, restart
from tests.daemon.site import Site

PROBLEM = Complaint("mailserver.env", 3, "ENABLE_X is not what it was", "remove it")


def test_a_state_that_the_new_version_refuses_serves_on(site: Site, images: Images) -> None:
    """What serves stays; file, line and cure are told, and recorded once."""
    number = site.daemon.intake.release_number
    images.is_(NEXT, b"# new\n")
    images.refuses(PROBLEM)
    restart(site)
    restart(site)
    assert changes(site) == []
    (entry,) = changes(site, "renderer.refused")
    assert "mailserver.env:3: ENABLE_X is not what it was; remove it" in entry["detail"]
    assert f"release {number} serves on" in entry["detail"]
    assert entry["outcome"] == ""
    status = site.ask("status")
    assert [p["line"] for p in status["renderer"]["refused"]] == [3]
    assert not status["healthy"]
    assert site.daemon.intake.release_number == number
    with pytest.raises(Refused):
        site.add("no@example.test")


def test_the_fix_brings_the_upgrade(site: Site, images: Images) -> None:
    """The first change that the new version renders is recorded together with the upgrade, as one."""
    images.is_(NEXT, b"# new\n")
    images.refuses(PROBLEM)
    restart(site)
    images.refuses()
    done = site.add("fixed@example.test")
    assert [file["path"] for file in done["plan"]["files"]].count(MAIN_CF) == 1
    (entry,) = changes(site)
    (added,) = changes(site, "account.added")
    assert entry["position"] == added["position"]
    assert MAIN_CF in entry["detail"]
    assert entry["outcome"] == added["outcome"] == "served"
    restart(site)
    assert len(changes(site)) == 1
    assert len(changes(site, "renderer.refused")) == 1
    assert site.ask("status")["renderer"]["refused"] == []


def test_the_way_back_from_a_refusal_is_no_change(site: Site, images: Images) -> None:
    """The version before renders what it rendered: nothing was upgraded."""
    images.is_(NEXT, b"# new\n")
    images.refuses(PROBLEM)
    restart(site)
    images.is_(images.version)
    images.refuses()
    restart(site)
    site.add("back@example.test")
    assert changes(site) == []


def test_a_bug_of_the_new_renderer_takes_nothing_away(
    site: Site, images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told as what it is, without the text that it was about to render."""
    images.is_(NEXT)

    def render(*_: Any) -> NodeTree:
        raise KeyError("a secret")

    monkeypatch.setattr(nodes, "render", render)
    restart(site)
    (entry,) = changes(site, "renderer.refused")
    assert f"version {NEXT} fails to render this: KeyError at test_refused_upgrades.py:" in entry["detail"]
    assert "secret" not in json.dumps(site.ask("status"))


def test_an_event_of_a_later_version_is_never_passed_over(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server starts and says which image it needs; nothing is changed, and nothing is put back."""
    intake = site.daemon.intake
    log, main = intake.stores.log, intake.main
    event = StoreRepaired(part="x", how="y")
    change = ChangeSet(intake.position + 1, "x", "setup", intake._clock(), "", (event,), main)
    with monkeypatch.context() as later:
        later.setattr(StoreRepaired, "kind", "mailbox.frozen")
        tip = log.append(change).commit
    restart(site)
    (damage,) = site.ask("status")["damage"]
    assert "unknown kind 'mailbox.frozen': a later version of the image wrote it" in damage["what"]
    assert "start the image of the later version" in damage["cure"]
    assert site.daemon.intake.stores.repo.refs.get("events") == tip
    assert site.daemon.delivery.target()["number"] == intake.release_number
    with pytest.raises(MailserverError, match="unknown kind"):
        site.add("no@example.test")
    assert "unknown kind" in site.ask("project")["unreadable"]
    (finding,) = site.ask("verify")["findings"]
    assert "unknown kind" in finding
    with pytest.raises(MailserverError, match="unknown kind"):
        forecast(site.places.root, Image(controlplane.__version__))
