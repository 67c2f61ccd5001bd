"""Settings of Postgrey."""

from __future__ import annotations

from typing import ClassVar

from controlplane.settings.field import Area, setting
from controlplane.settings.types import Switch, Text, Whole

ON = {"ENABLE_POSTGREY": "1"}
USED = ("postgrey",)


class Postgrey(Area):
    """Greylisting without Rspamd."""

    title: ClassVar[str] = "Postgrey"

    enable_postgrey: Switch = setting("0", consumers=("postgrey", "postfix"), sample="1")
    """Ask unknown senders to come back later; most spammers do not."""

    postgrey_delay: Whole = setting("300", ge=0, unit="seconds", sample="600", requires=ON, consumers=USED)
    """How long an unknown sender has to wait."""

    postgrey_max_age: Whole = setting("35", ge=1, unit="days", sample="70", requires=ON, consumers=USED)
    """How long a sender is remembered who was not seen again."""

    postgrey_auto_whitelist_clients: Whole = setting(
        "5", ge=0, unit="deliveries", sample="9", requires=ON, consumers=USED
    )
    """After how many deliveries a client is never asked to wait again; 0 for never."""

    postgrey_text: Text = setting(
        "Delayed by Postgrey", sample="Come back later", requires=ON, consumers=USED
    )
    """What the sender is told."""
