"""Turns reports of the running container into events: environment, host name, outcomes of releases, drift."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from controlplane.events import (
    DriftDetected,
    DriftHealed,
    Event,
    NodeObserved,
    PatchesRun,
    PathsOvermounted,
    ReleaseApplied,
    ReleaseDegraded,
    ReleaseRejected,
    ReleaseRolledBack,
    SettingPinned,
    SettingUnpinned,
)
from controlplane.image import Image
from controlplane.model import Pin, State
from controlplane.settings import ENV_FILE, catalog
from controlplane.statefiles.secret_words import holds_login
from wire.outcomes import FAILED, OutcomeKind

HOSTNAME = "MAILSERVER_FQDN"


def environment_events(
    state: State,
    environment: Mapping[str, str],
    digest: Callable[[str], str],
    image: Image = Image(""),  # noqa: B008  # frozen
) -> tuple[list[Event], list[str]]:
    """Events for pins and a host name that differ from the state, and complaints about the environment.

    A wrong value pins nothing: the server goes on with what `main` says. `digest` is keyed and tells
    whether a secret changed without telling the secret. The image is told once, where the log does not say
    what runs; that it changed is told by an upgrade (controlplane/intake/upgrade.py).
    """
    pins, complaints = _pins(environment, digest)
    events: list[Event] = [
        SettingPinned(name=pin.name, value=pin.value, digest=pin.digest)
        for pin in pins.values()
        if state.observed.pins.get(pin.name) != pin
    ]
    events += [SettingUnpinned(name=name) for name in state.observed.pins if name not in pins]
    hostname = environment.get(HOSTNAME, "").lower()
    known = state.status
    is_new = image.version and (not known.renderer or (image.daemons and not known.daemons))
    if hostname and (hostname != state.hostname or is_new):
        told = image if is_new else Image("")
        events.append(
            NodeObserved(
                node=state.node, hostname=hostname, renderer=told.version, daemons=dict(told.daemons)
            )
        )
    return events, complaints


def outcome_events(
    state: State,
    outcome: Mapping[str, Any],
    origin: str = "",
    position: int = 0,
    held: Collection[str] = (),
) -> Iterator[Event]:
    """The event for an outcome that the agent reports; none if the state has it already.

    Outcomes may come twice (they are acknowledged after they are recorded), and late. `origin` is what to
    blame for a failure, `position` that of the log which the release was rendered from, where that can be
    told, `held` the files of `main` that are not served.
    """
    release, kind = int(outcome["release"]), outcome["outcome"]
    if kind not in (OutcomeKind.APPLIED, *FAILED) or not _is_new(state, release, kind, tuple(sorted(held))):
        return
    seconds = float(outcome.get("seconds") or 0.0)
    if kind == OutcomeKind.APPLIED:
        actions = {str(k): str(v) for k, v in (outcome.get("actions") or {}).items()}
        yield ReleaseApplied(
            node=state.node,
            release=release,
            seconds=seconds,
            position=position,
            actions=actions,
            held=tuple(sorted(held)),
        )
        if steps := tuple(str(step) for step in outcome.get("degraded") or ()):
            yield ReleaseDegraded(node=state.node, release=release, steps=steps)
        return
    event = ReleaseRolledBack if kind == OutcomeKind.ROLLED_BACK else ReleaseRejected
    yield event(
        node=state.node,
        release=release,
        seconds=seconds,
        position=position,
        service=str(outcome.get("service") or ""),
        reason=str(outcome.get("reason") or "no reason given"),
        origin=origin,
        serving=int(outcome.get("serving") or 0),
    )


def _is_new(state: State, release: int, kind: str, held: tuple[str, ...]) -> bool:
    """Whether an outcome says something that the state does not have yet, of no older release."""
    known, failed = state.status, kind in FAILED
    if release != known.attempted:
        return release > known.attempted
    as_known = failed or (known.applied == release and known.held == held)
    return not as_known or bool(known.failure) != failed


def file_events(state: State, observed: Mapping[str, Any]) -> list[Event]:
    """Events for managed files, where something changed: mounts over them, the effect of user-patches.sh."""
    known = state.status
    events: list[Event] = []
    paths = tuple(sorted(str(path) for path in observed.get("pinned") or ()))
    if paths != known.overmounted:
        events.append(PathsOvermounted(node=state.node, paths=paths))
    files = {str(path): str(found) for path, found in (observed.get("patched") or {}).items()}
    failure = str(observed.get("patch_failure") or "")
    rows = tuple(f"{path} {found}" for path, found in sorted(files.items()))
    if (rows, failure) != (known.patched, known.patch_failure):
        events.append(PatchesRun(node=state.node, files=files, failure=failure))
    return events


def drift_events(state: State, paths: tuple[str, ...]) -> list[Event]:
    """An event for drift that is new or has ended."""
    known = state.status.drifted
    if paths == known:
        return []
    if paths:
        return [DriftDetected(node=state.node, paths=paths)]
    return [DriftHealed(node=state.node, paths=known)]


def _pins(environment: Mapping[str, str], digest: Callable[[str], str]) -> tuple[dict[str, Pin], list[str]]:
    pins: dict[str, Pin] = {}
    complaints = []
    for name, spec in catalog.SETTINGS.items():
        if name not in environment:
            continue
        value = environment[name]
        wrong = catalog.problem(name, value)
        if wrong is not None:
            complaints.append(f"{name} of the container's environment has no effect: {wrong[0]}; {wrong[1]}")
        elif not spec.secret and holds_login(value):
            complaints.append(
                f"{name} of the container's environment has no effect: the log would keep the password "
                f"in its URL in the clear; set it in {ENV_FILE}, then: mailctl seal {ENV_FILE}"
            )
        elif spec.secret and value:
            pins[name] = Pin(name, None, digest(value))
        else:
            pins[name] = Pin(name, value)
    return pins, complaints
