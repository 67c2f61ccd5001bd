"""What became of an attempt to apply a release: the agent says it, daemon and commands pass it on."""

from __future__ import annotations

from enum import StrEnum


class OutcomeKind(StrEnum):
    """How an apply ended."""

    APPLIED = "applied"
    """The release serves; what of it failed before may be held."""
    REJECTED = "rejected"
    """It failed before anything was changed."""
    ROLLED_BACK = "rolled_back"
    """It failed after that, and what served before was put back."""
    QUARANTINED = "quarantined"
    """It was not tried: the same content failed before."""
    SUSPENDED = "suspended"
    """It was not tried: releases are held back until somebody resumes."""


FAILED = (OutcomeKind.REJECTED, OutcomeKind.ROLLED_BACK, OutcomeKind.QUARANTINED)
"""Outcomes of a release that does not serve."""
