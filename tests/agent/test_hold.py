"""What failed is held, and holds nothing else: kinds of bad content, and what becomes of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agent.apply.engine import Request
from agent.apply.recovery import recover, serve_applied
from agent.errors import Problem
from tests.agent.conftest import World, entry, git, make_world, restart_agent, sample

MAIN, VIRTUAL = "etc/postfix/main.cf", "etc/postfix/virtual"
DOVECOT, USERDB = "etc/dovecot/dovecot.conf", "etc/dovecot/userdb"
MASTER, MAP = "etc/postfix/master.cf", "etc/postfix/map"


@pytest.fixture
def broken(served: World) -> World:
    """A node that took back release 2, whose main.cf is deadly."""
    served.broken.add("deadly")
    assert served.apply(main="deadly\n")["outcome"] == "rolled_back"
    served.programs.calls.clear()
    return served


def follow(world: World, parent: Request, contents: dict[str, str], **manifest: Any) -> Request:
    """A release whose commit has the one before as its parent, as on `rendered`."""
    made = world.repository.release(contents, **manifest)
    tree = f"{made.commit}^{{tree}}"
    commit = git(world.repository.folder, "commit-tree", tree, "-p", parent.commit, stdin=b"Release\n")
    return replace(made, commit=commit)


def held(outcome: dict[str, Any]) -> list[str]:
    """The rendered files that an outcome says are held."""
    return sorted(path for row in outcome["held"] for path in row["files"])


@pytest.mark.parametrize(
    "good", [{"userdb": "new account\n"}, {"virtual": "alias\n"}, {"dovecot": "other\n"}]
)
def test_what_is_held_holds_nothing_else(broken: World, good: dict[str, str]) -> None:
    """An account, an alias, another service's configuration: live at once; the fault is not tried again."""
    outcome = broken.apply(main="deadly\n", **good)
    assert (outcome["outcome"], held(outcome), outcome["earlier"]) == ("applied", [MAIN], [])
    for path, text in sample(**good).items():
        assert broken.text(path) == text
    assert not [call for call in broken.programs.calls if "postfix" in call]
    assert broken.node.drifted(broken.node.release) == []
    row = outcome["held"][0]
    assert (row["number"], row["service"]) == (2, "postfix")
    assert "did not answer" in row["reason"]


def test_a_fix_is_tried_and_ends_it(broken: World) -> None:
    """Newer content of what is held is tried; when it serves nothing is held any more."""
    broken.apply(main="deadly\n", virtual="alias\n")
    outcome = broken.apply(main="mended\n", virtual="alias\n")
    assert (outcome["outcome"], outcome["held"]) == ("applied", [])
    assert (broken.text(MAIN), broken.node.applied.held) == ("mended\n", {})


def test_a_revert_ends_it(broken: World) -> None:
    """What serves already needs no action."""
    broken.apply(main="deadly\n", virtual="alias\n")
    outcome = broken.apply(virtual="alias\n")
    assert (outcome["outcome"], outcome["held"], outcome["actions"]) == ("applied", [], {})


def test_a_fix_that_is_bad_again_is_held_in_turn(broken: World) -> None:
    """It is tried once, what came with it serves, and the old fault stays known."""
    outcome = broken.apply(main="deadly too\n", virtual="alias\n")
    assert [each["outcome"] for each in outcome["earlier"]] == ["rolled_back"]
    assert (outcome["outcome"], held(outcome)) == ("applied", [MAIN])
    broken.programs.calls.clear()
    again = broken.apply(main="deadly\n", virtual="alias 2\n")
    assert (again["outcome"], broken.text(MAIN), broken.programs.calls) == ("applied", "main 1\n", [])


def test_two_services_are_held_at_once(broken: World) -> None:
    """Each by its own failure; data goes live beside both."""
    second = broken.apply(main="deadly\n", dovecot="deadly\n")
    assert (second["outcome"], second["service"]) == ("rolled_back", "dovecot")
    outcome = broken.apply(main="deadly\n", dovecot="deadly\n", userdb="account\n")
    assert (outcome["outcome"], held(outcome)) == ("applied", [DOVECOT, MAIN])
    assert broken.text(USERDB) == "account\n"
    reverted = broken.apply(dovecot="deadly\n", userdb="account\n")
    assert (reverted["outcome"], held(reverted), reverted["earlier"]) == ("applied", [DOVECOT], [])
    assert broken.node.journal.failure() is None
    last = broken.apply(userdb="account\n")
    assert (last["outcome"], last["held"]) == ("applied", [])


def test_configuration_of_one_change_is_held_together(served: World) -> None:
    """What came with the fault for another service would not fit what stays; a map that went is back."""
    served.broken.add("deadly")
    base = served.repository.release(sample() | {MAP: "map\n"}, files=rows(MAP))
    served.engine.apply(base)
    bad = sample(main="deadly\n", dovecot="fits deadly\n", userdb="account\n")
    first = follow(served, base, bad, files=rows())
    outcome = served.engine.apply(first)
    assert (outcome["outcome"], held(outcome)) == ("applied", [DOVECOT, MAIN, MAP])
    assert (served.text(DOVECOT), served.text(MAP), served.text(USERDB)) == (
        "dovecot 1\n",
        "map\n",
        "account\n",
    )


def test_accounts_of_another_owner_of_mail_are_held_with_it(served: World) -> None:
    """Dovecot takes no user whose id its configuration does not allow: nobody would be served."""
    served.broken.add("deadly")
    base = served.repository.release(sample(), mail_owner=[5000, 5000])
    served.engine.apply(base)
    changed = sample(dovecot="deadly\n", userdb="account 5001\n")
    outcome = served.engine.apply(follow(served, base, changed, mail_owner=[5001, 5000]))
    assert USERDB in held(outcome)
    assert served.text(USERDB) == sample()[USERDB]


def test_changes_of_one_release_are_told_apart(served: World) -> None:
    """What came to be one release while the agent was busy is held by change."""
    served.broken.add("deadly")
    base = served.repository.release(sample())
    served.engine.apply(base)
    first = follow(served, base, sample(main="deadly\n"))
    second = follow(served, first, sample(main="deadly\n", dovecot="good\n"))
    outcome = served.engine.apply(second)
    assert (outcome["outcome"], held(outcome), served.text(DOVECOT)) == ("applied", [MAIN], "good\n")
    assert [each["outcome"] for each in outcome["earlier"]] == ["rolled_back"]
    assert [each["outcome"] for each in served.node.journal.outcomes()][-2:] == ["rolled_back", "applied"]


def test_a_service_that_came_with_the_fault_does_not_start(served: World) -> None:
    """The services of a release are held with its files."""
    served.broken.add("deadly")
    services = {
        "postfix": {"programs": ["postfix"], "probes": [{"name": "postfix", "kind": "tcp", "port": 1}]}
    }
    outcome = served.engine.apply(
        served.repository.release(sample(main="deadly\n", userdb="account\n"), services=services)
    )
    assert outcome["outcome"] == "applied"
    assert "dovecot" in served.node.release.services


@pytest.mark.parametrize("kind", ["new container", "new agent", "killed before the outcome"])
def test_what_serves_in_its_place_outlives_a_start(broken: World, kind: str) -> None:
    """The same files, whatever is lost below /etc, and no drift."""
    outcome = broken.apply(main="deadly\n", virtual="alias\n")
    if kind == "new container":
        for path in sample():
            (broken.root / path).unlink()
    if kind == "killed before the outcome":
        broken.node.journal.open(
            {"id": outcome["id"], "phase": "applying", "commit": outcome["commit"], "number": 3, "main": "",
             "base": "", "actions": {}, "rows": []}
        )  # fmt: skip
    after = restart_agent(broken)
    assert (after.text(MAIN), after.text(VIRTUAL)) == ("main 1\n", "alias\n")
    assert after.node.drifted(after.node.release) == []
    assert held(after.engine.outcome("applied", Request("", 0))) == [MAIN]


def test_a_forgiven_fault_is_tried_and_held_again(broken: World) -> None:
    """A new start of the container tries all of it; while that fails the rest goes on to serve."""
    broken.apply(main="deadly\n", virtual="alias\n")
    request = Request(broken.node.applied.commit, 3)
    broken.node.journal.set_quarantine([])
    outcome = broken.engine.apply(request)
    assert (outcome["outcome"], outcome["serving"]) == ("rolled_back", 3)
    assert (broken.text(MAIN), broken.text(VIRTUAL)) == ("main 1\n", "alias\n")
    assert held(broken.engine.outcome("applied", request)) == [MAIN]
    broken.broken.clear()
    assert broken.engine.apply(replace(request, retry=True))["held"] == []
    assert (broken.text(MAIN), broken.node.journal.quarantine()) == ("deadly\n", [])


def test_what_a_checker_refuses_holds_nothing_else(served: World) -> None:
    """A push that was not checked: refused on the node, each time anew, while the rest goes live."""
    served.node.check = lambda _objects, _base, target: (
        [Problem("postfix", MAIN, 3, "unknown")] if target.files[MAIN].identity != good else []
    )
    good = served.node.release.files[MAIN].identity
    base = served.repository.release(sample())
    served.engine.apply(base)
    wrong = follow(served, base, sample(main="wrong\n"))
    assert served.engine.apply(wrong)["outcome"] == "rejected"
    good_one = follow(served, wrong, sample(main="wrong\n", dovecot="other\n"))
    outcome = served.engine.apply(good_one)
    assert (outcome["outcome"], held(outcome), served.text(DOVECOT)) == ("applied", [MAIN], "other\n")
    later = served.engine.apply(
        follow(served, good_one, sample(main="wrong\n", dovecot="other\n", virtual="x\n"))
    )
    assert (later["outcome"], later["earlier"], served.text(VIRTUAL)) == ("applied", [], "x\n")


def test_a_map_that_does_not_compile_holds_nothing_else(served: World) -> None:
    """The last good map serves, and accounts go live."""
    outcome = served.apply(virtual="uncompilable\n", userdb="account\n")
    assert (outcome["outcome"], held(outcome)) == ("applied", [VIRTUAL])
    assert (served.text(VIRTUAL), served.text(USERDB)) == ("virtual 1\n", "account\n")


def test_a_mixture_that_fails_is_taken_back(broken: World) -> None:
    """What does not work without the held file waits for it, and is tried whole with the fix."""
    broken.broken.add("needs the other main.cf")
    first = broken.apply(main="deadly\n", dovecot="needs the other main.cf\n")
    assert first["outcome"] == "rolled_back"
    broken.broken.discard("needs the other main.cf")
    outcome = broken.apply(main="mended\n", dovecot="needs the other main.cf\n")
    assert (outcome["outcome"], outcome["held"]) == ("applied", [])


def test_a_kill_while_it_is_taken_back_keeps_what_failed(served: World) -> None:
    """The journal knows which part failed."""
    served.broken.add("deadly")

    def die(_: object) -> None:
        raise KeyboardInterrupt

    served.engine.restore_steps = (die,)
    with pytest.raises(KeyboardInterrupt):
        served.apply(main="deadly\n")
    after = make_world(served.root)
    after.repository.number, after.broken = served.repository.number, served.broken
    serve_applied(after.engine, recover(after.engine))
    assert list(after.node.journal.quarantine()[0]["files"]) == [MAIN]


def rows(*more: str) -> dict[str, Any]:
    """The manifest's rows of the sample files; maps are data."""
    made = {path: entry(path) for path in (*sample(), *more)}
    return made | {path: {**made[path], "action": "none"} for path in more}
