"""A killed agent: its next start finishes or undoes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agent.apply.attempt import Attempt
from agent.apply.engine import Request
from agent.apply.recovery import recover, serve_applied
from agent.apply.steps import STEPS
from agent.health.probes import Answer
from tests.agent.conftest import World, make_world, restart_agent, sample

MAIN, VIRTUAL = "etc/postfix/main.cf", "etc/postfix/virtual"
KILLED = 99
ROOT = Path(__file__).resolve().parents[2]

SCRIPT = """
import os, sys
from pathlib import Path
from agent.apply import steps
from agent.files import staging
from tests.agent.conftest import make_world
from agent.apply.engine import Engine, Request
from agent.apply.recovery import recover, serve_applied
root, name, when, commit, number, broken = sys.argv[1:]
world = make_world(Path(root))
serve_applied(world.engine, recover(world.engine))
if broken: world.broken.add(broken)
def half(source, target):
    target.write_bytes(source.read_bytes()[:3])
    os._exit(99)
if name == "copy": staging.copy = half
def die(step):
    def dying(a):
        if when == "after": step(a)
        os._exit(99)
    return dying
world.engine.steps = tuple(die(s) if s.__name__ == name else s for s in steps.STEPS)
if name.startswith("restore-"):
    world.engine.restore_steps = tuple(
        die(s) if s.__name__ == name[8:] else s for s in steps.RESTORE_STEPS)
world.engine.apply(Request(commit, int(number)))
os._exit(0)
"""


def kill_at(world: World, step: str, when: str, request: Request, broken: str = "") -> None:
    """Run an apply in a process that dies at a step as if by SIGKILL."""
    words = [str(world.root), step, when, request.commit, str(request.number), broken]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'image'}"}
    done = subprocess.run([sys.executable, "-c", SCRIPT, *words], env=environment, check=False, timeout=60)
    assert done.returncode == KILLED


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", [s.__name__ for s in STEPS])
def test_kill_at_every_step(served: World, step: str, when: str) -> None:
    """After a kill anywhere one of the two releases is whole on disk, and the outcomes tell which."""
    request = served.repository.release(sample(main="new\n", virtual="new\n"))
    kill_at(served, step, when, request)
    after = restart_agent(served)
    committed = (step, when) == ("commit", "after")
    assert after.node.applied.number == (2 if committed else 1)
    assert after.text(MAIN) == ("new\n" if committed else "main 1\n")
    assert after.text(VIRTUAL + ".lmdb") == f"map of {after.text(VIRTUAL)}"
    assert after.node.drifted(after.node.release) == []
    assert (after.node.journal.interrupted(), after.rubbish()) == (None, [])
    numbers = [row["release"] for row in after.node.journal.outcomes() if row["outcome"] == "applied"]
    assert numbers == ([1, 2] if committed else [1])
    assert after.engine.apply(request)["outcome"] == "applied"


def test_half_a_copy_is_not_put_back(served: World) -> None:
    """A kill while old files are copied leaves them as they are."""
    kill_at(served, "copy", "", served.repository.release(sample(main="new\n", virtual="new\n")))
    after = restart_agent(served)
    assert (after.text(MAIN), after.text(VIRTUAL + ".lmdb")) == ("main 1\n", "map of virtual 1\n")
    assert (after.node.journal.interrupted(), after.rubbish()) == (None, [])


@pytest.mark.parametrize("step", ["restore-act", "restore-probe"])
def test_kill_while_rolling_back(served: World, step: str) -> None:
    """A kill in the middle of a roll-back still ends with the failure reported and quarantined."""
    request = served.repository.release(sample(main="deadly\n"))
    kill_at(served, step, "before", request, broken="deadly")
    after = restart_agent(served)
    assert (after.text(MAIN), after.node.applied.number) == ("main 1\n", 1)
    last = after.node.journal.outcomes()[-1]
    assert (last["outcome"], last["release"], last["service"]) == ("rolled_back", 2, "postfix")
    assert after.engine.apply(request)["outcome"] == "quarantined"


def test_what_a_cut_off_roll_back_left_silent_is_restarted(served: World) -> None:
    """A service that gave up while another one was away is not left to itself by the next agent."""
    request = served.repository.release(sample(dovecot="deadly\n"))
    kill_at(served, "restore-probe", "before", request, broken="deadly")
    after = make_world(served.root)
    after.programs.running = {"dovecot", "postfix"}

    def prober(probes: Any, *_: Any) -> list[Answer]:
        held_back = "start postfix" not in after.programs.calls
        return [Answer(p.name, p.name != "postfix" or not held_back, 1.0, "silent") for p in probes]

    after.node.prober = prober
    assert serve_applied(after.engine, recover(after.engine)) == ""
    assert "start postfix" in after.programs.calls


def test_fresh_container_gets_everything(served: World) -> None:
    """With only the state volume left, the next start writes every file and starts every program."""
    for path in sorted((served.root / "etc").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    after = restart_agent(served)
    assert after.text(MAIN) == "main 1\n"
    assert after.programs.calls == ["start dovecot", "start postfix"]


def test_restart_beside_running_services_tells_nobody(served: World) -> None:
    """An agent that is only restarted itself disturbs no service."""
    after = make_world(served.root)
    after.programs.running = {"dovecot", "postfix"}
    serve_applied(after.engine, recover(after.engine))
    assert after.programs.calls == []


def test_outcomes_stay_until_acknowledged(served: World) -> None:
    """Outcomes survive a restart and go when the daemon has them."""
    ids = [row["id"] for row in restart_agent(served).node.journal.outcomes()]
    assert len(ids) == 1
    served.node.journal.acknowledge([*ids, "../applied"])
    assert restart_agent(served).node.journal.outcomes() == []
    assert served.node.journal.applied().number == 1


def test_steps_have_one_signature() -> None:
    """Every step takes the attempt and returns nothing."""
    for step in STEPS:
        assert step.__annotations__ == {"attempt": Attempt.__name__, "return": "None"}
