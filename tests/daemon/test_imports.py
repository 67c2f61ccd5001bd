"""An import through the daemon: one change set, or nothing."""

from __future__ import annotations

import base64
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from controlplane.daemon import embedded
from controlplane.daemon.run import Places
from tests.daemon.site import HASH, ROOT, Site

KEY = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n"
OLD = {
    "postfix-accounts.cf": f"ada@example.test|{HASH}\nbob@example.test|{HASH}\n",
    "postfix-virtual.cf": "info@example.test ada@example.test\n",
    "postfix-main.cf": "bounce_queue_lifetime = 3d\n",
    "postfix-sasl-password.cf": "@example.test us:hunter2\n",
    "opendkim/keys/example.test/mail.private": KEY,
    "notes.txt": "nobody reads this\n",
}
ENV = "# ours\nENABLE_RSPAMD=0\nENABLE_AMAVIS=1\nRELAY_PASSWORD=swordfish\nONE_DIR=1\n"


def encoded(text: str) -> str:
    """As the control socket takes bytes."""
    return base64.b64encode(text.encode()).decode()


def wanted(files: dict[str, str], env: str | None = None, **options: Any) -> dict[str, Any]:
    """The request of an import."""
    tree = {path: {"content": encoded(text), "mode": 0o100644} for path, text in files.items()}
    return {
        "op": "import",
        "actor": "root",
        "files": tree,
        **({"env": encoded(env)} if env else {}),
        **options,
    }


def ask(site: Site, *arguments: Any, **options: Any) -> dict[str, Any]:
    """Import on a running site."""
    request = wanted(*arguments, **options)
    return site.ask(request.pop("op"), **request)


def test_everything_comes_in_one_change_set(site: Site) -> None:
    """Accounts, aliases, settings and files are there, with who and why, and log, main and rendered agree."""
    found = ask(site, OLD, ENV, reason="Moving house")
    assert found["problems"] == []
    assert found["outcome"]["outcome"] == "applied"
    desired = site.daemon.intake.state.desired
    assert list(desired.accounts) == ["ada@example.test", "bob@example.test"]
    assert desired.settings["ENABLE_AMAVIS"] == "1"
    assert set(desired.overrides) >= {
        "postfix-main.cf",
        "opendkim/keys/example.test/mail.private",
        "notes.txt",
    }
    entries = site.ask("log", filters={"source": "import", "text": "Moving house"})["entries"]
    assert {entry["position"] for entry in entries} == {found["position"]}
    assert {entry["actor"] for entry in entries} == {"root"}
    states = {item["name"]: item["support"] for item in (*found["files"], *found["settings"])}
    assert states["config/postfix-main.cf"] == "supported"
    assert states["config/notes.txt"] == "unknown"
    assert states["ENABLE_AMAVIS"] == "later"
    assert states["ONE_DIR"] == "unknown"
    site.must_agree()


@pytest.mark.parametrize("secret", ["hunter2", "swordfish", "MIIB"])
def test_no_secret_is_in_any_object(site: Site, secret: str) -> None:
    """Not on main, not in the log, not rendered."""
    assert ask(site, OLD, ENV)["position"]
    command = ["git", "--git-dir", str(site.repository), "cat-file", "--batch-all-objects", "--batch"]
    everything = subprocess.run(command, capture_output=True, check=True, timeout=60).stdout
    assert b"info@example.test" in everything
    assert secret.encode() not in everything


def test_one_mistake_refuses_all_and_all_are_told(site: Site) -> None:
    """Each with file and line; nothing of the rest is taken."""
    before = site.daemon.intake.main
    wrong = {
        **OLD,
        "postfix-virtual.cf": "ok@example.test ada@example.test\nx@example.test not an address@@\n",
    }
    found = ask(site, wrong, "ENABLE_RSPAMD=0\nENABLE_POP3=maybe\n")
    told = [("mailserver.env", 2), ("config/postfix-virtual.cf", 2)]
    assert [(p["path"], p["line"]) for p in found["problems"]] == told
    found = ask(site, wrong, ENV)
    assert [(p["path"], p["line"]) for p in found["problems"]] == [("config/postfix-virtual.cf", 2)]
    assert found["text"] == []
    assert site.daemon.intake.main == before
    assert not site.daemon.intake.state.desired.accounts


CONFLICT = "<<<<<<< HEAD\n{a}\n=======\n{b}\n>>>>>>> topic\n"


def test_what_spoils_a_file_is_told_once_and_hides_nothing(site: Site) -> None:
    """A conflict, a page, other encodings: by their causes, beside every other problem of the import."""
    assert ask(site, OLD)["position"]  # main has another file of the name
    found = ask(
        site,
        {
            "postfix-virtual.cf": CONFLICT.format(a="x@example.test y@y.test", b="x@example.test z@z.test"),
            "postfix-accounts.cf": "ada@example.test|{PLAIN}hunter2\n",
            "dovecot-quotas.cf": "ada@example.test:5X\n",
            "before.dovecot.sieve": "<!DOCTYPE html>\n<html>\n",
        },
        CONFLICT.format(a="ENABLE_POP3=1", b="ENABLE_POP3=0"),
    )
    told = {(problem["path"], problem["line"]): problem["message"] for problem in found["problems"]}
    assert len(told) == len(found["problems"]) == 5
    assert "merge conflict" in told["config/postfix-virtual.cf", 1]
    assert "clear text" in told["config/postfix-accounts.cf", 1]
    assert "is not a unit" in told["config/dovecot-quotas.cf", 1]
    assert "page of the web" in told["config/before.dovecot.sieve", 1]
    assert "merge conflict" in told["mailserver.env", 1]


def test_settings_in_another_encoding_are_told_by_it(site: Site) -> None:
    """As PowerShell writes them."""
    request = wanted({})
    request["env"] = base64.b64encode("ENABLE_POP3=1\r\n".encode("utf-16")).decode()
    (problem,) = site.ask(request.pop("op"), **request)["problems"]
    assert "UTF-16" in problem["message"]


def test_what_the_daemons_refuse_is_refused(site: Site) -> None:
    """Their own checkers take part, as for a push."""
    assert site.agent is not None
    site.agent.complaints = [
        {"service": "postfix", "path": "etc/postfix/main.cf", "line": 0, "message": "unused parameter"}
    ]
    found = ask(site, OLD)
    assert "unused parameter" in found["problems"][0]["message"]
    assert not site.daemon.intake.state.desired.accounts


def test_a_dry_run_changes_nothing(site: Site) -> None:
    """The report and the plan are those of the import."""
    before = site.daemon.intake.main
    found = ask(site, OLD, ENV, dry_run=True)
    assert found["plan"]["add"] == 3
    assert any("account.added" in line for line in found["text"])
    assert site.daemon.intake.main == before


def test_a_second_import_finds_all_there(site: Site) -> None:
    """Also what was sealed."""
    ask(site, OLD, ENV)
    before = site.daemon.intake.main
    again = ask(site, OLD, ENV)
    assert again["position"] == 0
    assert {item["done"] for item in again["files"]} == {"same"}
    assert site.daemon.intake.main == before


def test_accounts_made_before_stay(site: Site) -> None:
    """Those who tried the server first lose nothing by the import."""
    site.add("first@example.test")
    assert ask(site, OLD)["problems"] == []
    assert list(site.daemon.intake.state.desired.accounts) == [
        "first@example.test",
        "ada@example.test",
        "bob@example.test",
    ]
    site.must_agree()


def test_five_thousand_accounts_are_quick(site: Site) -> None:
    """In seconds, not minutes, also on a machine that is busy."""
    many = "".join(f"user{number}@example.test|{HASH}\n" for number in range(5000))
    begun = time.monotonic()
    found = ask(site, {"postfix-accounts.cf": many})
    assert found["problems"] == []
    assert time.monotonic() - begun < 20
    assert len(site.daemon.intake.state.desired.accounts) == 5000


def test_a_one_off_container_may_fill_a_new_volume(tmp_path: Path) -> None:
    """Without any daemon: the server that starts on the volume later has everything."""
    places = Places(
        root=tmp_path, agent=tmp_path / "no", hooks=ROOT / "hooks", template=ROOT / "state-repo-template"
    )
    said: list[str] = []
    found = embedded.call(wanted(OLD, ENV), said.append, {}, places, tmp_path / "none")
    assert found["problems"] == []
    assert found["position"]
    assert "goes with this container" in said[0]
    shown = embedded.call({"op": "show"}, said.append, {}, places, tmp_path / "none")
    assert shown["accounts"] == ["ada@example.test", "bob@example.test"]


def test_an_import_does_not_replace_most_accounts_unasked(site: Site) -> None:
    """The folder of another server with --replace would remove ours: refused, or said to be meant."""
    ask(site, {"postfix-accounts.cf": "".join(f"user{n}@example.test|{HASH}\n" for n in range(9))})
    other = {"postfix-accounts.cf": "else@other.test|{SHA512-CRYPT}$6$other$x\n"}
    found = ask(site, other, replace=True)
    assert found["problems"][0]["message"] == "this would remove 9 of 9 accounts"
    assert "--allow-mass-delete" in found["problems"][0]["cure"]
    assert len(site.daemon.intake.state.desired.accounts) == 9
    assert ask(site, other, replace=True, allow_mass_delete=True)["problems"] == []
    assert list(site.daemon.intake.state.desired.accounts) == ["else@other.test"]


def test_a_secret_without_a_place_refuses_an_import(site: Site) -> None:
    """With the line and where it belongs instead; not as a file that cannot be sealed."""
    found = ask(site, {"postfix-main.cf": "\nsmtp_sasl_password_maps = static:us:hunter2\n"})
    (problem,) = found["problems"]
    assert (problem["path"], problem["line"]) == ("config/postfix-main.cf", 2)
    assert "postfix-sasl-password.cf" in problem["cure"]
    assert "hunter2" not in f"{found}"


def test_a_folder_without_settings_gets_the_documented_defaults(unapplied_site: Site) -> None:
    """Before anything is served; a server that runs keeps what it has."""
    found = ask(unapplied_site, {"postfix-accounts.cf": f"ada@example.test|{HASH}\n"}, wait=False)
    assert found["problems"] == []
    assert found["files"][-1]["name"] == "mailserver.env"
    assert "documented defaults" in found["files"][-1]["note"]
    settings = unapplied_site.daemon.intake.state.settings
    assert (settings.ssl_type, settings.enable_rspamd) == ("", False)
    unapplied_site.must_agree()


def test_a_server_that_runs_keeps_its_settings(site: Site) -> None:
    """A folder without settings says nothing of them."""
    ask(site, {"postfix-accounts.cf": f"ada@example.test|{HASH}\n"})
    assert site.daemon.intake.state.settings.ssl_type == "self-signed"
