"""Certificates as lines of text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from controlplane.cli.text.terminal import columns
from controlplane.words.numbers import counted

if TYPE_CHECKING:
    from controlplane.protocol.status import CertificateRow, Certificates

HEAD = ["slot", "names", "key", "issuer", "end", "read from"]


def certificate_lines(answer: Certificates) -> list[str]:
    """The output of `mailctl certificates`: one row per certificate, then what to know of them."""
    certificates = answer.get("certificates") or []
    lines = columns([HEAD, *(_row(each) for each in certificates)]) if certificates else []
    refused = {row["slot"]: row["reason"] for row in answer.get("refused") or []}
    passed = [
        f"⚠ {row['place']} is passed over for certificate {row['slot']}: {row['reason']}"
        for row in answer.get("passed_over") or []
    ]
    lines = lines or ["no certificate: TLS is off"]
    return [*lines, *warning_lines(certificates), *refusal_lines(refused), *passed]


def ends(certificate: CertificateRow) -> str:
    """`ends in 61 days`, or `ended on` its date."""
    days = int(certificate["days"])
    if days < 0:
        return f"ended on {str(certificate['not_after'])[:10]}"
    return f"ends in {counted(days, 'day')}"


def warning_lines(certificates: Sequence[CertificateRow]) -> list[str]:
    """A line for each warning of a certificate."""
    return [f"⚠ certificate {each['slot']} {text}" for each in certificates for text in each["warnings"]]


def refusal_lines(refused: Mapping[str, str]) -> list[str]:
    """A line for each slot whose source was refused, with the reason."""
    return [f"⚠ certificate {slot} is not taken over: {reason}" for slot, reason in sorted(refused.items())]


def _row(certificate: CertificateRow) -> list[str]:
    return [
        str(certificate["slot"]) + ("" if certificate["serves"] else " (not served)"),
        ", ".join(certificate["names"]),
        str(certificate["key"]),
        str(certificate["issuer"]),
        f"{certificate['not_after'][:10]}, {ends(certificate)}",
        str(certificate["source"]),
    ]
