"""Quotas, restrictions, master accounts and relay hosts by command: what files, log and lists say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from controlplane import secrets
from controlplane.daemon import embedded
from controlplane.daemon.run import Places
from controlplane.errors import Refused, UsageError
from tests.daemon.site import HASH, Site

USER = "user1@example.test"
PLANTED = "planted-9f2c1b"


def _edit(site: Site, command: str, **arguments: Any) -> dict[str, Any]:
    return site.ask("edit", command=command, reason="ticket 1", **arguments)


def _text(site: Site, name: str) -> str:
    return site.git("show", f"main:config/{name}", cwd=site.repository).stdout


def _kinds(site: Site) -> list[str]:
    return [entry["kind"] for entry in site.ask("log")["entries"] if "." in entry["kind"]]


@pytest.mark.shows("setup quota set", "setup quota del", "dovecot-quotas.cf")
def test_a_quota_is_set_changed_and_removed(site: Site) -> None:
    """Each is one line of the file and one event with its reason; the file's remarks stay."""
    site.add(USER)
    site.clone().change("config/dovecot-quotas.cf", "# limits\n")
    _edit(site, "quota.set", address=USER, size="12M")
    _edit(site, "quota.set", address=USER.upper(), size="1G")
    assert _text(site, "dovecot-quotas.cf") == f"# limits\n{USER}:1G\n"
    assert site.ask("show")["quotas"] == {USER: "1G"}
    _edit(site, "quota.remove", address=USER)
    assert _text(site, "dovecot-quotas.cf") == "# limits\n"
    told = [(e["kind"], e["detail"], e["reason"]) for e in site.ask("history", subject=USER)["entries"]]
    assert told[-3:] == [
        ("quota.set", "12M", "ticket 1"),
        ("quota.set", "12M → 1G", "ticket 1"),
        ("quota.removed", "", "ticket 1"),
    ]
    site.must_agree()


@pytest.mark.shows("setup quota set")
@pytest.mark.parametrize(
    ("address", "size", "message"),
    [
        ("nobody@example.test", "1G", "there is no account"),
        (USER, "12X", "is not a unit"),
        (USER, "512", "has no unit"),
    ],
)
def test_a_wrong_quota_is_refused(site: Site, address: str, size: str, message: str) -> None:
    """An unknown account and a bad unit are errors, and nothing is recorded."""
    site.add(USER)
    position = site.daemon.intake.position
    with pytest.raises(Refused, match=message):
        _edit(site, "quota.set", address=address, size=size)
    assert site.daemon.intake.position == position


def test_a_quota_that_has_no_effect_is_told(site: Site) -> None:
    """It is recorded all the same."""
    site.add(USER)
    site.clone().change("mailserver.env", "ENABLE_QUOTAS=0\n")
    change = _edit(site, "quota.set", address=USER, size="1G")
    assert "ENABLE_QUOTAS" in change["plan"]["warnings"][0]["message"]
    assert change["position"]


@pytest.mark.shows(
    "setup email restrict add",
    "setup email restrict del",
    "setup email restrict list",
    "postfix-send-access.cf",
    "postfix-receive-access.cf",
)
@pytest.mark.parametrize("direction", ["send", "receive"])
def test_a_restriction_comes_and_goes(site: Site, direction: str) -> None:
    """`add` refuses from then on, twice is an error, `del` takes it back; other lines stay."""
    path = f"postfix-{direction}-access.cf"
    site.add(USER)
    site.clone().change(f"config/{path}", "# why: ticket 9\nspam.test 550 no\n")
    _edit(site, "access.add", direction=direction, address=USER)
    assert _text(site, path) == f"# why: ticket 9\nspam.test 550 no\n{USER} REJECT\n"
    assert site.ask("access")[direction] == {"spam.test": "550 no", USER: "REJECT"}
    with pytest.raises(Refused, match="restricted already"):
        _edit(site, "access.add", direction=direction, address=USER)
    _edit(site, "access.remove", direction=direction, address=USER)
    assert site.ask("access") == {"send": {}, "receive": {}} | {direction: {"spam.test": "550 no"}}
    with pytest.raises(Refused):
        _edit(site, "access.remove", direction=direction, address=USER)
    with pytest.raises(UsageError):
        _edit(site, "access.add", direction="both", address=USER)
    assert _kinds(site).count(f"access.{direction}_removed") == 1
    site.must_agree()


@pytest.mark.shows("setup dovecot-master add", "setup dovecot-master update", "setup dovecot-master del")
@pytest.mark.shows("setup dovecot-master list", "dovecot-masters.cf")
def test_a_master_account_is_kept_sealed(site: Site) -> None:
    """Its hash stands sealed in the file, only the server opens it; attributes survive a new one."""
    _edit(site, "master.add", name="Admin", password_hash=HASH)
    assert site.ask("masters") == {"masters": ["admin"]}
    name, _, sealed = _text(site, "dovecot-masters.cf").strip().partition("|")
    assert name == "Admin"
    identity = secrets.ensure_identity(site.daemon.intake.stores.control)
    assert secrets.open_value(sealed, identity) == HASH
    with pytest.raises(Refused, match="exists already"):
        _edit(site, "master.add", name="admin", password_hash=HASH)
    with pytest.raises(Refused, match="no master account"):
        _edit(site, "master.update", name="nobody", password_hash=HASH)
    clone = site.clone()
    clone.write("config/dovecot-masters.cf", f"admin|{sealed}|allow_nets=127.0.0.1\n")
    clone.commit()
    assert clone.push().returncode == 0
    _edit(site, "master.update", name="admin", password_hash=HASH + "2")
    master = site.daemon.intake.state.desired.masters["admin"]
    assert master.attributes == "allow_nets=127.0.0.1"
    assert secrets.open_value(master.password_hash, identity) == HASH + "2"
    _edit(site, "master.remove", names=["admin"])
    assert site.ask("masters") == {"masters": []}
    assert "age:" not in str(site.ask("log"))
    site.must_agree()


@pytest.mark.shows(
    "setup relay add-domain", "setup relay exclude-domain", "setup relay add-auth", "postfix-relaymap.cf"
)
@pytest.mark.shows("postfix-sasl-password.cf")
def test_relay_hosts_and_their_logins(site: Site) -> None:
    """A host by domain, none for an excluded one, a login whose password only the server can read."""
    _edit(site, "relay.host", domain="domain1.com", host="smtp.mailgun.org", port="587")
    _edit(site, "relay.host", domain="@domain2.com", host="[192.0.2.7]", port="")
    _edit(site, "relay.exclude", domain="domain3.com")
    _edit(site, "relay.credentials", domain="domain1.com", username="mailgun-user", password="old")
    _edit(site, "relay.credentials", domain="domain1.com", username="mailgun-user", password="se:cr et")
    assert _text(site, "postfix-relaymap.cf") == (
        "@domain1.com [smtp.mailgun.org]:587\n@domain2.com [192.0.2.7]:25\n@domain3.com\n"
    )
    line = _text(site, "postfix-sasl-password.cf")
    head, _, sealed = line.strip().partition(":")
    assert head == "@domain1.com mailgun-user"
    identity = secrets.ensure_identity(site.daemon.intake.stores.control)
    assert secrets.open_value(sealed, identity) == "se:cr et"
    assert site.ask("show")["relay"] == {
        "routes": {
            "@domain1.com": "[smtp.mailgun.org]:587",
            "@domain2.com": "[192.0.2.7]:25",
            "@domain3.com": "",
        },
        "credentials": {"@domain1.com": "mailgun-user"},
    }
    for wrong in ({"host": "smtp test", "port": "25"}, {"host": "a.test", "port": "99999"}):
        with pytest.raises(Refused):
            _edit(site, "relay.host", domain="domain1.com", **wrong)
    with pytest.raises(Refused):
        _edit(site, "relay.credentials", domain="domain1.com", username="a:b", password="x")
    site.must_agree()


def test_a_planted_password_is_nowhere(site: Site) -> None:
    """No git object, file of the state volume, answer or entry of the log holds it, sealed or not."""
    answer = _edit(site, "relay.credentials", domain="a.test", username="me", password=PLANTED)
    _edit(site, "relay.credentials", domain="b.test", username="me", password=PLANTED)
    assert PLANTED not in str(answer)
    listed = site.git("cat-file", "--batch-all-objects", "--batch-check", cwd=site.repository).stdout
    for line in listed.splitlines():
        assert PLANTED not in site.git("cat-file", "-p", line.split()[0], cwd=site.repository).stdout
    site.stop()
    found = [path for path in site.repository.parent.rglob("*") if path.is_file()]
    assert not [path for path in found if PLANTED.encode() in path.read_bytes()]
    site.start()
    told = str([site.ask("log"), site.ask("show"), site.ask("diff", a="1", b="")])
    assert PLANTED not in told
    assert "age:" not in told


def test_how_full_mailboxes_are_is_asked_of_the_agent(site: Site) -> None:
    """Limits come from the state: one's own, else that of all; without an answer the list has no sizes."""
    assert site.agent is not None
    for number in (1, 2, 3):
        site.add(f"user{number}@example.test")
    site.clone().change("mailserver.env", "POSTFIX_MAILBOX_SIZE_LIMIT=20971520\n")
    _edit(site, "quota.set", address=USER, size="12M")
    _edit(site, "quota.set", address="user2@example.test", size="0")
    site.agent.used = {USER: 3072, "user2@example.test": 7}
    rows = [(a["used"], a["limit"], a["percent"]) for a in site.ask("accounts")["accounts"]]
    assert rows == [(3072, 12288, 25), (7, None, 0), (0, 20480, 0)]
    site.clone("off").change("mailserver.env", "ENABLE_QUOTAS=0\n")
    assert "used" not in site.ask("accounts")["accounts"][0]


def test_a_bare_config_folder_has_nobody_to_seal_for(tmp_path: Path) -> None:
    """There a hash may stand as it is, a password may not; with a recipient both are sealed."""
    request = {"op": "edit", "actor": "root", "source": "setup"}
    master = request | {"command": "master.add", "name": "admin", "password_hash": HASH}
    relay = request | {"command": "relay.credentials", "domain": "a.test", "username": "me", "password": "x"}
    places = Places(root=tmp_path / "nothing")
    embedded.call(master, print, {}, places, tmp_path)
    assert (tmp_path / "dovecot-masters.cf").read_text() == f"admin|{HASH}\n"
    assert embedded.call({"op": "masters"}, print, {}, places, tmp_path) == {"masters": ["admin"]}
    with pytest.raises(Refused, match="to seal the password for"):
        embedded.call(relay, print, {}, places, tmp_path)
    identity = secrets.ensure_identity(tmp_path)
    (tmp_path / "gitops").mkdir()
    (tmp_path / "gitops/recipient.txt").write_text(secrets.recipient_of(identity) + "\n")
    (tmp_path / secrets.IDENTITY).unlink()
    embedded.call(relay, print, {}, places, tmp_path)
    assert "@a.test me:age:" in (tmp_path / "postfix-sasl-password.cf").read_text()


@pytest.mark.parametrize(
    ("command", "given", "message"),
    [
        ("account.add", {"address": USER}, "exists already"),
        ("account.update", {"address": "nosuch@example.test"}, "there is no account"),
        ("account.remove", {"addresses": ["nosuch@example.test"]}, "there is no account"),
        ("master.update", {"name": "nosuch"}, "there is no master account"),
        ("relay.credentials", {"domain": "x y", "username": "me"}, "is not a domain"),
    ],
)
def test_an_edit_is_rehearsed_before_a_password_is_asked_for(
    site: Site, tmp_path: Path, command: str, given: dict[str, Any], message: str
) -> None:
    """What no password would mend is refused at once, also in a bare folder; nothing moves."""
    site.add(USER)
    before = site.daemon.intake.position
    with pytest.raises(Refused, match=message):
        site.ask("rehearse", command=command, **given)
    assert site.ask("rehearse", command="account.add", address="new@example.test") == {}
    assert site.daemon.intake.position == before
    (tmp_path / "postfix-accounts.cf").write_text(f"{USER}|{HASH}\n")
    (tmp_path / "dovecot-masters.cf").write_text(f"admin|{HASH}\n")
    request = {"op": "rehearse", "command": command, **given}
    with pytest.raises(Refused, match=message):
        embedded.call(request, lambda _: None, {}, Places(root=tmp_path / "nothing"), tmp_path)
