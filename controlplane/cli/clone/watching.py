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
"""Milliseconds that saves which follow each other may put a run off."""
LOOK_MS = 200
"""Milliseconds that watching takes before the first run, which no save may escape."""
NAMED = 3
"""Files that the line before a run names."""


def watched(tree: str | None, run: Callable[[], object]) -> int:
    """Call `run` now and after each save in the tree; 0 when somebody interrupts it.

    Errors that people can mend are shown, and the next save is waited for. Raises click.UsageError where
    `tree` is no working tree: a revision does not change.
    """
    directory = Path(tree or ".").resolve()
    if not is_tree(directory):
        raise click.UsageError(f"--watch needs a working tree, and {tree or directory} is none")
    try:
        for saved in saves(directory):
            click.clear()  # where a person reads; pipes get no control characters
            say(f"► {datetime.now().astimezone():%H:%M:%S} {_named(saved)}")
            try:
                run()
            except MailserverError as error:
                show_error(error)
            except FileNotFoundError:
                continue  # replaced while it was read, which is a save of its own
            sys.stdout.flush()
    except KeyboardInterrupt:
        return 0
    return 0


def saves(directory: Path) -> Generator[list[str], None, None]:
    """Names of the files that changed together, below the directory; first an empty list, at once.

    What changes while the caller works on a list comes with the next one.
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
