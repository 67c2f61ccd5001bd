"""sshd, by which people push."""

from __future__ import annotations

from services.base import NodeService, Signal
from services.sshd.check import check_sshd

SSHD = NodeService(
    "sshd",
    areas=("etc/ssh/mailserver/",),
    config="etc/ssh",
    check=check_sshd,
    reload=Signal("sshd", "HUP"),  # sshd(8)
)
