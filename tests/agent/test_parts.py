"""The small parts: watches, probes, tables, certificates, layers."""

from __future__ import annotations

import os
import socket
import threading
import time
from pathlib import Path

import pytest

from agent.certificates.selfsigned import make_pair
from agent.certificates.store import KEPT, Certificates, examine
from agent.commands import run
from agent.config_volume import inotify
from agent.config_volume.inotify import Watch
from agent.errors import Corrupt, NotFound, Refused
from agent.files.managed import mount_points
from agent.health.logs import failed
from agent.health.probes import ask
from agent.release.manifest import parse
from services import NODE_SERVICES
from services.base import NodeServices
from services.postfix.check import MAIN
from services.postfix.restrictions import unknown_restrictions
from services.postfix.tables import references
from tests.agent.conftest import entry
from wire.actions import parameters
from wire.manifest import Probe

AREAS = NodeServices(NODE_SERVICES).areas


@pytest.fixture
def watch() -> Watch:
    """A watch of nothing yet."""
    return Watch()


def test_watch_sees_files_in_new_folders(watch: Watch, tmp_path: Path) -> None:
    """A change is seen at once, also below a folder that was made later."""
    watch.add(tmp_path)
    assert watch.changes(0.0) == set()
    (tmp_path / "sub").mkdir()
    assert tmp_path / "sub" in watch.changes(5.0)
    (tmp_path / "sub" / "file").write_text("x")
    assert tmp_path / "sub" / "file" in watch.settle(0.1, 5.0, time.monotonic)
    watch.close()


def test_watch_does_not_follow_links(watch: Watch, tmp_path: Path) -> None:
    """A symlink to a folder is not watched through."""
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    (inside / "link").symlink_to(outside)
    watch.add(inside)
    (outside / "file").write_text("x")
    assert watch.changes(0.05) == set()
    watch.close()


def test_command_has_a_deadline() -> None:
    """A command that hangs is ended with all its children, and says so."""
    start = time.monotonic()
    ran = run(["sh", "-c", "echo begun; sleep 60 & sleep 60"], 0.3)
    assert (ran.timed_out, ran.output) == (True, "begun\n")
    assert time.monotonic() - start < 15


def test_command_inherits_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Secrets in the container's environment do not reach the tools."""
    monkeypatch.setenv("RELAY_PASSWORD", "secret")
    assert "secret" not in run(["env"], 5.0).output


def serve_once(path: Path, script: bytes) -> None:
    """Answer one connection on a UNIX socket with these bytes."""
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(str(path))
    sock.listen(1)

    def answer() -> None:
        connection, _ = sock.accept()
        with connection, sock:
            connection.sendall(script)
            while connection.recv(4096):
                pass

    threading.Thread(target=answer, daemon=True).start()


@pytest.mark.parametrize(
    ("kind", "script", "ok"),
    [
        ("lmtp", b"220 hi\r\n250-A\r\n250 B\r\n221 bye\r\n", True),
        ("lmtp", b"421 go away\r\n", False),
        ("imap", b"* OK hi\r\n* CAPABILITY X\r\nb OK\r\n* BYE\r\nc OK\r\n", True),
        ("imap", b"* BYE no\r\n", False),
        ("redis", b"+PONG\r\n", True),
        ("redis", b"-LOADING\r\n", False),
        ("policy", b"action=DUNNO\n\n", True),
        ("policy", b"\n", False),
        ("http", b"HTTP/1.1 200 OK\r\n\r\n", True),
        ("http", b"HTTP/1.1 503 no\r\n\r\n", False),
        ("smtp", b"220 hi\r\n250 ok\r\n221 bye\r\n", True),
    ],
)
def test_probe(tmp_path: Path, kind: str, script: bytes, ok: bool) -> None:
    """Each kind of probe knows a service that serves from one that does not."""
    serve_once(tmp_path / "sock", script)
    answer = ask(Probe("p", kind, path="/sock"), tmp_path, 5.0)
    assert answer.ok is ok
    assert bool(answer.detail) is not ok


def test_probe_of_silence_ends(tmp_path: Path) -> None:
    """A service that accepts and says nothing is silent, in bounded time."""
    serve_once(tmp_path / "sock", b"")
    answer = ask(Probe("p", "smtp", path="/sock"), tmp_path, 0.2)
    assert (answer.ok, "no answer" in answer.detail) == (False, True)


@pytest.mark.parametrize(
    "path",
    [
        "etc/../root/x",
        "usr/bin/python3",
        "/etc/x",
        "etc//x",
        "var/mail-state/x",
        "etc/shadow",
        "etc/cron.d/x",
    ],
)
def test_manifest_cannot_reach_outside(path: str) -> None:
    """A release configures services; it cannot replace programs or the agent's own state."""
    manifest = {"format": 1, "hostname": "h", "files": {path: entry("etc/postfix/main.cf")}, "services": {}}
    with pytest.raises(Corrupt):
        parse(manifest, {path: "0" * 40}, AREAS, "c", 1)


@pytest.mark.parametrize("change", [{"mode": "4755"}, {"action": "exec"}, {"compile": "sh"}])
def test_manifest_cannot_add_abilities(change: dict[str, str]) -> None:
    """Modes with special bits, unknown actions and unknown compilers are refused."""
    rows = {"etc/postfix/x": entry("etc/postfix/x") | change}
    with pytest.raises(Corrupt):
        parse(
            {"format": 1, "hostname": "h", "files": rows, "services": {}},
            {"etc/postfix/x": "0" * 40},
            AREAS,
            "c",
            1,
        )


def test_parameters_of_main_cf() -> None:
    """Comments are left out, continued lines joined, the last setting wins."""
    text = b"# c\na = 1\nb =\n  x,\n# in between\n  y\na = 2\n"
    assert parameters(text) == {"a": "2", "b": "x, y"}


def test_restrictions_that_do_not_exist() -> None:
    """Names that smtpd does not know are found; arguments, classes and tables are not taken for names."""
    value = "permit_mynetworks, check_client_access lmdb:/x reject_rbl_client a.b, mine, permit_mynetwork"
    assert list(unknown_restrictions("smtpd_client_restrictions", value, {"mine"})) == ["permit_mynetwork"]
    assert list(unknown_restrictions("mynetworks", "anything", set())) == []


def test_table_references() -> None:
    """Tables are found behind proxy: and in lists; sockets and caches are not tables of ours."""
    value = "proxy:lmdb:/etc/a, pcre:/etc/b { check_x cidr:/c }, btree:/var/lib/postfix/cache"
    assert list(references(value)) == [("lmdb", "/etc/a"), ("pcre", "/etc/b"), ("cidr", "/c")]


def test_failure_names_the_line() -> None:
    """The parameter that a daemon complains of is found in main.cf, where it was set last."""
    found = failed(
        "postfix", "r", "fatal: parameter inet_interfaces: no", (MAIN, "a = 1\ninet_interfaces = x\n")
    )
    assert (found.path, found.line) == (MAIN, 2)


def test_mount_points(tmp_path: Path) -> None:
    """Mounts on files are found below the root."""
    text = f"1 2 0:1 / {tmp_path}/etc/postfix/main.cf rw - ext4 x rw\n1 2 0:1 / / rw - ext4 x rw\n"
    assert mount_points(tmp_path, text) == {"etc/postfix/main.cf"}


def test_self_made_pair_is_kept_until_the_name_changes(tmp_path: Path) -> None:
    """A made pair fits together, is the same next time, and another for another name."""
    pair = make_pair(tmp_path / "ca", "mail.example.test")
    examine(*pair)
    assert make_pair(tmp_path / "ca", "mail.example.test") == pair
    other = make_pair(tmp_path / "ca", "mx.example.test")
    assert other[0] != pair[0]
    with pytest.raises(Refused, match="key values mismatch"):
        examine(pair[0], other[1])
    assert (tmp_path / "ca").stat().st_mode & 0o777 == 0o700


def test_certificate_store(tmp_path: Path) -> None:
    """A pair is found by the digest of its chain; nothing else is."""
    store = Certificates(tmp_path / "certs")
    chain, key = make_pair(tmp_path / "ca", "mail.example.test")
    identity = store.add(chain, key)
    assert (store.read(identity, "chain"), store.read(identity, "key")) == (chain, key)
    assert (tmp_path / "certs" / identity / "key.pem").stat().st_mode & 0o777 == 0o600
    for name, part in ((identity, "../key"), ("../" + identity, "key"), ("0" * 64, "key")):
        with pytest.raises(NotFound):
            store.read(name, part)


def test_certificate_store_forgets_old_pairs(tmp_path: Path) -> None:
    """Keys that nobody needs any more do not pile up; what serves stays however old it is."""
    store = Certificates(tmp_path / "certs")
    chain, key = make_pair(tmp_path / "ca", "mail.example.test")
    added = [store.add(chain + b"\n" * n, key) for n in range(KEPT + 3)]
    for age, identity in enumerate(reversed(added)):
        os.utime(store.folder / identity, (1e9 - age, 1e9 - age))
    store.prune({added[0]})
    assert {folder.name for folder in store.folder.iterdir()} == {added[0], *added[-KEPT:]}


def test_wake_ends_a_wait(watch: Watch) -> None:
    """A wait for changes returns at once, and the next one waits again."""
    watch.wake()
    start = time.monotonic()
    assert watch.changes(60.0) == set()
    assert time.monotonic() - start < 15
    assert watch.changes(0.01) == set()
    watch.close()


def test_watch_of_a_file_that_is_mounted_by_itself(watch: Watch, tmp_path: Path) -> None:
    """A hard link stands for a bind mount: the change is made under another name."""
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "acme.json").write_text("{}")
    here = tmp_path / "acme.json"
    here.hardlink_to(tmp_path / "there" / "acme.json")
    watch.add_file(here)
    (tmp_path / "there" / "acme.json").write_text("{ }")
    assert here in watch.changes(5.0)
    watch.close()


def test_one_folder_under_two_names(watch: Watch, tmp_path: Path) -> None:
    """Both names are reported: the kernel knows the folder, not the name that was used."""
    folder = tmp_path / "folder"
    folder.mkdir()
    watch.add(folder)
    watch.add(tmp_path / "." / ".." / tmp_path.name / "folder")
    (folder / "x").write_text("")
    assert folder / "x" in watch.changes(5.0)
    assert len(watch.changes(0.0)) == 0
    watch.close()


def test_watch_looks_anew_after_lost_events(
    watch: Watch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the kernel's queue ran over, everything watched counts as changed, and new folders are found."""
    watch.add(tmp_path)
    (tmp_path / "new").mkdir()
    monkeypatch.setattr(inotify, "_events", lambda _: [(-1, inotify.OVERFLOW, "")])
    assert watch.changes(5.0) == {tmp_path, tmp_path / "new"}
    assert watch.watches(tmp_path / "new")


def test_watch_ends_with_its_folder(watch: Watch, tmp_path: Path) -> None:
    """A folder that was removed is not watched any more, and can be watched again when it is back."""
    folder = tmp_path / "sub"
    folder.mkdir()
    watch.add(folder)
    folder.rmdir()
    assert folder in watch.changes(5.0)
    assert not watch.watches(folder)
    folder.mkdir()
    watch.add(folder)
    assert watch.watches(folder)


def test_command_whose_child_holds_the_pipe_ends_at_its_deadline() -> None:
    """A child in a session of its own survives the kill, and does not hold up the caller."""
    start = time.monotonic()
    assert run(["sh", "-c", "setsid sleep 20 & sleep 20"], 0.2).timed_out
    assert time.monotonic() - start < 15
