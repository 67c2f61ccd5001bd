"""Arguments that are asked for where somebody can answer."""

from __future__ import annotations

import sys

import click

from controlplane.errors import UsageError


def ask(given: str | None, question: str) -> str:
    """What the command line gave, else a person's answer; raises UsageError where nobody can be asked."""
    if given:
        return given
    if not sys.stdin.isatty():
        raise UsageError.because(f"missing: {question}", "give it as an argument")
    answer: str = click.prompt(question, err=True)
    return answer
