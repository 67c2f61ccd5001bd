"""What became of 200 changes of which some were rolled back and some were overridden before they served."""

from __future__ import annotations

import base64
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from controlplane.errors import MailserverError
from tests.daemon.site import Site

BAD = b"bad_setting = yes\n"
CHANGES = 200


@dataclass
class Told:
    """A change as it was made: what it was about, and what it came to."""

    position: int
    subject: str
    outcome: str = "pending"
    overridden: bool = False


@dataclass
class Recording:
    """Makes changes one by one, and writes down what the fake agent served after each."""

    site: Site
    told: list[Told] = field(default_factory=list)
    wanted: dict[int, dict[str, Any]] = field(default_factory=dict)
    served: dict[int, dict[str, Any]] = field(default_factory=dict)
    """What was wanted, and what served, after everything that followed from a change, by position."""
    trees: dict[int, dict[str, Any]] = field(default_factory=dict)
    """What each release says."""
    suspended: bool = False

    def change(self, subject: str, **arguments: Any) -> None:
        """Make one change, let it come to its end, and write down what is so then."""
        found = self.site.ask("edit", source="setup", wait=False, **arguments)
        self.came(found["position"], subject)

    def override(self, content: bytes) -> None:
        """Write postfix-main.cf on the config volume."""
        intake = self.site.daemon.intake
        known = intake.state.desired.overrides.get("postfix-main.cf")
        row = {"path": "postfix-main.cf", "content": base64.b64encode(content).decode()}
        self.site.ask("agent.volume", changes=[row | {"base": known.blob if known else ""}])
        position = next(
            e["position"] for e in reversed(self.site.ask("history", subject="postfix-main.cf")["entries"])
        )
        self.came(position, "postfix-main.cf")

    def came(self, position: int, subject: str) -> None:
        """Note what a change means to those before it, and what served once it was through."""
        for older in self.told:
            older.overridden |= older.subject == subject
        self.told.append(Told(position, subject))
        release = self.site.daemon.intake.release
        assert release is not None
        self.trees[release.number] = self.wanted_now()
        self.site.settle()
        self.judge()
        now = self.site.daemon.intake.position
        self.wanted[now] = self.wanted_now()
        agent = self.site.agent
        assert agent is not None
        self.served[now] = self.trees[agent.applied]

    def judge(self) -> None:
        """Say by what the agent did what became of the changes that had come to nothing yet."""
        bad = self.is_bad()
        for one in self.told:
            if one.outcome == "served":
                continue
            if not self.suspended and not one.overridden and not bad:
                one.outcome = "served"
            elif not self.suspended and not one.overridden and one.outcome == "pending":
                one.outcome = "rolled_back"
            elif one.overridden and one.outcome == "pending":
                one.outcome = "superseded"

    def fail(self, request: dict[str, Any]) -> dict[str, Any] | None:
        """What the agent says of a release that does not come to serve."""
        del request
        if self.suspended:
            return {"outcome": "suspended"}
        return {"outcome": "rolled_back", "reason": "postfix: bad"} if self.is_bad() else None

    def is_bad(self) -> bool:
        """Whether what `main` says breaks a service."""
        found = self.site.daemon.intake.state.desired.overrides.get("postfix-main.cf")
        return found is not None and found.content == BAD

    def wanted_now(self) -> dict[str, Any]:
        """The parts of `show` that these changes are about."""
        desired = self.site.daemon.intake.state.desired
        return {
            "aliases": [{"alias": a.source, "targets": list(a.targets)} for a in desired.aliases.values()],
            "overrides": [
                {"path": o.path, "bytes": len(o.content), "blob": o.blob} for o in desired.overrides.values()
            ],
        }


def live(recording: Recording) -> None:
    """Two hundred changes: now and then a bad file, and a while in which releases are held back."""
    ask = recording.site.ask
    box = {"alias": "box@example.test", "target": "root@example.test"}
    for number in range(CHANGES):
        match number % 20:
            case 3:
                recording.override(BAD)
            case 5:
                recording.override(b"message_size_limit = %d000000\n" % number)
            case 10:
                ask("suspend")
                recording.suspended = True
                recording.change(box["alias"], command="alias.add", **box)
            case 11:
                recording.change(box["alias"], command="alias.remove", **box)
            case turn:
                if turn == 12:
                    recording.suspended = False
                    ask("resume")
                name = f"n{number}@example.test"
                recording.change(name, command="alias.add", alias=name, target="a@example.test")


def test_log_history_and_json_are_right_about_every_change(site: Site) -> None:
    """Of 200 changes 20 and more never served: each has its own outcome and the time of it."""
    recording = Recording(site)
    agent = site.agent
    assert agent is not None
    agent.fail = recording.fail
    live(recording)
    assert len(recording.told) == CHANGES
    expected = {one.position: one.outcome for one in recording.told}
    assert sum(outcome != "served" for outcome in expected.values()) == 20

    entries = site.ask("log", filters={}, limit=100_000)["entries"]
    rows = {e["position"]: e for e in entries if e["position"] in expected}
    assert {position: row["outcome"] for position, row in rows.items()} == expected
    for row in rows.values():
        assert bool(row["live"]) == (row["outcome"] == "served")
        assert row["outcome_time"] >= row["time"]
        assert row["live"] in ("", row["outcome_time"])
    for one in recording.told[::9]:
        history = site.ask("history", subject=one.subject)["entries"]
        assert {e["position"]: e["outcome"] for e in history}[one.position] == one.outcome
    for outcome in ("rolled-back", "superseded", "served"):
        found = site.ask("log", filters={"outcome": [outcome]}, limit=100_000)["entries"]
        assert [e["position"] for e in found if e["position"] in expected] == [
            position for position, came in expected.items() if came == outcome.replace("-", "_")
        ]

    positions = list(recording.wanted)
    for position in positions[::4]:
        found = site.ask("show", at=str(position))
        assert {part: found[part] for part in recording.wanted[position]} == recording.wanted[position]
        found = site.ask("show", at=str(position), live=True)
        assert {part: found[part] for part in recording.served[position]} == recording.served[position]
    differ = [position for position in positions if recording.wanted[position] != recording.served[position]]
    assert set(differ) & set(positions[::4])


def test_nothing_is_live_before_the_first_release_serves(unapplied_site: Site) -> None:
    """An agent that never answered served nothing, and everything waits."""
    site = unapplied_site
    with suppress(MailserverError):
        site.add("ann@example.test", wait=False)
    found = site.ask("show", live=True)
    assert (found["release"], found["position"], found["accounts"]) == (0, 0, [])
    assert site.ask("show", live=True, at="1999-01-01") == found
    history = site.ask("history", subject="ann@example.test")["entries"]
    assert [(e["outcome"], e["live"]) for e in history] == [("pending", "")]
