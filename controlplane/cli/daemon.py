"""The daemon's entry: hands it the container's environment, which documented settings are read from."""

from __future__ import annotations

import os
from pathlib import Path

from controlplane.daemon.run import Places, run


def main() -> int:
    """Serve until told to stop; the exit status. MAILCTL_* name other places than those of the image."""
    return run(places(), dict(os.environ))


def places() -> Places:
    """Where everything lies, as far as the environment says so."""
    usual = Places()
    return Places(
        root=Path(os.environ.get("MAILCTL_STATE", usual.root)),
        socket=Path(os.environ.get("MAILCTL_SOCKET", usual.socket)),
        agent=Path(os.environ.get("MAIL_AGENT_SOCKET", usual.agent)),
        hooks=Path(os.environ.get("MAILCTL_HOOKS", usual.hooks)),
        template=Path(os.environ.get("MAILCTL_TEMPLATE", usual.template)),
    )
