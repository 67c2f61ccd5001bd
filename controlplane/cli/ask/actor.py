"""Names the person who runs a command."""

from __future__ import annotations

import os
import pwd


def actor() -> str:
    """The name that the log records: the person behind sudo, else the user of this process."""
    for name in ("GIT_MAILSERVER_ACTOR", "SUDO_USER"):
        if os.environ.get(name):
            return os.environ[name]
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return f"uid {os.geteuid()}"
