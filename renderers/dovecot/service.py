"""Dovecot as a service: on unless the server only does SMTP."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from controlplane.model import State
from controlplane.ordered import differing
from renderers.certificates import Encryption, encryption
from renderers.dovecot import accounts, render
from renderers.service import AnyFile, Check, Complaint, Part, Plain
from wire.manifest import Probe, ProbeKind


class Dovecot(Plain):
    """IMAP, POP3 where wanted, LMTP, and logins for Postfix."""

    name = "dovecot"
    group = "dovecot"
    writes_times = True
    names_files = ("dovecot.cf", "*.dovecot.sieve", "sieve-filter/*", "sieve-pipe/*")
    reads_clear = ("sieve-filter/*", "sieve-pipe/*")

    def enabled(self, state: State) -> bool:
        """Off with SMTP_ONLY."""
        return not state.settings.smtp_only

    @property
    def parts(self) -> tuple[Part, ...]:
        """Configuration, users, Sieve; a change of accounts touches only the users."""
        return render.PARTS

    @property
    def checks(self) -> tuple[Check, ...]:
        """Accounts and masters that no line of a passwd-file can represent."""
        return (Check(("accounts",), _wrong_accounts), Check(("masters",), _wrong_masters))

    def render(self, state: State) -> Iterable[AnyFile]:
        """Every file of all parts."""
        return chain.from_iterable(part.render(state) for part in self.parts)

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
        """What the checks find."""
        return chain.from_iterable(check.find(state, None) for check in self.checks)


_CURE = "write a hash as `doveadm pw` prints it"


def _wrong_accounts(state: State, before: State | None) -> Iterator[Complaint]:
    known = before.desired.accounts if before else {}
    for account in accounts.unrepresentable(differing(known, state.desired.accounts)[1].values()):
        message = f"the password of {account.address} holds a colon or white space"
        yield Complaint("config/postfix-accounts.cf", 0, message, _CURE)


def _wrong_masters(state: State, _before: State | None) -> Iterator[Complaint]:
    for master in accounts.unrepresentable(state.desired.masters.values()):
        message = f"the password of {master.name} holds a colon or white space"
        yield Complaint("config/dovecot-masters.cf", 0, message, _CURE)
