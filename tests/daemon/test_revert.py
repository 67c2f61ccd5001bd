"""Single change sets are reverted: their effect goes, what came later stays, conflicts are reported."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from controlplane.errors import NotFound, UsageError
from controlplane.secrets import RECIPIENT
from tests.daemon.site import HASH, Site
from tests.daemon.test_rollback import ACCOUNTS, ENV, USER, VIRTUAL, back, push, refusal, text

OTHER = "{SHA512-CRYPT}$6$def$" + "y" * 86


def revert(site: Site, *positions: int, **more: Any) -> dict[str, Any]:
    """Take these change sets back."""
    return site.ask("revert", positions=[str(position) for position in positions], **more)


FILES: dict[str, tuple[str, str, str]] = {
    "account": (ACCOUNTS, f"{USER}|{HASH}\n", f"{USER}|{OTHER}|a=b\n"),
    "alias": (VIRTUAL, f"info@example.test {USER}\n", "info@example.test other@example.test\n"),
    "expression": ("config/postfix-regexp.cf", f"/^a@/ {USER}\n", f"/^a@/ {USER}\n/^b@/ {USER}\n"),
    "setting": (ENV, "SPOOF_PROTECTION=0\n", "SPOOF_PROTECTION=1\n"),
    "quota": ("config/dovecot-quotas.cf", f"{USER}:5M\n", f"{USER}:6M\n"),
    "master": ("config/dovecot-masters.cf", f"boss|{HASH}\n", f"boss|{OTHER}\n"),
    "relay": ("config/postfix-relaymap.cf", "@example.test [a.test]:25\n", "@example.test [b.test]:25\n"),
    "access": ("config/postfix-send-access.cf", f"{USER} REJECT\n", f"{USER} DISCARD\n"),
    "receive": ("config/postfix-receive-access.cf", f"{USER} REJECT\n", f"{USER} DISCARD\n"),
    "override": ("config/dovecot.cf", "mail_max_userip_connections = 5\n", "mail_debug = yes\n"),
}


@pytest.mark.parametrize("noun", FILES)
@pytest.mark.parametrize("how", ["added", "changed", "removed"])
def test_every_kind_of_change_can_be_taken_back(site: Site, noun: str, how: str) -> None:
    """Added, changed or removed: it is as before, a later change elsewhere stays, and so do comments."""
    path, one, two = FILES[noun]
    site.add("keeper@example.test")
    clone = site.clone()
    first = {"added": "", "changed": one, "removed": one}[how]
    clone.append(path, f"# a remark\n{first}")
    clone.append("config/extra.txt", "x")
    push(clone)
    before = site.daemon.intake.state.desired
    clone.write(path, (clone.path / path).read_text().removesuffix(first) + {"removed": ""}.get(how, two))
    position = push(clone)
    assert site.daemon.intake.state.desired != before
    site.add("later@example.test")
    change = revert(site, position, allow_mass_delete=True)
    after = site.daemon.intake.state.desired
    assert after.accounts.keys() == before.accounts.keys() | {"later@example.test"}
    assert (
        replace(after, accounts={address: after.accounts[address] for address in before.accounts}) == before
    )
    assert text(site, path).count("# a remark\n") == 1
    entry = site.ask("log", filters={}, limit=50)["entries"]
    made = [each for each in entry if each["position"] == change["position"]]
    assert {each["source"] for each in made} == {"revert"}
    site.must_agree()


def test_an_account_comes_back_with_its_password_and_its_place(site: Site) -> None:
    """The hash comes from the log; the file has its previous order."""
    clone = site.clone()
    clone.write(ACCOUNTS, f"a@example.test|{HASH}\nb@example.test|{OTHER}|x=y\nc@example.test|{HASH}\n")
    clone.write("config/dovecot-quotas.cf", "b@example.test:5M\n")
    push(clone)
    removed = site.ask("edit", command="account.remove", addresses=["b@example.test"])["position"]
    site.add("d@example.test")
    revert(site, removed)
    desired = site.daemon.intake.state.desired
    assert list(desired.accounts) == [f"{name}@example.test" for name in "abcd"]
    assert desired.accounts["b@example.test"].password_hash == OTHER
    assert desired.quotas == {"b@example.test": "5M"}
    site.must_agree()


def test_a_later_change_of_the_same_thing_is_in_the_way(site: Site) -> None:
    """The conflict is reported at its line, with its author and the command that reverts both."""
    clone = site.clone()
    clone.append(VIRTUAL, f"info@example.test {USER}\n")
    clone.write("config/dovecot-quotas.cf", f"{USER}:5M\n")
    clone.append(ACCOUNTS, f"{USER}|{HASH}\n")
    push(clone)
    clone.write("config/dovecot-quotas.cf", f"{USER}:6M\n")
    first = push(clone)
    second = site.ask("edit", command="quota.set", address=USER, size="7M", reason="he asked")["position"]
    (problem,) = refusal(site, "revert", positions=[str(first)])
    assert (problem.path, problem.line) == ("config/dovecot-quotas.cf", 1)
    assert f'changed again by change set {second} (root, "he asked")' in problem.message
    assert f"mailctl revert {second} {first}" in problem.cure
    revert(site, first, second)
    assert site.daemon.intake.state.desired.quotas == {USER: "5M"}
    site.must_agree()


def test_what_was_taken_back_is_told_so(site: Site) -> None:
    """Once more changes nothing; a revert can itself be reverted."""
    position = site.add(USER)["position"]
    site.add("user2@example.test")
    undone = revert(site, position)["position"]
    again = revert(site, position)
    assert again["position"] == 0
    assert again["notes"] == [f"change set {position} is undone already, by change set {undone}"]
    revert(site, undone)
    assert list(site.daemon.intake.state.desired.accounts) == [USER, "user2@example.test"]


def test_two_targets_of_one_alias_are_two_things(site: Site) -> None:
    """One goes, the other one that came later stays."""
    site.add(USER)
    first = site.ask("edit", command="alias.add", alias="info@example.test", target=USER)["position"]
    site.ask("edit", command="alias.add", alias="info@example.test", target="x@other.test")
    revert(site, first)
    assert site.daemon.intake.state.desired.aliases["info@example.test"].targets == ("x@other.test",)


def test_other_lines_of_a_file_stay(site: Site) -> None:
    """A verbatim file is merged; where the same lines were changed again it is refused."""
    clone, path = site.clone(), "config/dovecot.cf"
    lines = [f"# {n}\n" for n in range(20)]
    clone.write(path, "".join(lines))
    push(clone)
    clone.write(path, "".join(["mail_debug = yes\n", *lines]))
    position = push(clone)
    clone.write(path, "".join(["mail_debug = yes\n", *lines, "auth_debug = yes\n"]))
    push(clone)
    revert(site, position)
    assert text(site, path) == "".join([*lines, "auth_debug = yes\n"])
    back(clone)
    clone.write(path, "one = 1\n")
    mine = push(clone)
    clone.write(path, "one = 2\n")
    push(clone)
    (problem,) = refusal(site, "revert", positions=[str(mine)])
    assert problem.path == path


def test_reports_and_nonsense_are_refused(site: Site) -> None:
    """Neither the agent's reports nor a change set that does not exist can be reverted."""
    site.add(USER)
    site.settle()
    report = site.daemon.intake.position
    (problem,) = refusal(site, "revert", positions=[str(report)])
    assert "is a report of the server (release.applied)" in problem.message
    for wrong in (["x"], [], ["-1"], "3", ["3.0"]):
        with pytest.raises(UsageError):
            site.ask("revert", positions=wrong)
    for unknown in ("0", "99999"):
        with pytest.raises(NotFound):
            site.ask("revert", positions=[unknown])


def test_it_is_guarded_and_quick_at_ten_thousand_accounts(site: Site) -> None:
    """An import is not taken back unasked; a small change among ten thousand takes seconds."""
    clone = site.clone()
    clone.write(ACCOUNTS, "".join(f"user{n}@example.test|{HASH}\n" for n in range(10_000)))
    all_of_them = push(clone)
    position = site.ask("edit", command="account.remove", addresses=[USER])["position"]
    site.add("later@example.test")
    begun = time.monotonic()
    revert(site, position)
    assert time.monotonic() - begun < 8
    assert USER in site.daemon.intake.state.desired.accounts
    (problem,) = refusal(site, "revert", positions=[str(all_of_them)])
    assert problem.message == "this would remove 10,000 of 10,001 accounts"


def test_a_plan_is_shown_first(site: Site) -> None:
    """The dry run says whose change goes, and changes nothing."""
    position = site.ask("edit", command="setting.set", name="SPOOF_PROTECTION", value="1", reason="a try")[
        "position"
    ]
    planned = revert(site, position, dry_run=True)
    assert planned["title"].splitlines()[0] == "► taken back, as a new change set:"
    assert f"  {position}  " in planned["title"]
    assert '"a try"' in planned["title"]
    assert "setting.changed" in planned["text"][0]
    assert site.daemon.intake.state.desired.settings["SPOOF_PROTECTION"] == "1"


def test_the_recipient_of_secrets_is_never_taken_back(site: Site) -> None:
    """It is the server's own: without it nobody could seal for it."""
    site.add(USER)
    first = next(p for p in range(1, 9) if _changes(site, p, "override.changed"))
    recipient = text(site, RECIPIENT)
    revert(site, first, allow_mass_delete=True)
    assert text(site, RECIPIENT) == recipient
    site.must_agree()


def _changes(site: Site, position: int, kind: str) -> bool:
    return any(event.kind == kind for event in site.daemon.intake.stores.log.read(position).events)
