"""Certificates: what is reported, and what serves while there is none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agent.certificates.slots import CertificateSlots
from agent.certificates.store import Certificates
from agent.daemon_client import DaemonClient
from agent.errors import Refused, Unavailable
from tests.certificates import Authority, Pair

HOST = "mail.example.test"


class FakeLink(DaemonClient):
    """The daemon: remembers what was reported to it."""

    def __init__(self) -> None:
        super().__init__(Path("/nowhere"), "mail")
        self.told: list[dict[str, Any]] = []
        self.error: Exception | None = None

    def ask(self, op: str, **arguments: Any) -> dict[str, Any]:
        assert op == "agent.certificate"
        if self.error:
            raise self.error
        self.told.append(arguments)
        return {"release": f"r{len(self.told)}"}


class Box:
    """A node with slots."""

    def __init__(self, root: Path) -> None:
        self.root, self.daemon = root, FakeLink()
        (root / "state").mkdir(exist_ok=True)
        self.slots = self.fresh()

    def fresh(self) -> CertificateSlots:
        """What a new agent process finds."""
        return CertificateSlots(
            self.root, self.root / "state", Certificates(self.root / "state/certs"), self.daemon
        )

    def put(self, pair: Pair, name: str = "tls") -> None:
        """Write a pair where `source` looks for it."""
        (self.root / f"{name}.pem").write_text(pair.chain)
        (self.root / f"{name}.key").write_text(pair.key)

    def told(self) -> list[dict[str, Any]]:
        """What was reported to the daemon since the last call."""
        told, self.daemon.told = self.daemon.told, []
        return told


def source(kind: str = "manual", slot: str = "default", name: str = "tls") -> dict[str, Any]:
    """A row of the manifest."""
    return {"slot": slot, "type": kind, "pairs": [[f"/{name}.pem", f"/{name}.key"]]}


@pytest.fixture
def box(tmp_path: Path) -> Box:
    """A node that has seen no certificate."""
    return Box(tmp_path)


@pytest.fixture(scope="module")
def authority() -> Authority:
    """Signs what these tests serve."""
    return Authority()


def test_a_pair_is_told_once(box: Box, authority: Authority) -> None:
    """With its place; after a restart it is not reported again, another one is."""
    one, two = authority.issue(), authority.issue()
    box.put(one)
    assert box.slots.check((source(),), HOST) == {"release": "r1"}
    (told,) = box.told()
    assert told == {
        "slot": "default", "chain": one.chain, "made_here": False, "place": str(box.root / "tls.pem"),
    }  # fmt: skip
    assert box.slots.check((source(),), HOST) is None
    assert box.fresh().check((source(),), HOST) is None
    box.put(two)
    assert box.slots.check((source(),), HOST) == {"release": "r1"}
    assert box.told()[0]["chain"] == two.chain


def test_another_chain_for_the_same_leaf_is_news(box: Box, authority: Authority) -> None:
    """Somebody added the authority that was missing."""
    pair = authority.issue()
    box.put(pair)
    (box.root / "tls.pem").write_text(pair.cert)
    box.slots.check((source(),), HOST)
    box.put(pair)
    box.slots.check((source(),), HOST)
    assert [told["chain"] for told in box.told()] == [pair.cert, pair.chain]


@pytest.mark.parametrize("kind", ["manual", "letsencrypt", "custom"])
def test_until_there_is_one_a_made_one_serves_and_it_is_told(
    box: Box, authority: Authority, kind: str
) -> None:
    """TLS works at once; until the certificate is there, what is missing is reported."""
    box.slots.check((source(kind),), HOST)
    made, refused = box.told()
    assert made["made_here"]
    assert "a certificate made here serves until then" in refused["refused"]
    assert box.slots.refused == {"default": refused["refused"]}
    box.slots.check((source(kind),), HOST)
    assert box.fresh().refused == box.slots.refused
    assert not box.told()
    box.put(authority.issue())
    box.slots.check((source(kind),), HOST)
    assert not box.told()[0]["made_here"]
    assert not box.slots.refused


def test_a_pair_that_is_broken_from_the_start_leaves_nobody_without_tls(
    box: Box, authority: Authority
) -> None:
    """A self-signed one serves, and what is wrong with the source is reported."""
    box.put(authority.issue())
    (box.root / "tls.key").write_text(authority.issue().key)
    box.slots.check((source(),), HOST)
    made, refused = box.told()
    assert made["made_here"]
    assert "key values mismatch" in refused["refused"]
    assert "a certificate made here serves until then" in refused["refused"]


def test_self_signed_asks_for_a_made_one(box: Box) -> None:
    """Then nothing is missing."""
    box.slots.check((source("self-signed"),), HOST)
    (made,) = box.told()
    assert made["made_here"]
    assert not box.slots.refused


def test_a_broken_pair_leaves_the_one_before(box: Box, authority: Authority) -> None:
    """Reported once with its reason, and done with when the files are right again."""
    one, two = authority.issue(), authority.issue()
    box.put(one)
    box.slots.check((source(),), HOST)
    box.told()
    (box.root / "tls.key").write_text(two.key)
    for _ in range(2):
        box.slots.check((source(),), HOST)
    (told,) = box.told()
    assert "key values mismatch" in told["refused"]
    assert "the certificate read before stays" in told["refused"]
    box.put(one)
    assert box.slots.check((source(),), HOST) is None
    assert (box.told(), box.slots.refused) == ([], {})


def test_files_that_come_one_after_the_other_are_no_fault(box: Box, authority: Authority) -> None:
    """A watch looks twice before it complains."""
    one, two = authority.issue(), authority.issue()
    box.put(one)
    box.slots.check((source(),), HOST)
    box.told()
    (box.root / "tls.pem").write_text(two.chain)
    box.slots.check((source(),), HOST, patient=True)
    assert box.slots.doubtful
    box.put(two)
    box.slots.check((source(),), HOST, patient=True)
    assert [told.get("refused") for told in box.told()] == [None]
    assert not box.slots.doubtful
    (box.root / "tls.pem").write_text("nonsense")
    for _ in range(3):
        box.slots.check((source(),), HOST, patient=True)
    assert len(box.told()) == 1
    assert not box.slots.doubtful


def test_files_that_go_leave_the_pair(box: Box, authority: Authority) -> None:
    """Also where the type changes; only self-signed has its own made then."""
    box.put(authority.issue())
    box.slots.check((source(),), HOST)
    box.told()
    (box.root / "tls.pem").unlink()
    box.slots.check((source(),), HOST)
    assert "the certificate read before stays" in box.told()[0]["refused"]
    box.slots.check((source("letsencrypt"),), HOST)
    assert not any(told.get("made_here") for told in box.told())
    box.slots.check((source("self-signed"),), HOST)
    assert box.told()[0]["made_here"]
    assert not box.slots.refused


def test_a_second_slot_is_never_made_here(box: Box, authority: Authority) -> None:
    """It only counts as missing; when nothing names it any more it is dropped."""
    box.put(authority.issue())
    both = (source(), source(slot="fallback", name="second"))
    box.slots.check(both, HOST)
    assert [told["slot"] for told in box.told()] == ["default", "fallback"]
    box.put(authority.issue(kind="rsa"), "second")
    box.slots.check(both, HOST)
    assert box.told()[0]["slot"] == "fallback"
    box.slots.check((source(),), HOST)
    assert box.told() == [{"slot": "fallback", "removed": True}]
    assert set(json.loads((box.root / "state/slots.json").read_text())) == {"default"}


def test_what_the_daemon_declines_is_refused(box: Box, authority: Authority) -> None:
    """With the daemon's reason; the one before stays."""
    box.put(authority.issue())
    box.slots.check((source(),), HOST)
    box.put(authority.issue())
    box.daemon.error = Refused("it ended")
    box.slots.check((source(),), HOST)
    assert box.slots.refused == {"default": "it ended"}


def test_a_daemon_that_is_away_is_told_later(box: Box, authority: Authority) -> None:
    """Nothing counts as reported before the daemon has answered."""
    box.put(authority.issue())
    box.daemon.error = Unavailable("no")
    with pytest.raises(Unavailable):
        box.slots.check((source(),), HOST)
    box.daemon.error = None
    assert box.slots.check((source(),), HOST) is not None
    (box.root / "tls.pem").write_text("nonsense")
    box.daemon.error = Unavailable("no")
    with pytest.raises(Unavailable):
        box.slots.check((source(),), HOST)
    assert not box.slots.refused
    box.daemon.error = None
    box.slots.check((source(),), HOST)
    assert "no certificate in PEM" in box.slots.refused["default"]


def two_places() -> dict[str, Any]:
    """A source with two places, the preferred one first."""
    return {**source(), "pairs": [["/tls.pem", "/tls.key"], ["/second.pem", "/second.key"]]}


def test_another_place_serves_and_what_was_passed_over_is_told(box: Box, authority: Authority) -> None:
    """Nothing is refused; when the preferred one is right again, it serves and nothing is told any more."""
    box.put(authority.issue(days=-0.5))
    second = authority.issue()
    box.put(second, "second")
    box.slots.check((two_places(),), HOST)
    assert [told["chain"] for told in box.told()] == [second.chain]
    (passed,) = box.slots.passed_over
    assert (passed["slot"], passed["place"]) == ("default", str(box.root / "tls.pem"))
    assert passed["reason"].startswith("it ended on ")
    assert not box.slots.refused
    box.put(first := authority.issue())
    box.slots.check((two_places(),), HOST)
    assert [told["chain"] for told in box.told()] == [first.chain]
    assert box.slots.passed_over == []


def test_a_preferred_pair_that_is_being_written_is_waited_for(box: Box, authority: Authority) -> None:
    """A watch looks twice before another place serves."""
    box.put(authority.issue(), "second")
    box.slots.check((two_places(),), HOST)
    box.told()
    new = authority.issue()
    (box.root / "tls.pem").write_text(new.chain)
    (box.root / "tls.key").write_text(new.key[:40])
    box.put(authority.issue(), "second")
    box.slots.check((two_places(),), HOST, patient=True)
    assert box.slots.doubtful
    box.put(new)
    box.slots.check((two_places(),), HOST, patient=True)
    assert [told["chain"] for told in box.told()] == [new.chain]
    assert not box.slots.doubtful


def test_an_ended_pair_leaves_the_one_that_serves(box: Box, authority: Authority) -> None:
    """Somebody restored an old certificate over a valid one; until that ends it stays."""
    good = authority.issue()
    box.put(good)
    box.slots.check((source(),), HOST)
    box.told()
    box.put(authority.issue(days=-0.5))
    box.slots.check((source(),), HOST)
    (told,) = box.told()
    assert "it ended on" in told["refused"]
    assert "the certificate read before stays" in told["refused"]
    assert box.slots.until == good.leaf.not_valid_after_utc.timestamp()
