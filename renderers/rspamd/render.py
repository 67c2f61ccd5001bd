"""What Rspamd reads: our local.d, and the administrator's override.d."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from controlplane.model import State
from renderers.hops import listening
from renderers.redis import service as redis
from renderers.rspamd import commands, hops
from renderers.service import BadLine, Origin, RenderedFile
from renderers.text import fill
from wire.manifest import Action

WEB_PORT = 11334
OVERRIDES = "rspamd/override.d/"
COMMANDS = "rspamd/custom-commands.conf"
"""Both relative to config/ on `main`."""

_LOCAL = (
    "actions.conf",
    "classifier-bayes.conf",
    "dkim_signing.conf",
    "greylist.conf",
    "hfilter_group.conf",
    "hfilter.conf",
    "logging.inc",
    "milter_headers.conf",
    "neural.conf",
    "neural_group.conf",
    "options.inc",
    "settings.conf",
    "worker-controller.inc",
    "worker-normal.inc",
    "worker-proxy.inc",
)
_RESTART_ON = ("bind_socket",)
"""Rspamd 3.4 exits on a SIGHUP that brings another socket."""
_DISABLED = (
    "clickhouse",
    "elastic",
    "metric_exporter",
    "reputation",
    "spamassassin",
    "url_redirector",
)


def files(state: State) -> Iterator[RenderedFile]:
    """Every file of local.d and override.d; a change is a reload (SIGHUP)."""
    values = _values(state)
    names = (*_LOCAL, "redis.conf") if values["redis"] else _LOCAL
    for name in names:
        text = fill(f"rspamd/templates/local.d/{name}", **values)
        yield _reloaded(f"local.d/{name}", text.encode())
    for module in _DISABLED:
        text = fill("rspamd/templates/local.d/disabled.conf")
        yield _reloaded(f"local.d/{module}.conf", text.encode())
    yield from _overrides(state)


def _values(state: State) -> dict[str, Any]:
    settings = state.settings
    return {
        "milter_addresses": listening(state),
        "milter_port": hops.MILTER_PORT,
        "web_port": WEB_PORT,
        "redis_port": redis.PORT,
        "redis": settings.enable_rspamd_redis,
        "greylisting": _switch(settings.rspamd_greylisting),
        "hfilter": _switch(settings.rspamd_hfilter),
        "hostname_unknown_score": str(settings.rspamd_hfilter_hostname_unknown_score),
        "neural": _switch(settings.rspamd_neural),
        "check_authenticated": settings.rspamd_check_authenticated,
    }


def _switch(on: bool) -> str:
    return "true" if on else "false"


def _overrides(state: State) -> Iterator[RenderedFile]:
    changes: dict[str, list[commands.Change]] = {}
    for command in read_commands(state):
        if isinstance(command, commands.Change):
            changes.setdefault(command.file, []).append(command)
    own = {
        path.removeprefix(OVERRIDES): override
        for path, override in state.desired.overrides.items()
        if path.startswith(OVERRIDES)
    }
    for name in sorted(own.keys() | changes.keys()):
        source = f"config/{OVERRIDES}{name}"
        if name not in changes:
            yield _reloaded(f"override.d/{name}", own[name].content, (Origin(1, source),))
            continue
        base = own[name].content.decode("utf-8", "replace") if name in own else ""
        text, origins = commands.merge(base, source, changes[name])
        yield _reloaded(f"override.d/{name}", text.encode(), origins)


def read_commands(state: State) -> Iterator[commands.Change | BadLine]:
    """The commands in custom-commands.conf on `main`; none without that file."""
    found = state.desired.overrides.get(COMMANDS)
    return commands.read(found.content.decode("utf-8", "replace")) if found else iter(())


def _reloaded(name: str, content: bytes, origins: tuple[Origin, ...] = ()) -> RenderedFile:
    return RenderedFile(
        f"etc/rspamd/{name}",
        content,
        Action.RELOAD,
        origins=origins,
        restart_on=_RESTART_ON if name.partition("/")[2].startswith("worker-") else (),
    )
