"""Reads what requests have in common."""

from __future__ import annotations

from typing import cast

from controlplane.daemon.ops.requests import Asked, Report
from controlplane.errors import UsageError
from controlplane.events import Source
from controlplane.intake.accepted_pushes import Cause

SOURCES = ("setup", "mailctl")


def reporting_node(report: Report, known: str) -> str:
    """The node whose agent reports; raises UsageError for one that is not `known`."""
    if report.node != known:
        message = (
            f"{report.node!r} is not a node of this server" if report.node else "the report names no node"
        )
        raise UsageError.because(message, f"name the node {known}")
    return report.node


def cause(asked: Asked, default: Source = "mailctl") -> Cause:
    """Who asks, by which command, and why."""
    source = asked.source or default
    if source not in SOURCES and source != default:
        raise UsageError.because(f"{source} is not a source of commands", "use setup or mailctl")
    return Cause(asked.actor or "root", cast(Source, source), asked.reason)
