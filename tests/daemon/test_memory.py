"""An idle server is small: what is seldom needed is loaded when it is."""

from __future__ import annotations

import subprocess
import sys

from tests.daemon.site import ROOT

SELDOM = ("cryptography", "pyrage", "sqlite3", "sqlite_utils", "click")
"""What a daemon that only takes changes and renders them needs none of; together some 20 MiB."""


def test_a_start_loads_only_what_every_change_needs() -> None:
    """Libraries for certificates, seals, questions and the command line stay on disk."""
    code = "import sys, controlplane.daemon.run; print(*{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert not set(SELDOM) & set(done.stdout.split())


def test_reading_the_read_model_needs_no_library() -> None:
    """What makes its file brings one along; a question to a file that is there loads sqlite3 alone."""
    code = "import sys, controlplane.readmodel.recent; print(*{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert not {"sqlite_utils", "click"} & set(done.stdout.split())
