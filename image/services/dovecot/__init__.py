"""Dovecot: mailboxes, and who may open them."""

from __future__ import annotations

import re

from agent.files.staged_tree import StagedTree
from agent.health.logs import MAIL_LOG, Log
from services.base import NodeService
from services.dovecot.canary import CANARY
from services.dovecot.check import check_dovecot
from services.dovecot.listeners import fit_dovecot
from services.dovecot.mailboxes import operations
from services.dovecot.new_accounts import NewAccounts
from services.dovecot.reload import NewAuth
from wire.config_folder import PLACE

CONFIG = "etc/dovecot"


def relocate(staged: StagedTree, content: bytes) -> bytes:
    """An absolute path would lead to the live file in place of the staged one."""
    folder = str(staged.path(CONFIG)).encode()
    content = content.replace(b"/etc/dovecot/conf.d", folder + b"/conf.d")
    for word in (b"!include ", b"!include_try "):
        content = content.replace(word + b"/etc/dovecot/", word + folder + b"/")
    return content.replace(f"/{PLACE}/".encode(), f"{staged.path(PLACE)}/".encode())


DOVECOT = NodeService(
    "dovecot",
    areas=(
        "etc/dovecot/",
        "usr/lib/dovecot/sieve-filter/",
        "usr/lib/dovecot/sieve-global/",
        "usr/lib/dovecot/sieve-personal/",
        "usr/lib/dovecot/sieve-pipe/",
    ),
    config=CONFIG,
    check=check_dovecot,
    relocate=relocate,
    reads=("etc/dovecot/", "usr/lib/dovecot/sieve"),
    check_live=("doveconf", "-n"),
    announcer=NewAccounts,
    reload=NewAuth(),
    canary=CANARY,
    takes_mail=True,
    fit=fit_dovecot,
    log=Log(
        MAIL_LOG,
        re.compile(r"dovecot(?:\[\d+\])?: ([\w-]+(?:\([^)]*\))?: (?:Fatal|Panic|Error): .*)"),
        # The master says this when a reload meets a configuration it cannot use: doveadm still returns 0. A
        # listener that it cannot open is left out on a reload, and keeps Dovecot from its next start.
        re.compile(
            r"dovecot(?:\[\d+\])?: (?:master|config): "
            r"((?:Error|Fatal): .*(?:[Cc]onfig|listen\(\S+ \d+\) failed).*)"
        ),
    ),
    operations=operations,
)
