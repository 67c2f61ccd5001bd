"""Settings of Rspamd and its Redis."""

from __future__ import annotations

from typing import ClassVar

from controlplane.settings.field import Area, setting
from controlplane.settings.types import Score, Switch

ON = {"ENABLE_RSPAMD": "1"}


class Rspamd(Area):
    """The spam filter that replaces the classic ones."""

    title: ClassVar[str] = "Rspamd"

    enable_rspamd: Switch = setting("0", consumers=("rspamd", "redis", "postfix"), sample="1")
    """Filter mail with Rspamd.

    Turn the filters that it replaces off: `ENABLE_AMAVIS`, `ENABLE_OPENDKIM`, `ENABLE_OPENDMARC`,
    `ENABLE_POLICYD_SPF`, `ENABLE_POSTGREY`.
    """

    enable_rspamd_redis: Switch = setting(
        default_from="{ENABLE_RSPAMD}", consumers=("rspamd", "redis"), sample="0", requires=ON
    )
    """Run a Redis for Rspamd in this container.

    With `0` bring your own, written down in `config/rspamd/override.d/redis.conf`.
    """

    rspamd_check_authenticated: Switch = setting("0", consumers=("rspamd",), sample="1", requires=ON)
    """Also check mail that users send. It is DKIM-signed either way."""

    rspamd_greylisting: Switch = setting("0", consumers=("rspamd",), sample="1", requires=ON)
    """Ask suspicious senders to come back later; most spammers do not."""

    rspamd_learn: Switch = setting("0", sample="1", requires=ON)
    """Learn from users: mail moved into Junk is learnt as spam, mail moved from there to the inbox as good.

    What one user teaches holds for all of them: only for users whom you trust with that.
    """

    rspamd_hfilter: Switch = setting("1", consumers=("rspamd",), sample="0", requires=ON)
    """Score oddities of a client's name, greeting and address (Rspamd's module hfilter)."""

    rspamd_hfilter_hostname_unknown_score: Score = setting(
        "6", ge=0, le=1000, consumers=("rspamd",), sample="9", requires={**ON, "RSPAMD_HFILTER": "1"}
    )
    """The score of a client whose address and name in DNS do not lead to each other.

    6 marks its mail as spam, 11 and more refuse it.
    """

    rspamd_neural: Switch = setting("0", consumers=("rspamd",), sample="1", requires=ON)
    """Score with a neural network that trains itself on the other rules' findings; an experiment."""
