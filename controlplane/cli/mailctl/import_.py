"""`mailctl import`."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from controlplane.cli import options
from controlplane.cli.ask.client import call
from controlplane.cli.text.change import is_failure, report_outcome
from controlplane.cli.text.import_report import left_out, report_lines
from controlplane.cli.text.terminal import say, say_problems, show_json, show_lines
from controlplane.errors import Problem
from controlplane.words.problems import REFUSED

if TYPE_CHECKING:
    from controlplane.protocol.changes import Taken

ENV_FILE = "mailserver.env"
MOST_ENV = 1 << 20
"""Bytes of a mailserver.env."""


@click.command("import")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--env", metavar="FILE", type=click.Path(path_type=Path), help="A mailserver.env to import as well."
)
@click.option("--dry-run", is_flag=True, help="Report and plan; change nothing.")
@click.option(
    "--replace", is_flag=True, help="Overwrite files and settings that main has with other content."
)
@options.mass_delete
@options.reason
@options.wait
@options.as_json
def command(
    folder: Path,
    env: Path | None,
    *,
    dry_run: bool,
    replace: bool,
    allow_mass_delete: bool,
    reason: str,
    wait: bool,
    as_json: bool,
) -> int:
    """Take over an existing configuration: the config folder DIR, and a mailserver.env.

    DIR is what was mounted at /tmp/docker-mailserver, or a folder with config/ and mailserver.env in it.
    Each file and setting is listed with what becomes of it: supported, pinned by the container's
    environment, coming later, unknown. Private keys and passwords are sealed on the way. Everything is
    taken over in one change set, or nothing; files that main has and DIR has not stay.
    """
    request, passed = _request(folder, env)
    if allow_mass_delete:
        request["allow_mass_delete"] = True
    found: Taken = call(
        "import",
        **request,
        dry_run=dry_run,
        replace=replace,
        wait=wait,
        reason=reason or f"Import of {folder}",
    )
    found["files"] = [*found["files"], *left_out(passed)]
    problems = [Problem(**problem) for problem in found["problems"]]
    if as_json:
        show_json(found)
        return 1 if problems or is_failure(found) else 0
    show_lines(report_lines(found))
    if problems:
        say(REFUSED)
        say_problems(problems)
        return 1
    if dry_run:
        say("► dry run: nothing was changed")
    else:
        report_outcome(found)
    return 0


def _request(folder: Path, env: Path | None) -> tuple[dict[str, Any], dict[str, str]]:
    """The arguments of the request, and the files left out of it, with the reason for each."""
    # Imported here: it takes longer than everything else that a command imports.
    from controlplane.cli.clone.config_folder import read_file, read_folder
    from controlplane.cli.clone.working_tree import as_request, is_tree

    top = folder / "config" if is_tree(folder) and (folder / "config").is_dir() else folder
    if env is None and (folder / ENV_FILE).is_file():
        env = folder / ENV_FILE
    found = read_folder(top)
    if top == folder:
        found.files.pop(ENV_FILE, None)
    request: dict[str, Any] = {"files": as_request(found.files)}
    if env is not None:
        request["env"] = base64.b64encode(read_file(env, MOST_ENV)).decode()
    return request, found.left_out
