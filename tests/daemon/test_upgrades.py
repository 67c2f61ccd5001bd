"""Another image on the same state volume: what it changes is in the log, once, before anything else."""

from __future__ import annotations

from pathlib import Path

import pytest

import controlplane
from controlplane.daemon import embedded
from controlplane.errors import MailserverError, Refused
from controlplane.event_log import EventLog
from controlplane.image import Image
from controlplane.intake.forecast import forecast
from controlplane.release import Releases
from tests.daemon.other_images import MAIN_CF, NEXT, Images, changes, failing, restart
from tests.daemon.site import HASH, Site


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
