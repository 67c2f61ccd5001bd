"""Dovecot's part in the mail flow."""

from __future__ import annotations

from controlplane.model import State
from renderers.dovecot import quota
from renderers.hops import MasterService, Policy
from renderers.text import fill

QUOTA_PORT = 65265


def quota_policy(state: State) -> Policy | None:
    """quota-status: whether a message fits the mailbox, asked before it is taken.

    Each question costs it a tenth of what a whole delivery does, so it is only asked where there is a limit.
    Each has a connection of its own: one that a reload of Dovecot had ended would cost smtpd(8) a second.
    """
    if not state.settings.enable_quotas or state.settings.smtp_only:
        return None
    some = None if quota.anybody_may_be_limited(state) else quota.limited
    return Policy(f"{{ inet:localhost:{QUOTA_PORT}, request_limit=1 }}", "mailbox_quota", some)


def delivery_agent(_state: State) -> MasterService:
    """The transport `lda`, which POSTFIX_DAGENT may name; it stands in every master.cf."""
    return MasterService(fill("dovecot/templates/lda.master.cf").rstrip("\n"))
