"""Dovecot as a service: on unless the server only does SMTP."""

from __future__ import annotations

from collections.abc import Iterable

from controlplane.model import State
from renderers.certificates import Encryption, encryption
from renderers.dovecot import accounts, render
from renderers.service import Complaint, Plain, RenderedFile
from wire.manifest import Probe, ProbeKind


class Dovecot(Plain):
    """IMAP, POP3 where wanted, LMTP, and logins for Postfix."""

    name = "dovecot"
    group = "dovecot"
    writes_times = True
    reads_clear = ("sieve-filter/*", "sieve-pipe/*")

    def enabled(self, state: State) -> bool:
        """Off with SMTP_ONLY."""
        return not state.settings.smtp_only

    def render(self, state: State) -> Iterable[RenderedFile]:
        """Configuration, users, Sieve; a change of accounts touches only the users."""
        yield from render.files(state)

    def probes(self, state: State) -> tuple[Probe, ...]:
        """A greeting on each port and on the LMTP socket."""
        tls = encryption(state) is Encryption.ON
        probes = [Probe("lmtp", ProbeKind.LMTP, path="/run/dovecot/lmtp")]
        if state.settings.enable_imap:
            probes.append(Probe("143", ProbeKind.IMAP, 143, tls="starttls" if tls else ""))
            probes += [Probe("993", ProbeKind.IMAP, 993, tls="implicit")] if tls else []
        if state.settings.enable_pop3:
            probes.append(Probe("110", ProbeKind.TCP, 110))
            probes += [Probe("995", ProbeKind.TCP, 995)] if tls else []
        if state.settings.enable_managesieve:
            probes.append(Probe("4190", ProbeKind.TCP, 4190))
        return tuple(probes)

    def complaints(self, state: State) -> Iterable[Complaint]:
        """Accounts and masters that no line of a passwd-file can represent."""
        cure = "write a hash as `doveadm pw` prints it"
        for account in accounts.unrepresentable(state.desired.accounts.values()):
            message = f"the password of {account.address} holds a colon or white space"
            yield Complaint("config/postfix-accounts.cf", 0, message, cure)
        for master in accounts.unrepresentable(state.desired.masters.values()):
            message = f"the password of {master.name} holds a colon or white space"
            yield Complaint("config/dovecot-masters.cf", 0, message, cure)
