"""Who is at the keyboard."""

from __future__ import annotations

import os
import pwd


def actor() -> str:
    """The name for the log: the person behind sudo, else the user that runs the command."""
    for name in ("GIT_MAILSERVER_ACTOR", "SUDO_USER"):
        if os.environ.get(name):
            return os.environ[name]
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return f"uid {os.geteuid()}"
