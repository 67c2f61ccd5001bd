"""Certificates that the node reports: what is taken over, what is said about them."""

from __future__ import annotations

from typing import Any

import pytest

from controlplane.errors import Refused
from tests.certificates import Authority, Pair
from tests.daemon.site import Site

MANUAL = "SSL_TYPE=manual\nSSL_CERT_PATH=/c\nSSL_KEY_PATH=/k\n"
TWO = MANUAL + "SSL_ALT_CERT_PATH=/c2\nSSL_ALT_KEY_PATH=/k2\n"


@pytest.fixture(scope="module")
def authority() -> Authority:
    """Signs what these tests report."""
    return Authority()


def configure(site: Site, settings: str) -> None:
    """Push a mailserver.env of these lines."""
    clone = site.clone(f"clone-{site.daemon.intake.position}")
    clone.write("mailserver.env", settings)
    clone.commit()
    push = clone.push()
    assert push.returncode == 0, push.stderr


def report(site: Site, pair: Pair, slot: str = "default", place: str = "/c") -> dict[str, Any]:
    """What the agent says of a pair."""
    return site.ask("agent.certificate", slot=slot, chain=pair.chain, place=place)


def row(site: Site, slot: str = "default") -> dict[str, Any]:
    """What `mailctl certificates` gets of a slot."""
    rows: list[dict[str, Any]] = site.ask("certificates")["certificates"]
    return next(each for each in rows if each["slot"] == slot)


def kinds(site: Site) -> list[str]:
    """The kinds of all events, oldest first."""
    return [entry["kind"] for entry in site.ask("log")["entries"]]


def test_everything_is_told_of_a_certificate(site: Site, authority: Authority) -> None:
    """Names, key, issuer, serial, fingerprint, end and place, and no warning for a good one."""
    configure(site, MANUAL)
    pair = authority.issue("mail.example.test", "www.example.test", days=61.5)
    report(site, pair, place="/srv/chain.pem")
    found = row(site)
    assert found["names"] == ["mail.example.test", "www.example.test"]
    assert (found["key"], found["issuer"]) == ("ECDSA P-256", "CN=Test Root CA")
    assert (found["serial"], found["fingerprint"]) == (f"{pair.leaf.serial_number:x}", pair.fingerprint)
    assert (found["days"], found["source"]) == (61, "/srv/chain.pem")
    assert (found["serves"], found["warnings"]) == (True, [])
    (event,) = site.ask("log", filters={"kind": "certificate.renewed"})["entries"]
    assert event["detail"].startswith("mail.example.test, www.example.test, ends 2")
    site.must_agree()


def test_the_same_leaf_with_another_chain_is_another_release(site: Site, authority: Authority) -> None:
    """The missing authority was added: the daemons have to read it."""
    configure(site, MANUAL)
    pair = authority.issue()
    first = site.ask("agent.certificate", slot="default", chain=pair.cert)["number"]
    assert report(site, pair)["number"] == first + 1
    report(site, pair)
    assert kinds(site).count("certificate.renewed") == 2
    site.must_agree()


@pytest.mark.parametrize(("since", "days"), [(-30, -1), (1, 90)])
def test_one_out_of_its_time_does_not_replace_a_valid_one(
    site: Site, authority: Authority, since: float, days: float
) -> None:
    """It is refused once; the one before stays."""
    good, bad = authority.issue(), authority.issue(since=since, days=days)
    report(site, good)
    for _ in range(2):
        with pytest.raises(Refused, match="the certificate read before stays"):
            report(site, bad)
    assert row(site)["fingerprint"] == good.fingerprint
    assert kinds(site).count("certificate.refused") == 1
    assert "default" in site.ask("status")["certificate_refused"]


def test_an_expired_one_is_better_than_none(site: Site, authority: Authority) -> None:
    """It serves with a warning until another comes."""
    configure(site, MANUAL)
    report(site, authority.issue(since=-30, days=-1))
    assert "ended on" in row(site)["warnings"][0]
    good = authority.issue()
    report(site, good)
    assert row(site)["fingerprint"] == good.fingerprint


@pytest.mark.parametrize(
    ("days", "warning"),
    [(25, []), (21.5, []), (20.5, ["ends in 20 days: renew it"]), (1.5, ["ends in 1 day: renew it"])],
)
def test_an_end_within_three_weeks_is_a_warning(
    site: Site, authority: Authority, days: float, warning: list[str]
) -> None:
    """Reckoned when somebody asks, in `status` and in `certificates`."""
    configure(site, MANUAL)
    report(site, authority.issue(days=days))
    assert row(site)["warnings"] == warning
    assert site.ask("status")["certificates"][0]["warnings"] == warning


@pytest.mark.parametrize(
    ("name", "fits"),
    [("mail.example.test", True), ("*.example.test", True), ("example.test", False), ("*.test", False)],
)
def test_a_certificate_for_another_name_is_a_warning(
    site: Site, authority: Authority, name: str, fits: bool
) -> None:
    """Clients would refuse it."""
    configure(site, MANUAL)
    report(site, authority.issue(name))
    assert row(site)["warnings"] == ([] if fits else ["is not for mail.example.test"])


def test_a_slot_goes_when_no_setting_names_it(site: Site, authority: Authority) -> None:
    """The second pair is taken away; one that is named again stays."""
    configure(site, TWO)
    report(site, authority.issue())
    report(site, authority.issue(kind="rsa"), "fallback")
    assert (row(site, "fallback")["key"], row(site, "fallback")["serves"]) == ("RSA 2048", True)
    site.ask("agent.certificate", slot="fallback", removed=True)
    assert row(site, "fallback")
    configure(site, MANUAL)
    assert row(site, "fallback")["warnings"] == ["no setting names it"]
    site.ask("agent.certificate", slot="fallback", removed=True)
    assert list(site.daemon.intake.state.observed.certificates) == ["default"]
    assert kinds(site).count("certificate.removed") == 1
    site.must_agree()


def test_two_of_a_kind_do_not_serve_together(site: Site, authority: Authority) -> None:
    """People hear why the second one does not."""
    configure(site, TWO)
    report(site, authority.issue())
    report(site, authority.issue(), "fallback")
    found = row(site, "fallback")
    assert not found["serves"]
    assert "has the same kind of key" in found["warnings"][0]
