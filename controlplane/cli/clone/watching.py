"""Runs a command's check of a working tree once, and again after each save (`--watch`)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Generator
from datetime import datetime
from pathlib import Path

import click

from controlplane.cli.clone.working_tree import is_tree
from controlplane.cli.run import show_error
from controlplane.cli.text.terminal import say
from controlplane.errors import MailserverError

QUIET_MS = 100
"""Milliseconds without another save before a run begins: an editor writes, renames and deletes at once."""
LONGEST_MS = 1_000
"""Milliseconds after which a run begins although saves go on."""
LOOK_MS = 200
"""Milliseconds of watching before the first run, so that no save is missed."""
NAMED = 3
"""How many saved files the line before a run names."""


def watched(tree: str | None, run: Callable[[], object]) -> int:
    """Call `run` now and after each save in the tree; return 0 on Ctrl-C.

    Expected errors are shown, and do not end it. Raises click.UsageError where
    `tree` is no working tree: a revision does not change.
    """
    directory = Path(tree or ".").resolve()
    if not is_tree(directory):
        raise click.UsageError(f"--watch needs a working tree, and {tree or directory} is none")
    try:
        for saved in saves(directory):
            click.clear()  # on a terminal only
            say(f"► {datetime.now().astimezone():%H:%M:%S} {_named(saved)}")
            try:
                run()
            except MailserverError as error:
                show_error(error)
            except FileNotFoundError:
                continue  # replaced while being read: that save causes another run
            sys.stdout.flush()
    except KeyboardInterrupt:
        return 0
    return 0


def saves(directory: Path) -> Generator[list[str], None, None]:
    """Yield the relative paths of files that were saved together; at the start, an empty list.

    Saves during the caller's work on one list are in the next.
    """
    from watchfiles import watch

    began = False
    for changes in watch(
        directory,
        watch_filter=lambda _, path: Path(path).relative_to(directory).parts[:1] != (".git",),
        debounce=LONGEST_MS,
        step=QUIET_MS,
        rust_timeout=LOOK_MS,
        yield_on_timeout=True,
    ):
        if changes or not began:
            began = True
            yield sorted({str(Path(path).relative_to(directory)) for _, path in changes})


def _named(files: Collection[str]) -> str:
    if not files:
        return "watching; Ctrl-C ends it"
    names = list(files)[:NAMED]
    return ", ".join(names) + (f" and {len(files) - NAMED} more" if len(files) > NAMED else "")
