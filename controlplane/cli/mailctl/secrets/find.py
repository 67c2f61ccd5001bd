"""`mailctl secrets find`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from controlplane.cli import options
from controlplane.cli.ask.client import STATE
from controlplane.cli.text.terminal import say, show_json
from controlplane.words.numbers import counted

STATE_REPO = Path(STATE, "state.git")
FOUND = 4
"""The exit status where --exit-code asked for it."""


@click.command("find")
@click.option(
    "--repository",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Another repository, for example a clone. [default: the state repository]",
)
@options.as_json
@click.option("--exit-code", is_flag=True, help="Return 4 if there is any.")
def command(repository: Path | None, *, as_json: bool, exit_code: bool) -> int:
    """Show where passwords and private keys stand in the clear, now or at any time before.

    Looks into all of main's history, the log, every release, previews, tags and other branches, by the rules
    that refuse a push. Prints the place, never the secret. Needs no server. What is found is in every clone:
    change it at its provider and seal the new one (docs/secrets.md, "Rotating").
    """
    found = _search(repository)
    if as_json:
        show_json(found)
    else:
        for line in report_lines(found):
            say(line)
    return FOUND if exit_code and found["found"] else 0


def report_lines(found: dict[str, Any]) -> list[str]:
    """One line per secret found, and what to do about them."""
    lines = [f"⚠ not looked at: {reason}" for reason in found["unread"]]
    for spot in found["found"]:
        where = f"change set {spot['position']}, " if spot["position"] else ""
        line = f":{spot['line']}" if spot["line"] else ""
        lines.append(
            f"✗ {spot['ref']} ({where}commit {spot['commit'][:12]})  {spot['path']}{line}  {spot['kind']}"
        )
    if not found["found"]:
        return [*lines, f"✔ no secret stands in the clear in {found['commits']} commits"]
    places = counted(len(found["found"]), "place")
    lines.append(
        f"{places} in {found['commits']} commits. Every clone has them: change each secret at its provider,"
    )
    lines.append("then seal the new one: mailctl seal FILE. The old one stays in the log and is worthless.")
    return lines


def _search(repository: Path | None) -> dict[str, Any]:
    from controlplane.errors import NotFound
    from controlplane.git import StateRepo, without_a_home
    from controlplane.intake.audit.secrets_found import Search
    from controlplane.state_volume import step_down

    path = repository or STATE_REPO
    if repository is None:
        if not path.exists():
            raise NotFound(f"there is no {path}; name a clone: mailctl secrets find --repository .")
        step_down(path)
    elif os.geteuid() == 0:
        step_down(path)  # as git requires: a repository is read as its owner
    without_a_home()
    inner = path / ".git"
    search = Search(StateRepo(inner if inner.exists() else path))
    spots = search.run()
    return {
        "found": [spot.as_dict() for spot in spots],
        "commits": search.commits,
        "unread": search.unread,
    }
