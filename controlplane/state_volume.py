"""Where things lie in the state volume."""

from __future__ import annotations

import os
from pathlib import Path

REPOSITORY = "state.git"
CONTROL = "control"
"""The folder of the control plane alone."""


def read_model(control: Path) -> Path:
    """The file of the read model; who reads or replaces it holds `<file>.lock` (flock(2))."""
    return control / "readmodel.sqlite"


def step_down(repository: Path) -> None:
    """Become the repository's owner: what root wrote there, the daemon could not write again."""
    owner = repository.stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        os.setgroups([])
        os.setgid(owner.st_gid)
        os.setuid(owner.st_uid)
