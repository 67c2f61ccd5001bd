"""`mailctl verify`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from controlplane.cli import options
from controlplane.cli.ask.client import STATE, call
from controlplane.cli.text.terminal import say, show_json

if TYPE_CHECKING:
    from controlplane.protocol.questions import Verified

PATIENCE = 3600.0
"""Seconds to wait for the answer: a replay takes time in proportion to the log."""
VOLUME = Path(STATE)
REPOSITORIES = ("state.git", ".git", ".")
"""Where the repository may be, relative to FOLDER: in a state volume, in a clone, FOLDER itself."""


@click.command("verify")
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option("--offline", is_flag=True, help="Ask no server: read the repository itself.")
@options.as_json
def command(folder: Path | None, *, offline: bool, as_json: bool) -> int:
    """Prove by replay that log, `main` and `rendered` agree; say where they do not.

    Reads and hashes every object of the log, of every release and of the newest main. Returns 1 where
    anything is lost, damaged or disagrees: docs/damage.md takes each kind of damage to its cure.

    FOLDER is a state volume, a bare repository or a mirror clone to read instead of this server's, offline.
    Nothing is written to it.
    """
    found: Verified = _read(folder or VOLUME) if offline or folder else call("verify", patience=PATIENCE)
    if as_json:
        show_json(found)
    elif found["ok"]:
        say(
            f"✔ {found['positions']} change sets ({found['events']} events) replayed and "
            f"{found['blobs']} files of rendered read in {found['seconds']:.1f} s: "
            "log, main and rendered agree"
        )
    else:
        for finding in found["findings"]:
            say(f"✗ {finding}")
    return 0 if found["ok"] else 1


def _read(folder: Path) -> Verified:
    """Verify without a server; raises NotFound where the folder holds no repository."""
    from controlplane.errors import NotFound
    from controlplane.git import without_a_home
    from controlplane.intake.audit.proof import prove_folder
    from controlplane.state_volume import step_down

    for name in REPOSITORIES:
        path = folder / name
        if (path / "objects").is_dir() or (path / "HEAD").is_file():
            step_down(path)
            without_a_home()
            return prove_folder(path).as_dict()
    raise NotFound(f"there is no state repository in {folder}: name a state volume, or its state.git")
