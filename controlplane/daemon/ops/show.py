"""Operations that look at states: show, diff, explain, recipient."""

from __future__ import annotations

from difflib import unified_diff
from typing import Any

from controlplane.daemon.core import Daemon
from controlplane.daemon.ops.requests import Asked, Diff, Explain, Show
from controlplane.errors import NotFound
from controlplane.intake.diff import diff as compare
from controlplane.intake.history import revisions
from controlplane.intake.history.live import Live, live_at
from controlplane.intake.history.times import parse_time
from controlplane.intake.pipeline import Intake
from controlplane.intake.plan import Plan, as_dict
from controlplane.intake.proposal import render
from controlplane.intake.stored_release import read_release
from controlplane.model import Desired, State
from controlplane.protocol.states import Difference, Explained, Recipient, Said, Shown
from controlplane.settings import catalog
from controlplane.statefiles.relay import user_of
from controlplane.timestamps import format_time
from controlplane.words.plans import event_lines
from renderers.release import NodeTrees
from renderers.service import RenderedFile


def show(daemon: Daemon, request: Show) -> Shown:
    """Everything that `main` said at a revision, or that served then; never a password hash or a secret."""
    intake, at = daemon.intake, request.at
    if request.live:
        return _served(intake, at)
    revision = revisions.find(intake, at)
    desired = revisions.state_at(intake, revision).desired
    time = _time_of(intake, revision.position)
    # mypy takes what is unpacked for one that may hold more
    return {"position": revision.position, "time": time, **_told(desired)}  # type: ignore[typeddict-item]


def _served(intake: Intake, at: str) -> Shown:
    try:
        revision = revisions.find(intake, at)
    except NotFound:
        if parse_time(at) is None:
            raise
        live = Live()  # the log began later
    else:
        if not revision.position:
            raise NotFound("that was pushed and never taken over: the log does not know what served then")
        live = live_at(intake, revision.position)
    return {
        "position": live.position,
        "time": _time_of(intake, live.position),
        "release": live.release,
        "since": format_time(live.since) if live.since else "",
        "held": list(live.held),
        **_told(live.desired),
    }


def _time_of(intake: Intake, position: int) -> str:
    log = intake.stores.log
    return format_time(log.header(log.commit_at(position)).time) if position else ""


def _told(desired: Desired) -> Said:
    return {
        "accounts": list(desired.accounts),
        "aliases": [{"alias": a.source, "targets": list(a.targets)} for a in desired.aliases.values()],
        "regexps": [{"pattern": r.pattern, "targets": list(r.targets)} for r in desired.regexps.values()],
        "settings": {name: _shown(name, value) for name, value in desired.settings.items()},
        "quotas": dict(desired.quotas),
        "masters": list(desired.masters),
        "relay": {
            "routes": dict(desired.relay_routes),
            "credentials": {key: user_of(value) for key, value in desired.relay_credentials.items()},
        },
        "access": {"send": dict(desired.send_access), "receive": dict(desired.receive_access)},
        "overrides": [
            {"path": o.path, "bytes": len(o.content), "blob": o.blob} for o in desired.overrides.values()
        ],
    }


def diff(daemon: Daemon, request: Diff) -> Difference:
    """What differs between two revisions: in meaning, and in what the services read."""
    intake = daemon.intake
    places = (revisions.find(intake, request.a), revisions.find(intake, request.b))
    old, new = (revisions.state_at(intake, place) for place in places)
    events = compare(old.desired, new.desired)
    plan = Plan(events=events)
    one, other = render(old)[0], render(new)[0]
    if old.status.rendered != new.status.rendered:  # another image rendered one of them
        one, other = (_released(intake, place.position) for place in places)
    rendered = "\n".join(_rendered(one, other))
    return {
        "text": event_lines(plan),
        "events": as_dict(plan)["events"],
        "rendered": rendered,
        "different": bool(events or rendered),
    }


def explain(daemon: Daemon, request: Explain) -> Explained:
    """The value of a setting that is in effect, and where it comes from."""
    name = request.name.upper()
    spec = catalog.SETTINGS.get(name)
    if spec is None:
        raise NotFound("; ".join(catalog.unknown(name)))
    state = daemon.intake.state
    source, given = "default", ""
    if pin := state.observed.pins.get(name):
        source, given = "environment", pin.value or ""
    elif name in state.desired.settings:
        source, given = "main", state.desired.settings[name]
    value = None if spec.secret else _plain(getattr(state.settings, spec.field, spec.default))
    return {
        "value": value,
        "given": None if spec.secret else given,
        "source": source,
        "overruled": _overruled(state, spec) if source == "environment" else None,
        "supported": spec.supported if spec.secret else spec.supports(given),
    }


def _overruled(state: State, spec: catalog.SettingSpec) -> str | None:
    """What `main` says of a pinned setting; None where it says nothing."""
    given = state.desired.settings.get(spec.name)
    return "(secret)" if spec.secret and given is not None else given


def recipient(daemon: Daemon, _request: Asked) -> Recipient:
    """Whom to seal for: the public half of the server's identity."""
    return {"recipient": daemon.intake.sealer.recipient}


def _shown(name: str, value: str) -> str | None:
    spec = catalog.SETTINGS.get(name)
    return None if spec is not None and spec.secret else value


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(getattr(value, "value", value))


def _released(intake: Intake, position: int) -> NodeTrees | None:
    """What was released of a position of the log, whatever rendered it; None for nothing yet."""
    stores = intake.stores
    found = (each for each in stores.releases.newest_first() if each.basis.log_position <= position)
    release = next(found, None)
    return read_release(stores.repo, release) if release else None


def _rendered(old: NodeTrees | None, new: NodeTrees | None) -> list[str]:
    before, after = _contents(old), _contents(new)
    lines: list[str] = []
    for path in sorted(before.keys() | after.keys()):
        a, b = before.get(path, b""), after.get(path, b"")
        if a != b:
            one, other = (side.decode("utf-8", "replace").splitlines() for side in (a, b))
            lines += unified_diff(one, other, f"a/{path}", f"b/{path}", lineterm="")
    return lines


def _contents(trees: NodeTrees | None) -> dict[str, bytes]:
    """Rendered files as they may be shown: those that everybody in the container may read, no hashes."""
    if trees is None:
        return {}
    return {
        path: file.content
        for tree in trees.values()
        for path, file in tree.files.items()
        if isinstance(file, RenderedFile) and file.mode & 0o004
    }
