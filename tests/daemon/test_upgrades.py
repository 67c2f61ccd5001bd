"""Another image on the same state volume: what it changes is in the log, once, before anything else."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

import controlplane
from controlplane.daemon import embedded
from controlplane.errors import MailserverError, Refused, Unavailable
from controlplane.event_log import EventLog
from controlplane.events import ChangeSet, Event
from controlplane.image import Image
from controlplane.intake.forecast import forecast
from controlplane.model import Draft, State
from controlplane.release import Releases
from renderers import release as nodes
from renderers.release import NodeTree
from renderers.service import Complaint, RenderedFile
from tests.daemon.site import HASH, Site

MAIN_CF = "etc/postfix/main.cf"
NEXT = "9.1.0"


class Images:
    """Makes the program of this process another one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._patch = monkeypatch
        self._render = nodes.render
        self.version = controlplane.__version__

    def is_(self, version: str = "", line: bytes = b"") -> None:
        """From here on this version renders, with a line more in a file."""
        if version:
            self._patch.setattr(controlplane, "__version__", version)

        def render(state: State, node: str, known: NodeTree | None = None) -> NodeTree:
            tree = self._render(state, node)
            file = tree.files[MAIN_CF]
            assert isinstance(file, RenderedFile)
            changed = replace(file, content=file.content + line)
            return replace(tree, files={**tree.files, MAIN_CF: changed}, made=None)

        self._patch.setattr(nodes, "render", render)

    def refuses(self, *complaints: Complaint) -> None:
        """From here on the renderers complain."""
        self._patch.setattr(nodes, "complaints", lambda *_: list(complaints))


@pytest.fixture
def images(monkeypatch: pytest.MonkeyPatch) -> Images:
    """Other images."""
    return Images(monkeypatch)


def restart(site: Site) -> None:
    """Stop the daemon and start it again, as the image that is now."""
    site.stop()
    site.start()


def changes(site: Site, kind: str = "renderer.changed") -> list[dict[str, Any]]:
    """The events of a kind as `mailctl log` has them."""
    return [entry for entry in site.ask("log")["entries"] if entry["kind"] == kind]


def test_the_same_image_leaves_no_trace(site: Site) -> None:
    """A restart records nothing and releases nothing."""
    before = site.daemon.intake.position, site.daemon.intake.release_number
    restart(site)
    assert (site.daemon.intake.position, site.daemon.intake.release_number) == before
    assert changes(site) == []


def test_a_later_version_is_a_change_like_any_other(site: Site, images: Images) -> None:
    """Versions, files, actions, actor and outcome are in the log; the release has its position; once."""
    number = site.daemon.intake.release_number
    images.is_(NEXT, b"# new\n")
    restart(site)
    restart(site)
    (entry,) = changes(site)
    assert (entry["actor"], entry["source"]) == ("git-mailserver", "image")
    assert entry["reason"] == f"Upgrade from {images.version} to {NEXT}"
    assert entry["detail"] == f"{images.version} → {NEXT}; {MAIN_CF}; postfix reload"
    assert entry["outcome"] == "served"
    intake = site.daemon.intake
    assert intake.release is not None
    assert (intake.release.number, intake.release.basis.log_position) == (number + 1, entry["position"])
    assert intake.release.basis.renderer == NEXT
    assert site.ask("verify")["ok"]


def test_an_upgrade_can_be_looked_at_and_not_reverted(site: Site, images: Images) -> None:
    """The difference of its change sets is that of the files; nothing on `main` would take it back."""
    images.is_(NEXT, b"# new\n")
    restart(site)
    (entry,) = changes(site)
    position = entry["position"]
    found = site.ask("diff", a=str(position - 1), b=str(position))
    assert found["rendered"].splitlines()[-1] == "+# new"
    assert site.ask("diff", a=str(position), b="")["rendered"] == ""
    with pytest.raises(Refused, match="it changed nothing on main"):
        site.ask("revert", positions=[position])
    assert site.ask("rollback", target=str(position - 1))["position"] == 0


def test_a_version_that_renders_the_same_is_told(site: Site, images: Images) -> None:
    """No file differs, and yet another program serves from here on."""
    images.is_(NEXT)
    restart(site)
    restart(site)
    (entry,) = changes(site)
    assert entry["detail"] == f"{images.version} → {NEXT}; no rendered file differs"
    assert entry["outcome"] == "served"


def test_another_build_of_the_same_version_is_told_by_its_files(site: Site, images: Images) -> None:
    """Two builds may have one name."""
    images.is_(line=b"# patched\n")
    restart(site)
    (entry,) = changes(site)
    assert entry["detail"] == f"{images.version}, another build; {MAIN_CF}; postfix reload"


def test_the_way_back_is_a_change_too(site: Site, images: Images) -> None:
    """A downgrade says so, as does any version older than the newest that ran."""
    for version, line in ((NEXT, b"# new\n"), ("9.0.0", b""), ("9.0.1", b"")):
        images.is_(version, line)
        restart(site)
    there, back, still = changes(site)
    assert there["detail"].startswith(f"{images.version} → {NEXT};")
    assert back["detail"].startswith(f"{NEXT} → 9.0.0 (back: {NEXT} ran before)")
    assert back["reason"] == f"Downgrade from {NEXT} to 9.0.0"
    assert still["detail"].startswith(f"9.0.0 → 9.0.1 (back: {NEXT} ran before)")
    assert site.ask("status")["renderer"] == {"version": "9.0.1", "newest": NEXT, "refused": [], "waits": ""}


def test_other_daemons_alone_are_told(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same version on newer packages: no file differs, and no release is made."""
    file = tmp_path / "daemons"
    monkeypatch.setattr("controlplane.image.DAEMONS", file)
    number = site.daemon.intake.release_number
    for versions in (
        "postfix 3.7.10\nrspamd 3.4",
        "postfix 3.7.11\nrspamd 3.4",
        "postfix 3.7.11\nrspamd 3.4",
    ):
        file.write_text(versions)
        restart(site)
    (entry,) = changes(site)
    expected = f"{controlplane.__version__}, another build; postfix 3.7.10 → 3.7.11; no rendered file differs"
    assert entry["detail"] == expected
    assert entry["outcome"] == "served"
    assert site.daemon.intake.release_number == number


@contextmanager
def failing(
    patch: pytest.MonkeyPatch, owner: type[Any], name: str, when: Callable[..., bool]
) -> Iterator[None]:
    """A method that finds no room on the volume, where `when` says so of its arguments."""
    real = getattr(owner, name)

    def method(self: Any, *arguments: Any, **others: Any) -> Any:
        if when(*arguments):
            raise Unavailable("No space left on device")
        return real(self, *arguments, **others)

    with patch.context() as patched:
        patched.setattr(owner, name, method)
        yield


def test_a_crash_between_event_and_release_leaves_one_event(
    site: Site, images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next start makes the release of the event that is there."""
    images.is_(NEXT, b"# new\n")
    with failing(monkeypatch, Releases, "write", lambda *_: True), pytest.raises(MailserverError):
        restart(site)
    site.start()
    (entry,) = changes(site)
    assert entry["outcome"] == "served"
    release = site.daemon.intake.release
    assert release is not None
    assert release.basis.log_position == entry["position"]


def test_what_a_crash_left_is_not_the_images_work(
    site: Site, images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change that was recorded and not released comes with the release of the upgrade, not in its files."""
    with failing(monkeypatch, Releases, "write", lambda *_: True), pytest.raises(MailserverError):
        site.add("late@example.test")
    images.is_(NEXT, b"# new\n")
    restart(site)
    (entry,) = changes(site)
    assert f"; {MAIN_CF}; postfix reload" in entry["detail"]
    (added,) = changes(site, "account.added")
    assert added["outcome"] == "served"
    assert site.ask("verify")["ok"]


def test_a_full_volume_makes_the_upgrade_wait(
    site: Site, images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server starts, says what it waits for, and records it before the next change."""
    images.is_(NEXT, b"# new\n")
    with failing(monkeypatch, EventLog, "append", lambda *_: True):
        restart(site)
        assert "No space" in site.ask("status")["renderer"]["waits"]
        assert changes(site) == []
    site.add("next@example.test")
    (entry,) = changes(site)
    (added,) = changes(site, "account.added")
    assert entry["position"] == added["position"] - 1
    assert entry["outcome"] == added["outcome"] == "served"
    assert site.ask("status")["renderer"]["waits"] == ""
    assert site.ask("verify")["ok"]


def test_reconcile_ends_the_wait(site: Site, images: Images, monkeypatch: pytest.MonkeyPatch) -> None:
    """With room again nobody has to change anything."""
    images.is_(NEXT, b"# new\n")
    with failing(monkeypatch, EventLog, "append", lambda *_: True):
        restart(site)
    site.ask("reconcile")
    (entry,) = changes(site)
    assert entry["outcome"] == "served"
    assert len(changes(site)) == 1


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
    assert f"version {NEXT} fails to render this: KeyError at test_upgrades.py:" in entry["detail"]
    assert "secret" not in json.dumps(site.ask("status"))


class Strange(Event):
    """An event of a later version."""

    kind: ClassVar[str] = "mailbox.frozen"
    effect = "change"

    @property
    def subject(self) -> str:
        """Something."""
        return "x"

    def apply(self, draft: Draft) -> None:
        """Nothing."""


def test_an_event_of_a_later_version_is_never_passed_over(site: Site) -> None:
    """The server starts and says which image it needs; nothing is changed, and nothing is put back."""
    intake = site.daemon.intake
    log, main = intake.stores.log, intake.main
    change = ChangeSet(intake.position + 1, "x", "setup", intake._clock(), "", (Strange(),), main)
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


def everything(folder: Path) -> dict[str, bytes]:
    """Every file of a volume, with its content."""
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_forecast_says_what_a_start_does(site: Site, images: Images) -> None:
    """The plan of an image is the event that its start records; nothing is written for it."""
    assert not forecast(site.places.root, Image(images.version)).different
    site.stop()
    images.is_(NEXT, b"# new\n")
    before = everything(site.places.root)
    plan = forecast(site.places.root, Image(NEXT))
    assert everything(site.places.root) == before
    site.start()
    (entry,) = changes(site)
    assert [event.detail for event in plan.events] == [entry["detail"]]
    assert [(file.path, file.added, file.removed) for file in plan.files] == [(MAIN_CF, 1, 0)]
    assert not forecast(site.places.root, Image(NEXT)).different


def test_a_question_from_another_image_upgrades_nothing(site: Site, images: Images) -> None:
    """A one-off container of a newer image may be asked; only what changes something takes over first."""
    site.stop()
    images.is_(NEXT, b"# new\n")
    before = everything(site.repository)
    embedded.call({"op": "aliases", "actor": "root"}, lambda _: None, {}, site.places)
    assert everything(site.repository) == before
    edit = {"op": "edit", "command": "account.add", "source": "setup", "address": "new@example.test"}
    embedded.call({**edit, "password_hash": HASH, "actor": "root"}, lambda _: None, {}, site.places)
    site.start()
    (entry,) = changes(site)
    (added,) = changes(site, "account.added")
    assert entry["position"] == added["position"] - 1


def test_a_running_server_takes_back_what_another_image_rendered(site: Site, images: Images) -> None:
    """A one-off container of another image wrote to the log: the next change says who renders now."""
    images.is_(NEXT, b"# new\n")
    edit = {"op": "edit", "command": "account.add", "source": "setup", "address": "new@example.test"}
    embedded.call({**edit, "password_hash": HASH, "actor": "root"}, lambda _: None, {}, site.places)
    images.is_(images.version)
    site.add("other@example.test")
    there, back = changes(site)
    assert back["detail"].startswith(f"{NEXT} → {images.version} (back: {NEXT} ran before); {MAIN_CF}")
    release = site.daemon.intake.release
    assert release is not None
    assert release.basis.renderer == images.version
    assert there["position"] < back["position"]


def test_a_push_during_the_upgrade_waits_for_it(site: Site, images: Images) -> None:
    """What git moved while nobody served is taken over after the upgrade, with a release of its own."""
    clone = site.clone("ada")
    clone.append("mailserver.env", "LOG_LEVEL=debug\n")
    clone.commit("Tell more")
    site.stop()
    site.git("fetch", "-q", str(clone.path), "HEAD", cwd=site.repository)
    site.git("update-ref", "refs/heads/main", "FETCH_HEAD", cwd=site.repository)
    images.is_(NEXT, b"# new\n")
    site.start()
    (entry,) = changes(site)
    setting = changes(site, "setting.changed")[-1]
    assert setting["position"] == entry["position"] + 1
    assert entry["outcome"] == setting["outcome"] == "served"
