"""Runs a program and turns every way of ending into an exit status.

0 done or no difference, 1 refused or failed, 2 wrong usage, 3 a bug (with a log to attach), 4 a difference
where `--exit-code` asked for it, 130 interrupted.
"""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from collections.abc import Sequence
from itertools import pairwise

import click

from controlplane import __version__
from controlplane.answers import name_of
from controlplane.cli.ask.client import AlreadyTold
from controlplane.cli.text.terminal import say, say_problems, show_json
from controlplane.errors import Bug, MailserverError, Problem, Refused, UsageError
from controlplane.words.problems import REFUSED

DIFFERENCE = 4
BUG = 3
INTERRUPTED = 130


def run(program: click.Command, name: str, arguments: Sequence[str] | None = None) -> int:
    """Run `program` with `arguments` (default: the process's own) and return the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    as_json = wants_json(given)
    try:
        status = program.main(args=given, prog_name=name, standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as wrong:
        wrong.show()
        tell("UsageError", wrong.format_message(), as_json=as_json)
        return 2
    except (click.Abort, KeyboardInterrupt):
        say("✗ interrupted")
        tell("Interrupted", "interrupted", as_json=as_json)
        return INTERRUPTED
    except Bug as bug:
        tell("Bug", str(bug), as_json=as_json)
        return _report_bug(bug, name)
    except MailserverError as error:
        show_error(error)
        problems = error.problems if isinstance(error, Refused) else ()
        tell(kind_of(error), str(error), problems, as_json=as_json)
        return error.exit_code
    except BrokenPipeError:
        # The reader of stdout went away (`| head`), which is no error: keep Python from reporting it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as bug:  # noqa: BLE001  # the one place where a bug becomes a report
        tell("Bug", f"{type(bug).__name__}: {bug}", as_json=as_json)
        return _report_bug(bug, name)
    return status if isinstance(status, int) else 0


def wants_json(arguments: Sequence[str]) -> bool:
    """Whether the command line asks for JSON, even one that cannot be parsed otherwise."""
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    pairs = pairwise(options)
    return "--json" in options or "--format=json" in options or ("--format", "json") in pairs


def kind_of(error: MailserverError) -> str:
    """The name of an error in the control protocol."""
    return "Refused" if isinstance(error, AlreadyTold) else name_of(error)


def tell(kind: str, message: str, problems: Sequence[Problem] = (), *, as_json: bool) -> None:
    """Print a failure as JSON to stdout if asked for; people read stderr."""
    if as_json:
        rows = [problem.as_dict() for problem in problems]
        show_json({"error": {"type": kind, "message": message, "problems": rows}})


def show_error(error: MailserverError) -> None:
    """Show an error on stderr: what was wrong and where, why it matters, what to do."""
    if isinstance(error, UsageError):
        _show_problems("✗ not understood", error)
    elif isinstance(error, Refused):
        _show_problems(REFUSED, error)
    elif not isinstance(error, AlreadyTold):
        say(f"✗ {error}")


def _show_problems(title: str, error: Refused) -> None:
    say(title)
    say_problems(error.problems)


def _report_bug(bug: Exception, name: str) -> int:
    with tempfile.NamedTemporaryFile("w", prefix=f"{name}-bug-", suffix=".log", delete=False) as log:
        log.write(f"git-mailserver {__version__}, {name}, Python {sys.version}\n\n")
        log.writelines(traceback.format_exception(bug))
    say(f"✗ {bug}" if isinstance(bug, Bug) else f"✗ a bug in {name}: {type(bug).__name__}: {bug}")
    say(f"  please report it with {log.name}")
    return BUG
