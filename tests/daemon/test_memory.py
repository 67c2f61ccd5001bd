"""An idle server is small: what is seldom needed is loaded when it is."""

from __future__ import annotations

import subprocess
import sys

from tests.daemon.site import ROOT, Site

SELDOM = ("asyncio", "click", "concurrent", "cryptography", "pyrage", "sqlite3", "sqlite_utils")
"""What a daemon that only takes changes and renders them needs none of; together some 20 MiB."""


def test_a_start_loads_only_what_every_change_needs() -> None:
    """Libraries for certificates, seals, questions and the command line stay on disk."""
    assert not set(SELDOM) & loaded("controlplane.daemon.run")


def test_a_restart_loads_no_more(site: Site) -> None:
    """Nor does a start on what is there: what seals, what is asked for and what is brought along can wait."""
    site.stop()
    code = (
        "from pathlib import PosixPath; from controlplane.daemon.run import Places, build\n"
        f"build({site.places!r}, {site.environment})"
    )
    assert not set(SELDOM) & loaded("controlplane.daemon.run", code)
    site.start()


def test_projecting_the_log_needs_no_library() -> None:
    """What makes the file brings one along, in a process of its own; the daemon extends it by sqlite3."""
    assert not {"sqlite_utils", "click"} & loaded("controlplane.readmodel.model")


def test_a_question_to_the_log_needs_none_of_the_daemons_libraries() -> None:
    """It reads the file, so that it takes no longer than another command."""
    assert not {"pygit2", "pydantic", "jinja2", "structlog"} & loaded("controlplane.log_questions")


def loaded(module: str, then: str = "") -> set[str]:
    """The top-level packages that a process has imported after it imported a module and did something."""
    code = f"import sys, {module}\n{then}\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    return set(done.stdout.splitlines()[-1].split())
