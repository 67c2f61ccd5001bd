"""Filled files: sealed values, pinned secrets and addresses, on disk and nowhere else."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import stat
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyrage
import pytest

from agent.apply.engine import Request
from agent.apply.recovery import recover, serve_applied
from agent.errors import Problem
from agent.release.networks import Networks
from agent.release.pinned_secrets import PinnedSecrets
from agent.release.placeholders import Placeholders
from agent.release.unsealing import Unsealer
from controlplane import secrets
from tests.agent.conftest import World, entry, make_world, sample
from tests.architecture.sources import ROOT

UNSEAL = (
    f"import sys; sys.path.insert(0, {str(ROOT)!r}); from controlplane.unseal import main; sys.exit(main())"
)
LINKS = [{"ifname": "eth0", "addr_info": [{"family": "inet", "local": "172.17.0.2", "scope": "global"}]}]
ROUTES = """Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
"""
MAIN = "etc/postfix/main.cf"


@pytest.fixture
def keyed(world: World) -> World:
    """A node that holds the server's identity, and knows networks."""
    return prepare(world, {})


def prepare(world: World, environment: Mapping[str, str]) -> World:
    """The node with a filler whose parts lie in the test's folder."""
    control = world.root / "var/mail-state/control"
    control.mkdir(parents=True, exist_ok=True)
    secrets.ensure_identity(control)
    routes = world.root / "proc/net/route"
    routes.parent.mkdir(parents=True, exist_ok=True)
    routes.write_text(ROUTES)
    world.node.contents.placeholders = Placeholders(
        Unsealer(world.node.paths.identity, (sys.executable, "-c", UNSEAL), os.geteuid()),
        PinnedSecrets(world.root, environment),
        Networks(world.root, lambda: LINKS),
    )
    return world


def control_of(world: World) -> Path:
    """Where the control plane keeps its keys."""
    return world.root / "var/mail-state/control"


def recipient(world: World) -> str:
    """What anybody seals with for this server."""
    return secrets.recipient_of(secrets.ensure_identity(control_of(world)))


def apply(world: World, **contents: str) -> dict[str, Any]:
    """Apply a release in which every file is filled."""
    files = {path: entry(path) | {"fill": True} for path in sample()}
    return world.engine.apply(world.repository.release(sample(**contents), files=files))


def test_a_sealed_value_is_opened_on_disk_and_in_the_map(keyed: World) -> None:
    """git keeps the sealed word, the file and what is compiled from it have the value."""
    word = secrets.seal_value("hun ter2", recipient(keyed))
    assert apply(keyed, virtual=f"a user:{word}\nb {word}\n")["outcome"] == "applied"
    assert keyed.text("etc/postfix/virtual") == "a user:hun ter2\nb hun ter2\n"
    assert "hun ter2" in keyed.text("etc/postfix/virtual.lmdb")
    assert keyed.node.drifted(keyed.node.release) == []


def test_a_file_sealed_as_a_whole_is_opened_as_a_whole(keyed: World) -> None:
    """The armored form, as the tool age makes it."""
    assert apply(keyed, main=secrets.seal(b"whole = 1\n", recipient(keyed)))["outcome"] == "applied"
    assert keyed.text(MAIN) == "whole = 1\n"


def test_words_of_a_file_that_is_not_filled_stay(keyed: World) -> None:
    """Only files that the release names are looked into."""
    word = secrets.seal_value("hunter2", recipient(keyed))
    keyed.apply(main=word)
    assert keyed.text(MAIN) == word


def test_addresses_are_the_nodes_own(keyed: World) -> None:
    """As Postfix takes them in mynetworks."""
    apply(keyed, main="{net:container:eth0} {net:host:eth0} {net:connected}\n")
    assert keyed.text(MAIN) == "172.17.0.2/32 172.17.0.1/32 172.17.0.0/16\n"


def test_an_interface_that_is_not_there_is_named(keyed: World) -> None:
    """A release that counts on it is refused, and what served stays."""
    assert keyed.apply()["outcome"] == "applied"
    outcome = apply(keyed, main="first\n{net:container:eth7}\n")["earlier"][0]
    assert (outcome["outcome"], outcome["path"], outcome["line"]) == ("rejected", MAIN, 2)
    assert outcome["reason"] == "there is no network interface eth7"


def test_what_was_sealed_for_somebody_else_is_refused(keyed: World) -> None:
    """Nothing is written, and the reason names file and line."""
    assert keyed.apply()["outcome"] == "applied"
    (keyed.root / "other").mkdir()
    stranger = secrets.recipient_of(secrets.ensure_identity(keyed.root / "other"))
    outcome = apply(keyed, virtual=f"a b\nc {secrets.seal_value('x', stranger)}\n")["earlier"][0]
    assert (outcome["outcome"], outcome["path"], outcome["line"]) == ("rejected", "etc/postfix/virtual", 2)
    assert "cannot be opened" in outcome["reason"]
    assert keyed.text("etc/postfix/virtual") == "virtual 1\n"


def test_a_sealed_value_adds_no_lines(keyed: World) -> None:
    """Else a release would hold settings that nobody could review."""
    raw = pyrage.encrypt(b"x\nevil = 1", [pyrage.x25519.Recipient.from_str(recipient(keyed))])
    outcome = apply(keyed, main=f"a = age:{base64.b64encode(raw).decode()}\n")
    assert (outcome["outcome"], outcome["reason"]) == ("rejected", "a sealed value holds more than one line")


def word_for(world: World, name: str, value: str) -> str:
    """What a release says for a pinned secret."""
    return f"env:{name}:{secrets.digest(control_of(world), value)}"


def test_a_pinned_secret_comes_from_the_environment(world: World) -> None:
    """Only for the word that this server's control plane made of it."""
    prepare(world, {"RELAY_PASSWORD": "hunter2", "HOME": "/root"})
    assert (
        apply(world, virtual=f"x u:{word_for(world, 'RELAY_PASSWORD', 'hunter2')}\n")["outcome"] == "applied"
    )
    assert world.text("etc/postfix/virtual") == "x u:hunter2\n"
    forged = hmac.new(b"guess", b"/root", hashlib.sha256).hexdigest()
    outcome = apply(world, virtual=f"x u:env:HOME:{forged}\n")
    assert (outcome["outcome"], outcome["path"]) == ("rejected", "etc/postfix/virtual")


def test_a_pinned_secret_comes_from_a_file(world: World) -> None:
    """NAME__FILE: the copy that the start made, without the end of its line."""
    copies = world.root / "dev/shm/mailserver"
    copies.mkdir(parents=True)
    (copies / "RELAY_PASSWORD").write_text("hunter2\n")
    prepare(world, {"RELAY_PASSWORD__FILE": "/run/secrets/relay"})
    apply(world, virtual=f"x u:{word_for(world, 'RELAY_PASSWORD', 'hunter2')}\n")
    assert world.text("etc/postfix/virtual") == "x u:hunter2\n"


def test_a_rotated_secret_serves_until_its_release_comes(world: World) -> None:
    """What was applied is written at the next start with the secret of today."""
    prepare(world, {"RELAY_PASSWORD": "old-secret"})
    apply(world, virtual=f"x u:{word_for(world, 'RELAY_PASSWORD', 'old-secret')}\n")
    again = restart(world, {"RELAY_PASSWORD": "new-secret"})
    assert again.text("etc/postfix/virtual") == "x u:new-secret\n"
    assert again.node.contents.unfilled == {}


def restart(world: World, environment: Mapping[str, str]) -> World:
    """What a new agent process in a new environment makes of what the old one left."""
    new = prepare(make_world(world.root), environment)
    new.repository.number = world.repository.number
    serve_applied(new.engine, recover(new.engine))
    return new


def test_a_start_without_the_identity_serves_what_it_can(keyed: World) -> None:
    """A restored backup that lacks it: status says what is missing, reconcile repairs it afterwards."""
    word = secrets.seal_value("hunter2", recipient(keyed))
    apply(keyed, virtual=f"a {word}\n")
    keyed.node.paths.identity.rename(keyed.root / "kept")
    (keyed.root / "etc/postfix/virtual").unlink()
    new = make_world(keyed.root)
    new.repository.number = keyed.repository.number
    assert serve_applied(new.engine, recover(new.engine)) == ""
    assert new.text("etc/postfix/virtual") == f"a {word}\n"
    assert len(new.node.contents.unfilled) == 1
    (keyed.root / "kept").rename(keyed.node.paths.identity)
    prepare(new, {})
    applied = new.node.applied
    new.engine.apply(Request(applied.commit, applied.number, retry=True))
    assert new.text("etc/postfix/virtual") == "a hunter2\n"
    assert new.node.contents.unfilled == {}


def test_no_message_repeats_a_secret(keyed: World) -> None:
    """A checker may quote the line that it does not like."""
    word = secrets.seal_value("hunter2", recipient(keyed))
    keyed.problems.append(Problem("postfix", MAIN, 1, "bad value hunter2 here"))
    outcome = apply(keyed, main=f"x = {word}\n")
    assert (outcome["outcome"], outcome["reason"]) == ("rejected", "bad value … here")


def test_a_filled_file_that_somebody_edits_has_drifted(keyed: World) -> None:
    """Compared is what it was filled to, not what git has."""
    word = secrets.seal_value("hunter2", recipient(keyed))
    apply(keyed, main=f"x = {word}\n")
    (keyed.root / MAIN).write_text("x = other\n")
    assert keyed.node.drifted(keyed.node.release) == [MAIN]


def test_the_same_values_are_opened_once(keyed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """One child for a release, none for the next one that brings nothing new."""
    asked: list[bytes] = []
    ask = Unsealer._ask

    def counting(self: Unsealer, request: bytes) -> bytes:
        asked.append(request)
        return ask(self, request)

    monkeypatch.setattr(Unsealer, "_ask", counting)
    one, two = (secrets.seal_value(text, recipient(keyed)) for text in ("one", "two"))
    apply(keyed, virtual=f"a {one}\n", main=f"b = {two}\n")
    apply(keyed, virtual=f"a {one}\n", main=f"b = {two}\n", dovecot="changed")
    assert len(asked) == 1


def test_the_identity_is_readable_by_its_owner_alone(keyed: World) -> None:
    """It opens everything."""
    assert stat.S_IMODE(keyed.node.paths.identity.stat().st_mode) == 0o600
