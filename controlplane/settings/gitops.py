"""Settings of this project's own: how the repository itself is treated."""

from __future__ import annotations

from typing import ClassVar, Literal

from controlplane.settings.field import Area, setting
from controlplane.settings.types import Switch, Whole


class GitOps(Area):
    """How this repository itself is treated."""

    title: ClassVar[str] = "Repository"

    allow_cleartext_secrets: Switch = setting(
        "0",
        sample="1",
        supported=True,
        risks={"1": "lets private keys and passwords into the history for ever"},
    )
    """Accept private keys and passwords that are not sealed: only for taking over an existing server.

    What was pushed once stays in the history; seal it with `mailctl seal`, then change it.
    """

    first_account_timeout: Whole = setting("120", ge=0, unit="seconds", sample="0", supported=True)
    """How long a container that starts without any account runs before it stops with status 1.

    Everything serves meanwhile, and the first account lets it go on. 0 waits for ever. No account is
    needed with `SMTP_ONLY=1`, or where accounts come from a directory.
    """

    log_format: Literal["console", "json"] = setting("console", sample="json", supported=True)
    """How the control plane writes its lines to the container's log.

    `console` is for people: time, level, what happened, and details as `name=value`. `json` is an object per
    line, for programs that collect logs. Either holds at once.
    """
