"""What is held is named as finely as the log has events: a bad setting is held, good ones beside it serve."""

from __future__ import annotations

from typing import Any

import pytest

from controlplane.cli.text.status import status_lines
from tests.daemon.site import Site

LIMIT = "POSTFIX_MESSAGE_SIZE_LIMIT"


class Node:
    """Fails as long as some text stands in a file of `main`, and holds one rendered file from then on."""

    def __init__(self, site: Site, path: str, word: bytes, rendered: str, service: str) -> None:
        self.site, self.path, self.word = site, path, word
        self.rendered, self.service = rendered, service
        assert site.daemon.intake.release
        self.serving = site.daemon.intake.release
        self.row: dict[str, Any] = {}
        assert site.agent
        site.agent.fail = self.answer

    def answer(self, request: dict[str, Any]) -> dict[str, Any] | None:
        """Rolled back first, then applied without what is held; all is well once the text is gone."""
        site = self.site
        if self.word not in site.daemon.intake.stores.repo.file(site.daemon.intake.main, self.path):
            return None
        assert site.agent
        if self.row:
            site.agent.applied = request["number"]
            return {"outcome": "applied", "serving": request["number"], "held": [self.row], "reason": ""}
        failed = {"service": self.service, "reason": "it broke", "path": "", "line": 0}
        self.row = failed | {
            "commit": request["release"],
            "number": request["number"],
            "serving": self.serving.number,
            "serving_commit": self.serving.commit,
            "digest": "x",
            "files": {self.rendered: "d"},
            "services": {},
            "facts": {},
        }
        serves = {"serving": self.serving.number, "serving_commit": self.serving.commit}
        return {"outcome": "rolled_back", "held": [self.row], **failed, **serves}


def change(site: Site, path: str, text: str) -> int:
    """Add to a file by a push; returns the position that it got."""
    before = site.daemon.intake.position
    clone = site.clone(f"clone{before}")
    done = clone.change(path, text)
    assert done.returncode == 0, done.stderr
    site.settle()
    log = site.daemon.intake.stores.log
    return next(n for n in range(before + 1, site.daemon.intake.position + 1) if log.read(n).source == "push")


def outcomes(site: Site, *positions: int) -> list[str]:
    """What the log says became of change sets."""
    rows = site.ask("log", limit=100)["entries"]
    return [next(e["outcome"] for e in rows if e["position"] == position) for position in positions]


def test_a_bad_setting_holds_its_own_name(site: Site) -> None:
    """Later good settings of the same file are live, in the log and in what is shown for a time."""
    site.add("user@example.test")
    node = Node(site, "mailserver.env", b"=7654321", "etc/postfix/main.cf", "postfix")
    bad = change(site, "mailserver.env", f"{LIMIT}=7654321\n")
    good = change(site, "mailserver.env", "LOG_LEVEL=debug\n")
    site.add("second@example.test")
    site.settle()
    assert outcomes(site, bad, good) == ["rolled_back", "served"]
    held = site.daemon.delivery.held.parts
    assert [part.files for part in held] == [(f"mailserver.env:{LIMIT}",)]
    assert held[0].position == bad
    assert held[0].origin.startswith("mailserver.env:")
    shown = site.ask("show", live=True, at="")
    assert shown["held"] == [f"mailserver.env:{LIMIT}"]
    assert (shown["settings"].get(LIMIT), shown["settings"]["LOG_LEVEL"]) == (None, "debug")
    assert node.row


@pytest.mark.parametrize(
    ("path", "rendered", "bad", "good"),
    [
        ("config/postfix-virtual.cf", "etc/postfix/virtual", "bad@example.test", "good@example.test"),
        ("config/postfix-regexp.cf", "etc/postfix/regexp", "/^bad@x/", "/^good@x/"),
    ],
)
def test_entries_of_a_table_wait_by_name(site: Site, path: str, rendered: str, bad: str, good: str) -> None:
    """What was there before goes on to serve, and the first that failed is to blame."""
    site.add("user@example.test")
    before = bad.replace("bad", "old")
    change(site, path, f"{before} user@example.test\n")
    Node(site, path, bad.encode(), rendered, "postfix")
    blamed = change(site, path, f"{bad} user@example.test\n")
    site.add("second@example.test")
    site.settle()
    (part,) = site.daemon.delivery.held.parts
    assert part.files == (f"{path}:{bad}",)
    assert part.position == blamed
    shown = site.ask("show", live=True, at="")
    there = {row.get("alias") or row.get("pattern") for row in (*shown["aliases"], *shown["regexps"])}
    assert (before in there, bad in there) == (True, False)
    assert "second@example.test" in shown["accounts"]
    assert good not in there


def test_advice_names_no_good_change(site: Site) -> None:
    """Where several change sets failed as one and nothing leads to a line, the guess is left out."""
    site.add("user@example.test")
    Node(site, "mailserver.env", b"=7654321", "etc/postfix/main.cf", "")
    assert site.agent
    site.ask("suspend")
    site.agent.answers["apply"] = lambda: {"outcome": "suspended"}
    change(site, "mailserver.env", f"{LIMIT}=7654321\n")
    site.add("second@example.test")
    del site.agent.answers["apply"]
    site.ask("resume")
    site.settle()
    site.add("third@example.test")
    site.settle()
    (part,) = site.daemon.delivery.held.parts
    log = site.daemon.intake.stores.log
    blamed = log.read(part.position).events[0].kind if part.position else ""
    assert blamed in ("", "setting.changed")
    text = "\n".join(status_lines({"held": [part.as_dict()]}))
    assert "is held" in text


def test_a_node_that_forgot_what_is_held_gets_a_release_without_it(site: Site) -> None:
    """The last that served wholly: what is applied has the bad content, and nobody knows what was instead."""
    site.add("user@example.test")
    site.settle()
    Node(site, "mailserver.env", b"=7654321", "etc/postfix/main.cf", "postfix")
    assert site.daemon.intake.release
    whole = site.daemon.intake.release.number
    change(site, "mailserver.env", f"{LIMIT}=7654321\n")
    site.add("second@example.test")
    site.settle()
    assert site.daemon.intake.state.status.held
    answer = site.ask("agent.hello", node="mail", applied_commit="")
    assert answer["applied"]["number"] == whole
    assert answer["number"] > whole
