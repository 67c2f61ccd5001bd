"""Prompts for arguments that are missing."""

from __future__ import annotations

import sys

import click

from controlplane.errors import UsageError


def ask(given: str | None, question: str) -> str:
    """The argument as given, else prompt for it; raises UsageError where stdin is no terminal."""
    if given:
        return given
    if not sys.stdin.isatty():
        raise UsageError.because(f"missing: {question}", "give it as an argument")
    answer: str = click.prompt(question, err=True)
    return answer
