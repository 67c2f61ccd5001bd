"""Turns state into files: one folder per service, each listed in `SERVICES`."""

from __future__ import annotations

from renderers.dovecot.service import Dovecot
from renderers.patches.service import Patches
from renderers.postfix.service import Postfix
from renderers.postgrey.service import Postgrey
from renderers.redis.service import Redis
from renderers.referenced.service import Referenced
from renderers.rspamd.service import Rspamd
from renderers.service import Service
from renderers.sshd.service import Sshd
from renderers.system.service import System
from renderers.tls.service import Tls
from renderers.updates.service import Updates

_ON_TOP: tuple[Service, ...] = (
    Patches(),
    Tls(),
    Redis(),
    Rspamd(),
    Postgrey(),
    Dovecot(),
    Postfix(),
    Sshd(),
    Updates(),
)
SERVICES: tuple[Service, ...] = (
    System(clocks=tuple(service.name for service in _ON_TOP if service.writes_times)),
    Referenced(readers={service.name: service.names_files for service in _ON_TOP}),
    *_ON_TOP,
)
"""Every service, in start order: what others connect to comes first, the log first of all."""
