"""Postfix, which receives and sends mail."""

from __future__ import annotations

import re

from agent.health.logs import MAIL_LOG, Log
from services.base import NodeService
from services.postfix.canary import CANARY
from services.postfix.check import ask_postfix, check_postfix
from services.postfix.daemons import MAIN
from services.postfix.generation import NextGeneration
from services.postfix.listeners import fit_postfix

POSTFIX = NodeService(
    "postfix",
    areas=("etc/postfix/", "etc/aliases", "etc/mailname"),
    config="etc/postfix",
    check=check_postfix,
    reads=("etc/postfix/",),
    check_live=ask_postfix(),
    reload=NextGeneration(),
    canary=CANARY,
    flush=("postqueue", "-f"),  # postqueue(1)
    fit=fit_postfix,
    # It waits a minute before it starts a process again that died, as smtpd does while Dovecot is away.
    throttles_restarts=True,
    forks_on_demand=True,
    log=Log(
        MAIL_LOG,
        re.compile(r"postfix[^\s\[]*(?:\[\d+\])?: ((?:fatal|panic|error|warning): .*)"),
        parameters=MAIN,
    ),
    grows={"mail queue": "spool-postfix"},
)
