"""`mailctl explain`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from controlplane.cli import options
from controlplane.cli.ask.client import call, server_is_here
from controlplane.cli.text.terminal import columns, show_json
from controlplane.errors import Unavailable

if TYPE_CHECKING:
    from controlplane.protocol.states import Explained


@click.command("explain")
@click.argument("setting")
@options.as_json
def command(setting: str, *, as_json: bool) -> None:
    """What SETTING does, its values and default, the services that read it, and the value in effect here."""
    # Imported here: it takes longer than everything else that a command imports.
    from controlplane.settings import catalog

    spec = catalog.explain(setting)
    in_effect = _in_effect(spec["name"])
    if as_json:
        show_json({**spec, "in_effect": in_effect})
        return
    click.echo(spec["doc"].strip())
    click.echo()
    for line in columns(_rows(spec, in_effect)):
        click.echo(line)


def _in_effect(name: str) -> Explained | None:
    if not server_is_here():
        return None
    try:
        found: Explained = call("explain", name=name)
    except Unavailable:
        return None
    return found


def _rows(spec: dict[str, Any], in_effect: Explained | None) -> list[list[str]]:
    rows = [["name", spec["name"]], ["type", str(spec.get("kind", ""))], ["default", spec["default"]]]
    if spec.get("values"):
        rows.append(["values", ", ".join(v or '""' for v in spec["values"])])
    if spec.get("requires"):
        rows.append(["e.g. with", ", ".join(f"{name}={value}" for name, value in spec["requires"].items())])
    for value, risk in (spec.get("risks") or {}).items():
        rows.append(["careful", f"{value or 'empty'} {risk}"])
    if spec.get("secret"):
        rows.append(["secret", "yes: sealed on main, shown nowhere"])
    if spec.get("consumers"):
        rows.append(["read by", ", ".join(spec["consumers"])])
    if spec.get("pending"):
        rows.append(["not supported yet", ", ".join(spec["pending"])])
    if spec.get("supported") is False:
        rows.append(["supported", "not yet: it is recorded and has no effect"])
    else:
        rows.append(["supported", "yes"])
    if in_effect:
        rows += _here(in_effect)
    return rows


SOURCES = {
    "environment": "pinned by the container's environment",
    "main": "from mailserver.env on main",
    "default": "the default: nothing sets it",
}


def _here(in_effect: Explained) -> list[list[str]]:
    value = "(secret)" if in_effect.get("value") is None else in_effect["value"] or '""'
    rows = [["here", f"{value}  ({SOURCES.get(in_effect.get('source', ''), 'not known')})"]]
    if in_effect.get("overruled") is not None:
        rows.append(
            ["on main", f"{in_effect['overruled'] or 'empty'}  (no effect while the environment pins it)"]
        )
    if in_effect.get("supported") is False and in_effect.get("source") != "default":
        rows.append(["", "this value has no effect yet"])
    return rows
