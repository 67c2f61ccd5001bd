"""Rspamd, which judges mail as Postfix's milter."""

from __future__ import annotations

import re

from agent.canary.steps import Canary
from agent.health.logs import Log
from services.base import NodeService, Patience
from services.rspamd.check import check_rspamd
from services.rspamd.workers import NextWorkers

RSPAMD = NodeService(
    "rspamd",
    areas=("etc/rspamd/",),
    config="etc/rspamd",
    check=check_rspamd,
    reads=("etc/rspamd/",),
    check_live=("rspamadm", "configtest"),
    canary=Canary(),
    reload=NextWorkers(),
    patience=Patience(restart=30.0, start=30.0, slow=True),  # it loads its maps, compiles its patterns first
    log=Log("var/log/mail/rspamd.log", re.compile(r"((?:cannot|error|failed|bad).*)", re.IGNORECASE)),
)
