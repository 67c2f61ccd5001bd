"""Reads what a certificate says of itself; the agent has checked that its key fits."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from controlplane.errors import Refused, Unavailable
from controlplane.events import CertificateRenewed
from controlplane.model import Certificate, State
from controlplane.protocol.status import CertificateRow
from renderers.certificates import served, unused

SOON_DAYS = 21
"""Days before its end from which on a certificate that serves is warned of."""
READER = Path(__file__).with_name("read_certificate.py")
READ_SECONDS = 30.0


def read_chain(slot: str, chain: str, made_here: bool, source: str = "") -> CertificateRenewed:
    """The event for the first certificate of a PEM chain; raises Refused for what is none."""
    said = _read(chain)
    if "error" in said:
        raise Refused.because(f"the certificate cannot be read: {said['error']}", "provide a PEM chain")
    return CertificateRenewed(
        slot=slot,
        made_here=made_here,
        chain=hashlib.sha256(chain.encode()).hexdigest(),
        source=source,
        **{**said, "names": tuple(said["names"])},
    )


def _read(chain: str) -> dict[str, Any]:
    # In isolation: nothing of the container's environment says what this program is (python(1), -I).
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(READER)], input=chain.encode("ascii", "replace"), capture_output=True,
            timeout=READ_SECONDS, env={"LC_ALL": "C.UTF-8"}, check=True,
        )  # fmt: skip
        said: dict[str, Any] = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise Unavailable(f"the certificate could not be read: {error}") from error
    return said


def decline(new: CertificateRenewed, known: Certificate | None, now: datetime) -> str:
    """Why a pair is not taken over although it fits together, empty when it is.

    Only where a valid one serves: an old certificate is better than none.
    """
    if known is None or not _parse(known.not_before) <= now < _parse(known.not_after):
        return ""
    stays = "; the certificate read before stays"
    if _parse(new.not_after) <= now:
        return f"{new.source or new.slot}: the certificate ended on {new.not_after[:10]}{stays}"
    if _parse(new.not_before) > now:
        return f"{new.source or new.slot}: the certificate is not valid before {new.not_before}{stays}"
    return ""


def rows(state: State, now: datetime) -> list[CertificateRow]:
    """Every certificate of a state as people are told of it; `days` are whole ones until its end."""
    return [_row(state, known, now) for known in state.observed.certificates.values()]


def _row(state: State, known: Certificate, now: datetime) -> CertificateRow:
    left = _parse(known.not_after) - now
    return {
        "slot": known.slot,
        "names": list(known.names),
        "key": known.key,
        "issuer": known.issuer,
        "serial": known.serial,
        "fingerprint": known.fingerprint,
        "not_before": known.not_before,
        "not_after": known.not_after,
        "days": left.days,
        "source": known.source,
        "made_here": known.made_here,
        "serves": known.slot in served(state),
        "warnings": _warnings(state, known, left.total_seconds()),
    }


def _warnings(state: State, known: Certificate, seconds: float) -> list[str]:
    found = []
    days = int(seconds // 86400)
    if seconds <= 0:
        found.append(f"ended on {known.not_after[:10]}: renew it")
    elif days < SOON_DAYS:
        found.append(f"ends in {days} day{'' if days == 1 else 's'}: renew it")
    if not _covers(known.names, state.hostname):
        found.append(f"is not for {state.hostname}")
    if reason := unused(state, known.slot):
        found.append(reason)
    return found


def _covers(names: tuple[str, ...], hostname: str) -> bool:
    """RFC 6125, section 6.4: the name itself, or a wildcard for its first label."""
    parent = hostname.partition(".")[2]
    return any(name.lower() in (hostname.lower(), f"*.{parent}".lower()) for name in names)


def _parse(time: str) -> datetime:
    return datetime.fromisoformat(time).astimezone(UTC)
