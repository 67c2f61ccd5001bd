"""Documentation of fields is read where somebody may ask for it."""

from __future__ import annotations

import subprocess
import sys

import pytest

LOOK = """
import linecache
from controlplane.events import SettingChanged
from controlplane.settings.catalog import SETTINGS
print(bool(SETTINGS["ENABLE_RSPAMD"].doc), any("controlplane" in name for name in linecache.cache))
"""


@pytest.mark.parametrize(("option", "seen"), [("-O", "True True"), ("-OO", "False False")])
def test_the_daemon_goes_without_documentation(option: str, seen: str) -> None:
    """With -OO, as the daemon runs, no source is read and kept; commands know what each setting means."""
    done = subprocess.run(
        [sys.executable, option, "-c", LOOK], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == seen
