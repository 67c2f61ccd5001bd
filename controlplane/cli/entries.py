"""Prints events of the log."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import groupby
from typing import Any

import click

from controlplane.cli.terminal import columns


def show_entries(entries: Sequence[dict[str, Any]], as_json: bool, with_subject: bool) -> None:
    """Entries to stdout: a line of JSON each, or columns with the reason below each change set."""
    if as_json:
        for entry in entries:
            click.echo(json.dumps(entry, ensure_ascii=False))
        return
    for line in entry_lines(entries, with_subject):
        click.echo(line)


def entry_lines(entries: Sequence[dict[str, Any]], with_subject: bool) -> list[str]:
    """The columns, and a quoted line for the reason of each change set that has one."""
    rows = columns([_row(entry, with_subject) for entry in entries])
    lines = []
    for _, group in groupby(zip(entries, rows, strict=True), key=lambda pair: pair[0]["position"]):
        pairs = list(group)
        lines += [row for _, row in pairs]
        entry = pairs[0][0]
        if entry.get("reason"):
            lines.append(" " * (len(str(entry["position"])) + 2) + f'"{_first_line(entry["reason"])}"')
    return lines


def _row(entry: dict[str, Any], with_subject: bool) -> list[str]:
    subject = [entry["subject"]] if with_subject else []
    live = clock(entry.get("live") or "")
    who = entry["actor"]
    if entry.get("author") and entry["author"] != who:
        who = f"{entry['author']}, pushed by {who}"
    live_text = f"live {live.partition(' ')[2] or live}" if live else ""
    detail = _first_line(entry.get("detail") or "")
    return [
        str(entry["position"]), clock(entry["time"]), entry["kind"], *subject, detail,
        f"{who}, {entry['source']}", live_text,
    ]  # fmt: skip


def clock(time: str) -> str:
    """A time of the log for people, in UTC: `2026-11-22 14:03:11`."""
    return time[:19].replace("T", " ")


def _first_line(text: str) -> str:
    return text.partition("\n")[0]
