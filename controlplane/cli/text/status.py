"""The status as lines of text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from controlplane.cli.text.age import age
from controlplane.cli.text.canary import canary_lines, serves
from controlplane.cli.text.certificates import ends, refusal_lines, warning_lines
from controlplane.cli.text.terminal import columns
from controlplane.errors import Problem
from controlplane.password_schemes import in_words
from controlplane.words.numbers import counted
from controlplane.words.problems import problem_lines
from wire.outcomes import OutcomeKind

if TYPE_CHECKING:
    from controlplane.protocol.status import CertificateRow, Failure, HeldRow, ServiceRow, Status


def status_lines(status: Status, now: datetime | None = None) -> list[str]:
    """The output of `mailctl status`; ages are counted from `now` (default: the clock)."""
    now = now or datetime.now(UTC)
    return [
        *_head(status, now),
        *([f"✗ nothing can be changed: {status['unwritable']}"] if status.get("unwritable") else []),
        *_renderer(status),
        *_held_back(status),
        *_damage(status),
        *_held(status),
        *_room(status),
        *_services(status.get("services") or [], now),
        *canary_lines(status.get("canary"), now),
        *_certificates(status.get("certificates") or []),
        *_notes(status),
    ]


def _head(status: Status, now: datetime) -> list[str]:
    name = status.get("hostname") or status.get("node") or "mail"
    applied, attempted = status.get("applied") or 0, status.get("attempted") or 0
    failure = status.get("failure")
    whole = not (failure or status.get("damage") or status.get("held")) and serves(status.get("canary"))
    word = "healthy" if status.get("healthy") and whole else "degraded"
    if status.get("suspended"):
        word = "suspended"
    if failure:
        lines = [f"{name}   {word}           release {applied} serves; {_failed(failure, attempted, now)}"]
        lines += _failure(failure, attempted)
    else:
        since = age(status.get("applied_at"), now)
        when = f" {since} ago" if since else ""
        lines = [f"{name}   {word}            release {applied} applied{when} (attempted {attempted})"]
    position = status.get("position") or 0
    verified = status.get("verified")
    text = f", verified to {verified}" if verified else ""
    return [*lines, f"log                 {position} change sets{text}"]


def _renderer(status: Status) -> list[str]:
    """A version that cannot do its work on this log, or is older than one that did."""
    row = status.get("renderer")
    if not row:
        return []
    version, lines = row["version"], []
    if row["newest"]:
        lines.append(f"⚠ version {version} runs, older than {row['newest']} that ran on this log before")
    if row["waits"]:
        lines.append(
            f"⚠ the upgrade to {version} waits: {row['waits']}; when that is over: mailctl reconcile"
        )
    if row["refused"]:
        lines.append(f"✗ version {version} cannot render this; what the one before rendered serves on:")
        lines += problem_lines([Problem(**problem) for problem in row["refused"]])
        lines.append("  ►   Push a fix, or start the image before again")
    return lines


def _held_back(status: Status) -> list[str]:
    """The releases that a suspended server holds back."""
    if not status.get("suspended"):
        return []
    newest, applied = status.get("release") or 0, status.get("applied") or 0
    waits = f"release {newest} waits" if newest > applied else "none waits"
    return [f"⚠ releases are held back, {waits}: `mailctl resume` applies the newest"]


def _damage(status: Status) -> list[str]:
    """Damage of the state volume with its cure, and what has been repaired."""
    damage, repairs = status.get("damage") or [], status.get("repairs") or []
    return [
        *(f"✗ damaged: {each['part']}: {each['what']}. ► {each['cure']}" for each in damage),
        *(f"⚠ repaired: {each['part']}: {each['how']}" for each in repairs),
    ]


def _failed(failure: Failure, attempted: int, now: datetime) -> str:
    when = age(failure.get("at"), now)
    verb = str(failure.get("outcome") or OutcomeKind.ROLLED_BACK).replace("_", " ")
    return f"{failure.get('release') or attempted} {verb}" + (f" {when} ago" if when else "")


def _failure(failure: Failure, attempted: int) -> list[str]:
    number = failure.get("release") or attempted
    lines = [f"  {number}  {failure.get('reason', '')}"]
    where = failure.get("origin") or failure.get("path")
    cause = ", ".join(filter(None, [where, failure.get("change")]))
    lines.append(f"  ►   {cause + '. ' if cause else ''}{_advice(failure)}")
    return lines


def _advice(blamed: Failure | HeldRow) -> str:
    """How to go on without losing later changes."""
    if not blamed.get("position"):
        return "Push a fix; `mailctl diff` shows what does not serve"
    by_git = f", or: git revert {str(blamed['main'])[:12]}" if blamed.get("main") else ""
    return f"Push a fix, or take it back: mailctl revert {blamed['position']}{by_git}"


def _held(status: Status) -> list[str]:
    """Parts of the newest release that are held while the rest serves, unless `_failure` shows them."""
    shown = str(failure.get("reason") or "") if (failure := status.get("failure")) else ""
    lines = []
    for part in status.get("held") or []:
        if part["reason"] not in shown:
            lines.append(f"⚠ {part['what']} is held: {part['reason']}")
            if others := part.get("beside"):
                lines.append(f"  {', '.join(others)} came with it or changed the same file, and waits, too")
            rest = status.get("applied") or 0
            lines.append(f"  ►   everything else serves (release {rest}). {_advice(part)}")
    return lines


def _services(services: Sequence[ServiceRow], now: datetime) -> list[str]:
    if not services:
        return []
    rows = [["service", "state", "since", "probe", "", "memory"]]
    for service in services:
        probes = service.get("probes") or []
        slowest = max((float(p.get("ms") or 0) for p in probes), default=0.0)
        rows.append(
            [
                service["name"],
                service["state"],
                age(service.get("since"), now),
                " ".join(f"{p['name']} {'✔' if p.get('ok') else '✗'}" for p in probes),
                f"{slowest:.0f} ms" if probes else "",
                _memory(service.get("memory_kib")),
            ]
        )
    broken = [
        f"  ✗ {service['name']} {p['name']}: {p['detail']}"
        for service in services
        for p in service.get("probes") or []
        if not p.get("ok") and p.get("detail")
    ]
    return [*columns(rows), *broken]


def _certificates(certificates: Sequence[CertificateRow]) -> list[str]:
    lines = [
        f"certificate  {', '.join(each['names'])}  {ends(each)}" for each in certificates if each["serves"]
    ]
    return lines + warning_lines(certificates)


def _room(status: Status) -> list[str]:
    """Volumes with little or no free space, and the largest parts of them."""
    scarce = [row for row in status.get("room") or [] if row["condition"] != "ok"]
    lines = [
        f"{'⚠' if row['condition'] == 'low' else '✗'} {row['path']} ({row['volume']} volume) is "
        f"{row['condition']}: {row['free'] >> 20} of {row['size'] >> 20} MiB are free, {row['inodes']} inodes"
        for row in scarce
    ]
    largest = [f"{row['part']} {row['size'] >> 20} MiB" for row in status.get("largest") or []]
    return [*lines, *([f"  what is largest: {', '.join(largest)}"] if lines and largest else [])]


def _notes(status: Status) -> list[str]:
    pins = status.get("pins") or {}
    lines = []
    if pins:
        shown = ", ".join(f"{n}={'(secret)' if v is None else v}" for n, v in sorted(pins.items()))
        lines.append(f"pinned by the environment: {shown}")
    if status.get("unsupported"):
        lines.append(f"⚠ not supported yet: {', '.join(status['unsupported'])}")
    if clear := status.get("in_clear"):
        places = ", ".join(clear[:3]) + (" and more" if len(clear) > 3 else "")
        lines.append(f"⚠ secrets stand in the clear on main: {places}; mailctl seal FILE, then change them")
    lines += _weak_hashes(status)
    if status.get("dns") is False:
        lines.append("⚠ no working DNS: senders' domains and block lists cannot be checked")
    lines += [f"⚠ /{path}: {why}" for path, why in (status.get("unfilled") or {}).items()]
    lines += [f"⚠ environment: {complaint}" for complaint in status.get("environment") or []]
    lines += refusal_lines(status.get("certificate_refused") or {})
    lines += [
        f"⚠ main: {problem.get('path')}:{problem.get('line')}: {problem.get('message')}"
        for problem in status.get("trouble") or []
    ]
    lines += [
        f"⚠ config volume: {refused['path']} is not taken over: {refused['reason']}"
        for refused in status.get("volume_refused") or []
    ]
    if pinned := status.get("pinned"):
        lines.append(f"pinned by a mount: {', '.join(pinned)}")
    if patched := status.get("patched"):
        lines.append(f"changed by user-patches.sh: {', '.join(sorted(patched))}")
    if left := status.get("left_by_patches"):
        names = ", ".join(f"/{path}" for path in left)
        lines.append(f"⚠ made by user-patches.sh and changed since, so it stays until you remove it: {names}")
    if status.get("patch_failure"):
        lines.append(f"⚠ config/user-patches.sh: {status['patch_failure']}")
    drift = status.get("drift") or []
    lines.append(f"drift: {', '.join(drift) if drift else 'none'}")
    return lines


def _weak_hashes(status: Status) -> list[str]:
    weak = status.get("weak_hashes")
    parts = (
        [
            f"{counted(sum(counts.values()), noun)} ({in_words(counts)})"
            for noun, counts in (("account", weak["accounts"]), ("master account", weak["masters"]))
            if counts
        ]
        if weak
        else []
    )
    return (
        [f"⚠ weak password hashes: {', '.join(parts)}; mailctl accounts --weak lists them"] if parts else []
    )


def _memory(kibibytes: object) -> str:
    if not isinstance(kibibytes, int) or kibibytes <= 0:
        return ""
    return f"{kibibytes / 1024:.0f} MiB"
