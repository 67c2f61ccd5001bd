"""The services of the image: one folder per service, listed in `NODE_SERVICES`."""

from __future__ import annotations

from services.base import NodeService
from services.dovecot import DOVECOT
from services.patches import PATCHES
from services.postfix import POSTFIX
from services.postgrey import POSTGREY
from services.redis import REDIS
from services.referenced import REFERENCED
from services.rspamd import RSPAMD
from services.sshd import SSHD
from services.system import SYSTEM
from services.tls import TLS
from services.updates import UPDATES

NODE_SERVICES: tuple[NodeService, ...] = (
    SYSTEM,
    REFERENCED,
    PATCHES,
    TLS,
    REDIS,
    RSPAMD,
    POSTGREY,
    DOVECOT,
    POSTFIX,
    SSHD,
    UPDATES,
)
"""Every service that a release may configure (`renderers.SERVICES` has the same names)."""
