"""The same operations in this process, for one-off containers: no daemon runs there, and no agent.

With a state volume the change is recorded, and applied when a server starts on it. Without one, the files
of the config volume are edited where they lie. An import may be the first that a new state volume sees: the
server's first start gives what it made to its accounts.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from controlplane import secrets
from controlplane.daemon.ops.listing import OF_FILES
from controlplane.daemon.run import WRITES, Places, build, handle
from controlplane.errors import Refused, Unavailable
from controlplane.git import NewFile, without_a_home
from controlplane.intake import plan
from controlplane.intake.edits import commands
from controlplane.intake.proposal import propose_files
from controlplane.model import State
from controlplane.protocol.changes import Written
from controlplane.state_volume import REPOSITORY, step_down
from controlplane.statefiles.tree import EXECUTABLE, REGULAR, TreeFile
from wire.lines import Request, Say

VOLUME = Path("/tmp/docker-mailserver")  # noqa: S108  # the place that the documentation names


def call(
    request: Request,
    say: Say,
    environment: Mapping[str, str],
    places: Places = Places(),  # noqa: B008  # frozen
    volume: Path = VOLUME,
) -> Mapping[str, Any]:
    """Carry out a request where no daemon runs; raises as the daemon would.

    `environment` is that of a one-off container, which has not the server's name and pins: nothing is
    observed of it.
    """
    del environment
    if (places.root / REPOSITORY / "HEAD").exists():
        step_down(places.root / REPOSITORY)
        without_a_home()
    elif request["op"] != "import":
        return _in_folder(request, volume)
    elif not places.root.is_mount():
        say(f"⚠ no volume is mounted at {places.root}: what is imported goes with this container")
    daemon = build(places, None, upgrades=request["op"] in WRITES)
    return handle(daemon, {**request, "wait": False}, say)


def _in_folder(request: Request, volume: Path) -> Mapping[str, Any]:
    """Edit or list the files of a bare config folder."""
    files = {f"config/{path}": file for path, file in _read(volume).items()}
    if request["op"] == "rehearse":
        commands.rehearse(request, files)
        return {}
    if request["op"] == "edit":
        changes = commands.make(str(request.get("command")), request, partial(_seal, files))(files)
        after = dict(files)
        for path, change in changes.items():
            if isinstance(change, NewFile):
                after[path] = TreeFile(change.content, change.mode)
        proposal = propose_files(State(), None, after, guard=False, cleartext=True).must_be_sound()
        _write(volume, {path: after[path] for path in changes if path in after})
        return _written(proposal.plan, sorted(changes))
    if request["op"] in OF_FILES:
        found = propose_files(State(), None, files, guard=False, cleartext=True).must_be_sound()
        return OF_FILES[request["op"]](found.state.desired)
    raise Unavailable("there is no state repo here, and no server; start the mail server first")


def _written(done: plan.Plan, paths: list[str]) -> Written:
    return {
        "position": 0, "release": 0, "commit": "", "text": [],
        "plan": plan.as_dict(done), "outcome": None, "written": paths,
    }  # fmt: skip


def _seal(files: Mapping[str, TreeFile], value: str) -> str:
    """A secret for the server whose folder this is; a hash may stand there as it is."""
    recipient = files.get(secrets.RECIPIENT)
    if recipient is not None:
        return secrets.seal_value(value, recipient.content.decode("ascii", "replace"))
    if value.startswith("{"):
        return value
    cure = "start the server on this folder once, or run the command in the running server"
    raise Refused.because(f"there is no {secrets.RECIPIENT} to seal the password for", cure)


def _read(volume: Path) -> dict[str, TreeFile]:
    if not volume.is_dir():
        raise Unavailable(f"neither a state repo nor a config volume is mounted ({volume})")
    files = [path for path in sorted(volume.rglob("*")) if path.is_file() and not path.is_symlink()]
    return {
        path.relative_to(volume).as_posix(): TreeFile(
            path.read_bytes(), EXECUTABLE if path.stat().st_mode & 0o100 else REGULAR
        )
        for path in files
    }


def _write(volume: Path, files: Mapping[str, TreeFile]) -> None:
    for path, file in files.items():
        target = volume / path.removeprefix("config/")
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = target.with_name(f".{target.name}.new")
        aside.write_bytes(file.content)
        if target.exists():
            shutil.copymode(target, aside)  # whoever closed a file with password hashes wants it closed
        aside.replace(target)
