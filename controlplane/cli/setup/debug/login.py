"""`setup debug login`."""

from __future__ import annotations

import os
import sys

import click


@click.command("login", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[COMMAND]...")
def command(words: tuple[str, ...]) -> None:
    """Run COMMAND in the container's shell, or a shell to type into."""
    sys.stdout.flush()
    shell = ["bash", "-c", " ".join(words)] if words else ["bash"]
    os.execvp("bash", shell)  # noqa: S606  # a shell for who may use the container is what the command is
