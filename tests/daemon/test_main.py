"""The program `python -m controlplane.daemon`."""

from __future__ import annotations

import subprocess
import sys

RUN = """
import gc, runpy, sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec

class Daemon(MetaPathFinder, Loader):
    def find_spec(self, name, path, target=None):
        return ModuleSpec(name, self) if name == "controlplane.cli.daemon" else None

    def exec_module(self, module):
        print("imported with collector:", gc.isenabled())
        module.main = self.main

    def main(self):
        print("runs with collector:", gc.isenabled())
        return 3

sys.meta_path.insert(0, Daemon())
runpy.run_module("controlplane.daemon", run_name="__main__")
"""


def test_garbage_is_collected_once_everything_is_imported() -> None:
    """Not while modules are loaded; the status of the daemon is that of the process."""
    done = subprocess.run(
        [sys.executable, "-c", RUN], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.splitlines() == ["imported with collector: False", "runs with collector: True"]
    assert done.returncode == 3, done.stderr
