"""The SSH server for clones and pushes; it runs while `main` has keys for it."""

from __future__ import annotations

from collections.abc import Iterable

from controlplane.model import State
from renderers.service import BadLine, Complaint, Plain, RenderedFile
from renderers.sshd.keys import Key, read
from renderers.text import fill, lines
from wire.manifest import Action, Probe, ProbeKind

PORT = 2222
KEYS = "gitops/authorized_keys"
"""Relative to config/ on `main`."""


class Sshd(Plain):
    """Git only, for the user `git`, with the key's comment as the actor."""

    name = "sshd"
    reads = ("overrides",)
    reads_clear = (KEYS,)

    def enabled(self, state: State) -> bool:
        """Off until the file of keys exists."""
        return KEYS in state.desired.overrides

    def render(self, state: State) -> Iterable[RenderedFile]:
        """The configuration, and the keys, which sshd rereads at every login."""
        text = fill("sshd/templates/sshd_config", port=PORT)
        yield RenderedFile("etc/ssh/mailserver/sshd_config", text.encode(), Action.RELOAD)
        keys = read(state.desired.overrides[KEYS].content)
        allowed = lines(key.line for key in keys if isinstance(key, Key))
        yield RenderedFile("etc/ssh/mailserver/authorized_keys", allowed, Action.NONE)

    def probes(self, _state: State) -> tuple[Probe, ...]:
        """A connection is accepted."""
        return (Probe("2222", ProbeKind.TCP, PORT),)

    def complaints(self, state: State) -> Iterable[Complaint]:
        """Lines that are not keys."""
        if not self.enabled(state):
            return
        for key in read(state.desired.overrides[KEYS].content):
            if isinstance(key, BadLine):
                yield Complaint(f"config/{KEYS}", *key)
