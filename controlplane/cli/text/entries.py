"""Events of the log as lines of text or JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from controlplane.cli.text.pages import show_pages, width
from controlplane.cli.text.terminal import columns, fit_cells, shorten, show_plain
from controlplane.outcomes import ChangeOutcome

_NARROWEST = (16, 12, 14)
"""Least widths, in columns, of subject, detail and person; narrower terminals get two lines per row."""
_REASON = 200
"""Columns of a reason where stdout is no terminal; --json gives more."""
_EXPLAINED = frozenset(ChangeOutcome) - {ChangeOutcome.PENDING, ChangeOutcome.SERVED}
"""Outcomes whose reason is shown below the change set."""


def show_entries(
    entries: Sequence[Mapping[str, Any]], *, as_json: bool, with_subject: bool, pager: bool = True
) -> None:
    """Print entries to stdout: one line of JSON each, or columns that fit the terminal, in pages."""
    if as_json:
        show_plain(json.dumps(entry, ensure_ascii=False) for entry in entries)
        return
    show_pages(entry_lines(entries, with_subject=with_subject, most=width()), pager=pager)


def entry_lines(entries: Sequence[Mapping[str, Any]], *, with_subject: bool, most: int = 0) -> list[str]:
    """Entries in columns, and below each change set its outcome and the reason given for it.

    No line is wider than `most` columns (0: unlimited). Where the columns do not fit, the person and
    the outcome go to a second line.
    """
    cells = [_row(entry, with_subject=with_subject) for entry in entries]
    narrow = {3 + n: least for n, least in enumerate(_NARROWEST if with_subject else _NARROWEST[1:])}
    fitted = fit_cells(cells, most, narrow)
    if fitted is not None:
        rows = [[line] for line in columns(fitted)]
    else:
        split = 5 if with_subject else 4
        heads = columns(
            fit_cells([row[:split] for row in cells], most, {n: 1 for n in narrow if n < split}) or []
        )
        rows = [
            [head, f"{_indent(entry)}{' · '.join(filter(None, reversed(row[split:])))}"]
            for head, row, entry in zip(heads, cells, entries, strict=True)
        ]
    lines: list[str] = []
    for _, group in groupby(zip(entries, rows, strict=True), key=lambda pair: pair[0]["position"]):
        pairs = list(group)
        lines += [line for _, row in pairs for line in row]
        lines += _below([entry for entry, _ in pairs])
    return [shorten(line, most) for line in lines]


def _row(entry: Mapping[str, Any], *, with_subject: bool) -> list[str]:
    subject = [entry["subject"]] if with_subject else []
    who = entry["actor"]
    if entry.get("author") and entry["author"] != who:
        who = f"{entry['author']}, pushed by {who}"
    detail = _first_line(entry.get("detail") or "")
    return [
        str(entry["position"]), clock(entry["time"]) + (" ⚠" if entry.get("clock") else ""), entry["kind"],
        *subject, detail, f"{who}, {entry['source']}", _outcome(entry),
    ]  # fmt: skip


def _outcome(entry: Mapping[str, Any]) -> str:
    """`live 14:03:12`, with the date where it differs from that of the change."""
    outcome = entry.get("outcome") or (ChangeOutcome.SERVED if entry.get("live") else "")
    time = clock(entry.get("outcome_time") or entry.get("live") or "")
    if time[:10] == entry["time"][:10]:
        time = time[11:]
    word = "live" if outcome == ChangeOutcome.SERVED else outcome.replace("_", " ")
    return f"{word} {time}".strip()


def _below(entries: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    first = entries[0]
    indent = _indent(first)
    if first.get("clock"):
        yield f"{indent}⚠ the clock was {first['clock']}"
    outcomes = dict.fromkeys(
        f"{entry['outcome'].replace('_', ' ')}: {_first_line(entry.get('outcome_reason') or '')}"
        for entry in entries
        if entry.get("outcome") in _EXPLAINED
    )
    yield from (f"{indent}{text}" for text in outcomes)
    if first.get("reason"):
        yield f'{indent}"{shorten(_first_line(first["reason"]), _REASON)}"'


def _indent(entry: Mapping[str, Any]) -> str:
    return " " * (len(str(entry["position"])) + 2)


def clock(time: str) -> str:
    """A time of the log as shown to people, in UTC: `2026-11-22 14:03:11`."""
    return time[:19].replace("T", " ")


def _first_line(text: str) -> str:
    return text.partition("\n")[0]
