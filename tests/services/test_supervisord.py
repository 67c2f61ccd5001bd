"""The program that runs supervisord: what it changes of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

LAUNCHER = Path(__file__).parents[2] / "image/rootfs/usr/local/lib/mailserver/supervisord"
SUPERVISOR = {
    "__init__.py": "",
    "poller.py": "class PollPoller: pass",
    "states.py": "class SupervisorStates: RUNNING = 1",
    "supervisord.py": """
import pkg_resources

def main():
    print(pkg_resources.EntryPoint.parse("x=json:dumps").resolve()([1]))
    print(pkg_resources.EntryPoint.parse("x = json.decoder : JSONDecoder.decode").resolve().__qualname__)
""",
}
"""What the launcher uses of supervisor; factories are looked up as its options.py does."""


@pytest.fixture
def supervisor(tmp_path: Path) -> Path:
    """A folder with a stand-in for supervisor, where setuptools cannot be found."""
    (tmp_path / "supervisor").mkdir()
    for name, content in SUPERVISOR.items():
        (tmp_path / "supervisor" / name).write_text(content)
    (tmp_path / "pkg_resources.py").write_text("raise SystemExit('setuptools was loaded')")
    return tmp_path


def test_factories_are_found_without_setuptools(supervisor: Path) -> None:
    """Those that supervisord.conf names, ours and people's, as pkg_resources would find them."""
    done = subprocess.run(
        [sys.executable, LAUNCHER], env={"PYTHONPATH": str(supervisor)},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stdout.splitlines() == ["[1]", "JSONDecoder.decode"], done.stderr
