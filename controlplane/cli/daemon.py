"""Starts the daemon with the container's environment, which pins documented settings."""

from __future__ import annotations

import os
from pathlib import Path

from controlplane.daemon.run import Places, run


def main() -> int:
    """Serve until told to stop, and return the exit status."""
    return run(places(), dict(os.environ))


def places() -> Places:
    """The paths of the image, each replaced by its MAILCTL_* or MAIL_AGENT_* variable where one is set."""
    usual = Places()
    return Places(
        root=Path(os.environ.get("MAILCTL_STATE", usual.root)),
        socket=Path(os.environ.get("MAILCTL_SOCKET", usual.socket)),
        agent=Path(os.environ.get("MAIL_AGENT_SOCKET", usual.agent)),
        hooks=Path(os.environ.get("MAILCTL_HOOKS", usual.hooks)),
        template=Path(os.environ.get("MAILCTL_TEMPLATE", usual.template)),
    )
