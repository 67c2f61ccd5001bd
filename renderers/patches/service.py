"""What the agent needs to run user-patches.sh; a change of these files makes it run again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from controlplane.model import State
from controlplane.settings import RULES
from controlplane.settings.defaults import Texts
from renderers.referenced.names import matching, mentions
from renderers.service import Origin, Plain, RenderedFile
from renderers.text import lines
from wire.manifest import Action

SCRIPT = "user-patches.sh"
"""Relative to config/ on `main`."""
FOLDER = "etc/dms/user-patches"
_NAME = re.compile(rb"\b[A-Z][A-Z0-9_]+\b")


class Patches(Plain):
    """No daemon: a script that the agent runs when files are in place, before services are told.

    What it did shows in the probes of the services that it did it to, and bash checks it on the node.
    """

    name = "patches"
    reads = ("settings", "overrides")
    names_files = (SCRIPT,)
    reads_clear = (SCRIPT,)

    def enabled(self, state: State) -> bool:
        """Where `main` has the script."""
        return SCRIPT in state.desired.overrides

    def programs(self, _state: State) -> tuple[str, ...]:
        """None: the agent runs it."""
        return ()

    def render(self, state: State) -> Iterable[RenderedFile]:
        """The script, the settings that it names, and the blob ids of the config/ files that it names.

        Files are named by their place on the config volume. So a file that only the script reads makes a
        release when it changes.
        """
        script = state.desired.overrides[SCRIPT]
        origins = (Origin(1, f"config/{SCRIPT}"),)
        yield RenderedFile(
            f"{FOLDER}/script", script.content, Action.RELOAD, mode=0o700, origins=origins, fill=True
        )
        settings = lines(_settings(state, script.content))
        yield RenderedFile(f"{FOLDER}/environment", settings, Action.RELOAD, mode=0o600, fill=True)
        inputs = lines(_inputs(state, script.content))
        yield RenderedFile(f"{FOLDER}/inputs", inputs, Action.RELOAD)


def _settings(state: State, script: bytes) -> Iterator[str]:
    """The settings of `main` that the script names; pinned ones are in its environment anyway."""
    named = {word.decode() for word in _NAME.findall(script)} & RULES.keys() - state.observed.pins.keys()
    pinned = {pin.name: pin.value for pin in state.observed.pins.values() if pin.value is not None}
    texts = Texts(RULES, {**state.desired.settings, **pinned}, state.hostname)
    return (f"{name}={texts[name]}" for name in sorted(named))


def _inputs(state: State, script: bytes) -> Iterator[str]:
    text, overrides = script.decode("utf-8", "replace"), state.desired.overrides
    named = {path for mention in mentions(text) for path in matching(mention, text, overrides)}
    return (f"{overrides[path].blob} {path}" for path in sorted(named - {SCRIPT}))
