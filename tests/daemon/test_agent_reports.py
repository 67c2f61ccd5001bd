"""What the agent reports: hello, certificates, edits in the config volume, outcomes, drift."""

from __future__ import annotations

import base64
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from controlplane.daemon.run import Places, build, shut_down
from controlplane.errors import Refused, UsageError
from tests.daemon.site import HASH, NAME, ROOT, Site
from wire.blobs import blob_id

ACCOUNTS = "postfix-accounts.cf"


def _edit(path: str, content: bytes | None, base: bytes | None = None) -> dict[str, Any]:
    return {
        "path": path,
        "content": None if content is None else base64.b64encode(content).decode(),
        "executable": False,
        "base": "" if base is None else blob_id(base),
    }


def _volume(site: Site, *changes: dict[str, Any]) -> list[dict[str, str]]:
    refused: list[dict[str, str]] = site.ask("agent.volume", changes=list(changes))["refused"]
    return refused


def _main(site: Site, path: str) -> bytes:
    repo = site.daemon.intake.stores.repo
    return repo.file(repo.refs.get("main"), f"config/{path}")


def _chain(name: str = "mail.example.test") -> str:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=61))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


def test_hello_names_the_newest_release(site: Site) -> None:
    """The agent learns what to serve, and for which `main`."""
    site.add("user1@example.test")
    answer = site.ask("agent.hello", node="mail", applied_commit="")
    assert answer["number"] == site.daemon.intake.release_number
    assert answer["main"] == site.daemon.intake.main


def test_hello_tells_what_a_node_without_records_has_lost(site: Site) -> None:
    """The release that was applied last, and whether releases are held back."""
    site.add("user1@example.test")
    newest = site.daemon.intake.release
    site.ask("suspend")
    answer = site.ask("agent.hello", node="mail", applied_commit="")
    assert newest is not None
    assert answer["applied"] == {
        "release": newest.commit,
        "number": newest.number,
        "main": newest.basis.main_commit,
    }
    assert answer["suspended"] is True
    assert site.ask("agent.hello", node="mail", applied_commit=newest.commit)["applied"] == {}


def test_what_the_agent_repaired_is_in_the_log(site: Site) -> None:
    """With its part and how; it makes no release."""
    number = site.daemon.intake.release_number
    rows = [{"part": "agent", "how": "applied.json was lost"}]
    site.ask("agent.hello", node="mail", applied_commit="x", repairs=rows)
    (entry,) = site.ask("log", filters={"kind": "store.repaired"})["entries"]
    assert "applied.json was lost" in str(entry)
    assert site.daemon.intake.release_number == number


def test_the_first_files_of_the_volume_are_imported(unapplied_site: Site) -> None:
    """They win over what the template said, as one change set from `import`."""
    site = unapplied_site
    line = f"old@example.test|{HASH}\n".encode()
    assert _volume(site, _edit(ACCOUNTS, line), _edit("dovecot.cf", b"mail_debug = yes\n")) == []
    assert list(site.daemon.intake.state.desired.accounts) == ["old@example.test"]
    assert site.ask("history", subject="old@example.test")["entries"][-1]["source"] == "import"
    site.must_agree()


def test_a_folder_that_is_there_already_gets_the_documented_defaults(unapplied_site: Site) -> None:
    """It was written for them; what a new state repo sets is for trying out."""
    site = unapplied_site
    assert site.daemon.intake.state.settings.ssl_type == "self-signed"
    assert _volume(site, _edit(ACCOUNTS, f"old@example.test|{HASH}\n".encode())) == []
    settings = site.daemon.intake.state.settings
    assert (settings.ssl_type, settings.enable_rspamd) == ("", False)
    repo = site.daemon.intake.stores.repo
    lines = repo.file(repo.refs.get("main"), "mailserver.env").decode().splitlines()
    assert {"#SSL_TYPE=", "#ENABLE_RSPAMD=0"} < set(lines)
    assert not [line for line in lines if line and not line.startswith("#")]
    site.must_agree()


def test_an_empty_or_refused_folder_leaves_what_a_new_repo_sets(unapplied_site: Site) -> None:
    """So do settings that somebody chose before the first start, by a push or an import."""
    site = unapplied_site
    assert _volume(site, _edit(ACCOUNTS, b"nonsense\n"))
    assert site.daemon.intake.state.settings.ssl_type == "self-signed"
    site.clone().change("mailserver.env", "SPOOF_PROTECTION=1\n")
    assert _volume(site, _edit(ACCOUNTS, f"old@example.test|{HASH}\n".encode())) == []
    assert site.daemon.intake.state.settings.ssl_type == "self-signed"
    site.must_agree()


def test_a_wrong_file_is_refused_alone(site: Site) -> None:
    """The others are taken over, the refusal is an event and names the line."""
    good = b"info@example.test user1@example.test\n"
    refused = _volume(site, _edit(ACCOUNTS, b"nonsense\n"), _edit("postfix-virtual.cf", good))
    assert [each["path"] for each in refused] == [ACCOUNTS]
    assert f"config/{ACCOUNTS}:1" in refused[0]["reason"]
    assert list(site.daemon.intake.state.desired.aliases) == ["info@example.test"]
    assert site.ask("log", filters={"kind": "edit.refused"})["entries"]
    site.must_agree()


def test_a_hand_edit_is_merged_with_what_main_became(site: Site) -> None:
    """Both sides' lines are there; the actor is the volume."""
    site.add("a@example.test")
    site.add("b@example.test")
    site.add("c@example.test")
    base = _main(site, ACCOUNTS)
    site.ask("edit", command="account.remove", addresses=["a@example.test"])
    assert _volume(site, _edit(ACCOUNTS, base + f"d@example.test|{HASH}\n".encode(), base)) == []
    assert list(site.daemon.intake.state.desired.accounts) == [
        "b@example.test", "c@example.test", "d@example.test",
    ]  # fmt: skip
    entry = site.ask("history", subject="d@example.test")["entries"][-1]
    assert (entry["actor"], entry["source"]) == ("config-volume", "config-volume")
    site.must_agree()


def test_edits_of_the_same_line_are_a_conflict(site: Site) -> None:
    """`main` stays, the file is refused with the reason."""
    site.clone().change("config/dovecot.cf", "mail_debug = no\n")
    base = _main(site, "dovecot.cf")
    clone = site.clone("other")
    clone.write("config/dovecot.cf", "mail_debug = yes\n")
    clone.commit()
    clone.push()
    refused = _volume(site, _edit("dovecot.cf", b"mail_debug = maybe\n", base))
    assert [each["path"] for each in refused] == ["dovecot.cf"]
    assert _main(site, "dovecot.cf") == b"mail_debug = yes\n"


def test_a_file_deleted_in_the_volume_is_deleted_on_main(site: Site) -> None:
    """Its effect goes with it."""
    site.clone().change("config/dovecot.cf", "mail_debug = no\n")
    base = _main(site, "dovecot.cf")
    assert _volume(site, _edit("dovecot.cf", None, base)) == []
    assert "dovecot.cf" not in site.daemon.intake.state.desired.overrides


def test_a_table_is_merged_line_by_line_and_goes_with_its_file(site: Site) -> None:
    """A quota set by command and one written by hand meet; the deleted file takes what is left along."""
    path = "dovecot-quotas.cf"
    for name in ("a", "b"):
        site.add(f"{name}@example.test")
    assert _volume(site, _edit(path, b"# limits\n")) == []
    site.ask("edit", command="quota.set", address="a@example.test", size="1G")
    assert _volume(site, _edit(path, b"# limits\nb@example.test:2G\n", b"# limits\n")) == []
    assert site.daemon.intake.state.desired.quotas == {"a@example.test": "1G", "b@example.test": "2G"}
    (refused,) = _volume(site, _edit(path, b"b@example.test:2X\n", _main(site, path)))
    assert "config/dovecot-quotas.cf:1" in refused["reason"]
    base = _main(site, path)
    (refused,) = _volume(site, _edit(path, None, base))
    assert "this would remove 2 of 2 quotas" in refused["reason"]
    site.ask("edit", command="quota.remove", address="a@example.test")
    assert _volume(site, _edit(path, None, _main(site, path))) == []
    assert site.daemon.intake.state.desired.quotas == {}
    assert site.ask("history", subject="b@example.test")["entries"][-1]["kind"] == "quota.removed"
    site.must_agree()


def test_an_edit_that_comes_along_again_is_no_other_event(site: Site) -> None:
    """The log has its refusal already; it is taken when it is sound."""
    wrong = _edit("dovecot-quotas.cf", b"a@example.test:5X\n")
    site.add("a@example.test")
    assert len(_volume(site, wrong)) == 1
    assert len(_volume(site, _edit("own.cf", b"x y\n"), {**wrong, "again": True})) == 1
    assert len(site.ask("log", filters={"kind": "edit.refused"})["entries"]) == 1
    assert "own.cf" in site.daemon.intake.state.desired.overrides


def test_what_a_push_would_be_told_is_in_the_log(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody waits for an answer at the config volume: its notices go to the container's log."""
    site.add("a@example.test")
    capsys.readouterr()
    assert _volume(site, _edit("postfix-vitual.cf", b"x@example.test a@example.test\n")) == []
    assert _volume(site, _edit("postfix-aliases.cf", b"info@example.test: a@example.test\n")) == []
    told = "".join(capsys.readouterr())
    assert "about=postfix-vitual.cf" in told
    assert "did you mean config/postfix-virtual.cf?" in told
    assert "info@example.test never matches" in told
    many = "".join(f"n{number}@example.test nobody{number}@example.test\n" for number in range(25))
    assert _volume(site, _edit("postfix-virtual.cf", many.encode())) == []
    assert "there are 5 more notices" in "".join(capsys.readouterr())


def test_a_certificate_makes_one_event_and_a_release(site: Site) -> None:
    """Reported again it is nothing new."""
    chain = _chain()
    answer = site.ask("agent.certificate", slot="default", chain=chain, made_here=True)
    known = site.daemon.intake.state.observed.certificates["default"]
    assert known.names == ("mail.example.test",)
    assert answer["number"] == site.daemon.intake.release_number
    site.daemon.delivery.wait_for(answer["number"], 10)
    position = site.daemon.intake.position
    site.ask("agent.certificate", slot="default", chain=chain, made_here=True)
    assert site.daemon.intake.position == position
    site.must_agree()


def test_a_certificate_that_is_none_is_refused(site: Site) -> None:
    """The one before stays, and the log says why."""
    with pytest.raises(Refused):
        site.ask("agent.certificate", slot="default", chain="nonsense")
    site.ask("agent.certificate", slot="fallback", refused="the key does not fit")
    kinds = [entry["kind"] for entry in site.ask("log")["entries"]]
    assert kinds.count("certificate.refused") == 2


def test_drift_is_recorded_once_and_healed_once(site: Site) -> None:
    """The same paths again are no news."""
    for paths in (["etc/postfix/main.cf"], ["etc/postfix/main.cf"], [], []):
        site.ask("agent.drift", paths=paths)
    kinds = [entry["kind"] for entry in site.ask("log")["entries"]]
    assert kinds.count("drift.detected") == 1
    assert kinds.count("drift.healed") == 1


def test_a_value_that_a_service_refuses_pins_nothing(tmp_path: Path) -> None:
    """At the first start and at any later one: the server serves without it, and says what is wrong."""
    bad, good = {"POSTFIX_DAGENT": "lmpt:inet:x:24"}, {"SPOOF_PROTECTION": "1"}
    root = Places(
        tmp_path / "state", tmp_path / "c", tmp_path / "a", ROOT / "hooks", ROOT / "state-repo-template"
    )
    for given, pinned in (
        ({**bad, **good}, {"SPOOF_PROTECTION"}),
        (good, {"SPOOF_PROTECTION"}),
        (bad, set()),
    ):
        daemon = build(root, {"MAILSERVER_FQDN": NAME, **given})
        assert daemon.intake.trees is not None
        assert daemon.intake.state.observed.pins.keys() == pinned
        said = [line for line in daemon.complaints if line.endswith("POSTFIX_DAGENT is left out")]
        assert len(said) == ("POSTFIX_DAGENT" in given)
        shut_down(daemon)


def test_the_environment_pins_and_lets_go(site: Site) -> None:
    """A restart with another environment is an event for each setting; a wrong value has no effect."""
    site.stop()
    site.environment |= {"SPOOF_PROTECTION": "1", "ENABLE_RSPAMD": "perhaps", "UNRELATED": "x"}
    site.start()
    assert site.daemon.intake.state.settings.spoof_protection
    assert any("ENABLE_RSPAMD" in line for line in site.daemon.complaints)
    site.stop()
    del site.environment["SPOOF_PROTECTION"]
    site.start()
    kinds = [entry["kind"] for entry in site.ask("history", subject="SPOOF_PROTECTION")["entries"]]
    assert kinds == ["setting.pinned", "setting.unpinned"]
    site.must_agree()


def test_a_name_that_git_cannot_hold_is_refused_alone(site: Site) -> None:
    """A config volume that is a git repository itself is taken over without its `.git`."""
    refused = _volume(
        site,
        _edit(".git/config", b"[core]\n"),
        _edit("caf\udce9.cf", b"x\n"),
        _edit("postfix-virtual.cf", b"info@example.test user1@example.test\n"),
    )
    assert [each["path"] for each in refused] == [".git/config", "caf\\udce9.cf"]
    assert "info@example.test" in site.daemon.intake.state.desired.aliases
    site.must_agree()


def test_emptied_accounts_are_refused_with_a_way_back(site: Site) -> None:
    """Who edits the volume has no push option: the cure says how the file comes back, and that works."""
    for name in ("a", "b"):
        site.add(f"{name}@example.test")
    assert _volume(site, _edit("dovecot-quotas.cf", b"a@example.test:1G\n")) == []
    base = _main(site, ACCOUNTS)
    (refused,) = _volume(site, _edit(ACCOUNTS, b"", base))
    assert "this would remove 2 of 2 accounts" in refused["reason"]
    assert "delete the file from the config volume: it is written again" in refused["reason"]
    (refused,) = _volume(site, _edit(ACCOUNTS, None, base))
    assert "delete the file" not in refused["reason"]
    assert _main(site, ACCOUNTS) == base


@pytest.mark.parametrize(
    ("name", "line", "noun"),
    [
        ("postfix-virtual.cf", "x{0}@example.test a@example.test\n", "aliases"),
        ("dovecot-quotas.cf", "{0}@example.test:1G\n", "quotas"),
        ("postfix-relaymap.cf", "@{0}.test [relay.test]:25\n", "relay hosts"),
    ],
)
def test_other_emptied_files_are_refused_too(site: Site, name: str, line: str, noun: str) -> None:
    """A file of the volume that was cut to nothing takes no aliases, quotas or relay hosts along."""
    for one in ("a", "b"):
        site.add(f"{one}@example.test")
    base = (
        _main(site, name)
        if f"config/{name}" in site.git("ls-tree", "-r", "main", cwd=site.repository).stdout
        else b""
    )
    assert _volume(site, _edit(name, base + "".join(map(line.format, "ab")).encode(), base)) == []
    full = _main(site, name)
    (refused,) = _volume(site, _edit(name, b"", full))
    assert f"this would remove 2 of 2 {noun}" in refused["reason"]
    assert "delete the file from the config volume: it is written again" in refused["reason"]
    assert _main(site, name) == full


def test_the_daemons_checkers_judge_edits_too(site: Site) -> None:
    """What Dovecot would refuse stays an edit of the volume; accounts do not wait for it."""
    assert site.agent is not None
    site.agent.complaints = [
        {"service": "dovecot", "path": "etc/dovecot/local.conf", "line": 1, "message": "Unknown setting: x"}
    ]
    added = f"late@example.test|{HASH}\n".encode()
    refused = _volume(site, _edit("dovecot.cf", b"x = 1\n"), _edit(ACCOUNTS, added))
    assert [each["path"] for each in refused] == ["dovecot.cf"]
    assert "Unknown setting: x" in refused[0]["reason"]
    assert "late@example.test" in site.daemon.intake.state.desired.accounts
    assert "dovecot.cf" not in site.daemon.intake.state.desired.overrides
    site.agent.complaints = []
    assert not _volume(site, _edit("dovecot.cf", b"mail_debug = yes\n"))
    site.must_agree()


def test_a_refused_secret_leaves_no_object(site: Site) -> None:
    """Not even one that no commit holds: backups of the volume would have it."""
    lines = b"@a.com user SEKRET01\n"
    (refused,) = _volume(site, _edit("postfix-sasl-password.cf", lines))
    assert refused["path"] == "postfix-sasl-password.cf"
    loose = [zlib.decompress(path.read_bytes()) for path in site.repository.glob("objects/??/*")]
    assert loose
    assert not any(b"SEKRET01" in content for content in loose)
    site.must_agree()


def test_outcomes_name_the_position_of_their_release(site: Site) -> None:
    """What a release was rendered from stands in its outcome, so that it need not be asked of `rendered`."""
    made = site.add("a@x.test")
    site.settle()
    assert site.daemon.intake.stores.log.read(made["position"] + 1).events[0].position == made["position"]  # type: ignore[attr-defined]


def test_one_name_is_no_file_and_folder_at_once(site: Site) -> None:
    """A file below what is a file on main, or in the place of a folder, is refused; nothing of main goes."""
    assert _volume(site, _edit("one", b"1\n"), _edit("two/deep", b"2\n")) == []
    refused = _volume(site, _edit("one/own", b"x\n"), _edit("two", b"y\n"))
    assert sorted(row["path"] for row in refused) == ["one/own", "two"]
    assert all("one name is a file or a folder" in row["reason"] for row in refused)
    assert (_main(site, "one"), _main(site, "two/deep")) == (b"1\n", b"2\n")
    assert _volume(site, _edit("one", None, b"1\n"), _edit("one/own", b"x\n")) == []
    assert _main(site, "one/own") == b"x\n"
    site.must_agree()


@pytest.mark.parametrize("node", ["", "mx2"])
@pytest.mark.parametrize("op", ["hello", "certificate", "volume", "outcomes", "drift"])
def test_a_stranger_reports_nothing(site: Site, op: str, node: str) -> None:
    """An agent that names no node, or one that is not ours, is refused before anything is recorded."""
    position = site.daemon.intake.position
    with pytest.raises(UsageError, match="node"):
        site.ask(f"agent.{op}", node=node)
    assert site.daemon.intake.position == position
