"""Containers of other images on the volumes of a server: later and earlier ones, and ones that cannot."""

from __future__ import annotations

import io
import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import docker
import pytest

from tests.integration.conftest import IMAGE
from tests.integration.polling import poll
from tests.integration.server import Server

Start = Callable[..., Server]
USER = "user1@example.test"
APP = "/opt/git-mailserver/app"
VERSION = f"sed -i 's/^__version__ = .*/__version__ = \"9.1.0\"/' {APP}/controlplane/__init__.py"
REFUSAL = 'return [Complaint("mailserver.env", 1, "this was taken before", "write it anew")]'
BUILDS = {
    "later": f"{VERSION} && echo '# later' >> {APP}/renderers/postfix/templates/main.cf",
    "breaking": f"{VERSION} && echo 'mynetworks = !' >> {APP}/renderers/postfix/templates/main.cf",
    "refusing": f"{VERSION} && printf 'def complaints(*_): {REFUSAL}\\n' >> {APP}/renderers/release.py",
    "forgetful": f"sed -i 's/renderer.changed/renderer.altered/' {APP}/controlplane/events/renderers.py",
}
"""What makes another image of ours, in one layer."""


@pytest.fixture(scope="module")
def images(engine: docker.DockerClient) -> Iterator[Mapping[str, str]]:
    """Images that differ from ours by a line, by name."""
    made = {}
    for name, step in BUILDS.items():
        dockerfile = io.BytesIO(f"FROM {IMAGE}\nRUN {step}\n".encode())
        made[name] = engine.images.build(fileobj=dockerfile, rm=True)[0]
    yield {name: str(image.id) for name, image in made.items()}
    for image in made.values():
        engine.images.remove(str(image.id), force=True)


@pytest.fixture
def served(fresh: Start, volumes: dict[str, str]) -> Server:
    """A server with an account."""
    server = fresh(volumes=volumes)
    server.add_account(USER)
    return server


def plan(image: str, server: Server, *options: str) -> subprocess.CompletedProcess[str]:
    """`mailctl plan --image` in a container of an image, on the state volume of a server."""
    (volume,) = [name for name, place in server.volumes.items() if place == "/var/mail-state"]
    mount = f"{volume}:/var/mail-state:ro"
    command = ["docker", "run", "--rm", "-v", mount, image, "mailctl", "plan", "--image", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def entries(server: Server, kind: str = "renderer.changed") -> list[dict[str, Any]]:
    """The events of a kind."""
    return server.log("--kind", kind)


def outcome(server: Server, kind: str = "renderer.changed") -> str:
    """What became of the newest event of a kind."""
    return str(entries(server, kind)[-1]["outcome"])


@pytest.mark.shows("update-and-cleanup")
def test_an_upgrade_is_planned_made_and_taken_back(
    served: Server, images: Mapping[str, str], fresh: Start, volumes: dict[str, str]
) -> None:
    """The plan beside the running server is what the start of the later image then does, once."""
    before = served.rev("events"), served.rev("rendered")
    same = plan(IMAGE, served)
    assert (same.returncode, "Nothing changes" in same.stdout) == (0, True), same.stderr
    planned = plan(images["later"], served, "--exit-code")
    assert planned.returncode == 4, planned.stderr
    assert "0.1.0 → 9.1.0; etc/postfix/main.cf; postfix reload" in planned.stdout
    assert (served.rev("events"), served.rev("rendered")) == before
    row = json.loads(plan(images["later"], served, "--json").stdout)
    assert row["actions"] == {"postfix": "reload"}

    served.container.stop(timeout=60)
    later = fresh(volumes=volumes, image=images["later"])
    poll(lambda: outcome(later) == "served", "the upgrade serves", 30)
    (entry,) = entries(later)
    assert (entry["actor"], entry["source"]) == ("git-mailserver", "image")
    assert entry["detail"] in planned.stdout
    assert "9.1.0" in later.must("mailctl", "log", "--source", "image")
    assert "# later" in later.must("cat", "/etc/postfix/main.cf")
    later.wait_for_mail(USER, later.deliver(USER))
    poll(lambda: (later.status()["canary"]["last"] or {}).get("passed"), "the canary tried it", 60)
    later.container.restart(timeout=60)
    later.wait_healthy()
    assert len(entries(later)) == 1
    assert "log, main and rendered agree" in later.run("mailctl", "verify").stderr

    later.container.stop(timeout=60)
    back = fresh(volumes=volumes)
    poll(lambda: outcome(back) == "served", "the way back serves", 30)
    there, again = entries(back)
    assert again["detail"].startswith("9.1.0 → 0.1.0 (back: 9.1.0 ran before)")
    assert there["position"] < again["position"]
    assert "older than 9.1.0" in back.must("mailctl", "status")
    with back.imap(USER) as session:
        assert session.noop()[0] == "OK"


def test_an_upgrade_that_breaks_a_service_is_rolled_back(
    served: Server, images: Mapping[str, str], fresh: Start, volumes: dict[str, str]
) -> None:
    """The last good release serves on; the log and the status say so, and name the upgrade."""
    served.container.stop(timeout=60)
    broken = fresh(volumes=volumes, image=images["breaking"], healthy=False)
    poll(lambda: outcome(broken) == "rejected", "the upgrade is rejected", 60)
    (entry,) = entries(broken)
    assert "overriding earlier entry: mynetworks" in entry["outcome_reason"]
    said = broken.must("mailctl", "status")
    assert "Upgrade from 0.1.0 to 9.1.0. The image before can be started again" in said
    assert "mailctl revert" not in said
    broken.wait_for_mail(USER, broken.deliver(USER))


def test_a_state_that_a_later_image_refuses_serves_on(
    served: Server, images: Mapping[str, str], fresh: Start, volumes: dict[str, str]
) -> None:
    """The place is told before the upgrade, in its status and in the log; what serves goes on."""
    told = plan(images["refusing"], served)
    assert told.returncode == 1
    assert "mailserver.env:1: this was taken before" in told.stdout
    served.container.stop(timeout=60)
    later = fresh(volumes=volumes, image=images["refusing"], healthy=False)
    poll(lambda: "renderer" in later.status(), "the control plane answers", 60)
    assert "mailserver.env:1: this was taken before" in later.must("mailctl", "status")
    (entry,) = entries(later, "renderer.refused")
    assert "write it anew" in entry["detail"]
    later.wait_for_mail(USER, later.deliver(USER))


def test_an_image_that_does_not_know_an_event_changes_nothing(
    served: Server, images: Mapping[str, str], fresh: Start, volumes: dict[str, str]
) -> None:
    """It serves what served, says which image is needed, and leaves the log to it."""
    served.container.stop(timeout=60)
    later = fresh(volumes=volumes, image=images["later"])
    tip = later.rev("events")
    later.container.stop(timeout=60)
    refused = plan(images["forgetful"], later)
    assert refused.returncode == 1
    assert "unknown kind 'renderer.changed': a later version of the image wrote it" in refused.stderr
    old = fresh(volumes=volumes, image=images["forgetful"], healthy=False)
    poll(lambda: "damage" in old.status(), "the control plane answers", 60)
    assert "start the image of version 9.1.0 or later" in old.must("mailctl", "status")
    assert old.run("setup", "alias", "add", "info@example.test", USER).returncode == 1
    old.wait_for_mail(USER, old.deliver(USER))
    assert "unknown kind" in old.run("mailctl", "log").stderr
    assert old.rev("events") == tip
    old.container.stop(timeout=60)
    again = fresh(volumes=volumes, image=images["later"])
    assert len(entries(again)) == 1
    again.must("setup", "alias", "add", "info@example.test", USER)
