"""Parsing, editing and printing fit together on any text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlplane.ordered import comparing_once, differing_span
from controlplane.statefiles import access, accounts, aliases, masters, quotas, relay
from controlplane.statefiles.incremental import reparse
from controlplane.statefiles.parsed import Parsed
from controlplane.statefiles.tables import Table
from tests.property import strategies
from tests.property.strategies import addresses, hashes, targets

_comments = st.sampled_from(["", "# note", "   ", "  # indented", "#|#"])
_account_lines = st.builds("{}|{}".format, addresses, hashes)
_alias_lines = st.builds(lambda source, to: f"{source}  {', '.join(to)}", addresses, targets)
_continued = addresses.map("  {}".format)
_noise = st.sampled_from(["broken", "a@b|", "|", "x@y.test|{PLAIN}z"])


def _text(lines: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    joined = st.tuples(st.lists(lines, max_size=10), st.sampled_from(["\n", "\r\n"]), st.booleans())
    return joined.map(lambda drawn: drawn[1].join(drawn[0]) + (drawn[1] if drawn[2] else ""))


_account_texts = _text(_comments | _account_lines).filter(lambda text: not accounts.parse(text).problems)
_account_noise = _text(_comments | _account_lines | _noise)
_alias_noise = _text(_comments | _alias_lines | _continued | _noise)
_alias_texts = _text(_comments | _alias_lines | _continued).filter(
    lambda text: not aliases.parse(text).problems
)


@given(_account_texts, addresses, hashes)
def test_adding_and_removing_an_account_gives_the_text_back(text: str, address: str, secret: str) -> None:
    """Every byte that was there survives, and only the one account comes and goes."""
    before = accounts.parse(text).rows
    if address in before:
        return
    grown = accounts.add(text.encode(), address, secret).decode()
    assert grown.startswith(text)
    assert [*accounts.parse(grown).rows] == [*before, address]
    assert accounts.remove(grown, address).rstrip("\r\n") == text.rstrip("\r\n")


@given(_account_texts, st.data(), hashes)
def test_a_new_password_touches_one_line(text: str, data: st.DataObject, secret: str) -> None:
    """All other lines, comments and line ends included, are what they were."""
    rows = accounts.parse(text).rows
    if not rows:
        return
    address = data.draw(st.sampled_from(sorted(rows)))
    changed = accounts.update(text, address, secret)
    pairs = list(zip(text.split("\n"), changed.split("\n"), strict=True))
    assert sum(one != other for one, other in pairs) <= 1
    assert accounts.parse(changed).rows[address].password_hash == secret


@given(_alias_texts, addresses, addresses)
def test_adding_and_removing_a_target_gives_the_meaning_back(text: str, source: str, target: str) -> None:
    """An alias that was not there is gone again, one that was has its targets as before."""
    before = aliases.parse(text).rows
    if source in before and target in before[source].targets:
        return
    grown = aliases.add(text, source, target)
    assert aliases.parse(grown).rows[source].targets[-1] == target
    shrunk = aliases.remove(grown, source, target)
    assert aliases.parse(shrunk).rows == before
    assert _remarks(shrunk) == _remarks(text)


_TABLES: dict[str, tuple[Table[Any], st.SearchStrategy[str], st.SearchStrategy[str]]] = {
    "quotas": (quotas.TABLE, addresses, strategies.sizes),
    "masters": (masters.TABLE, strategies.words, hashes),
    "routes": (relay.ROUTES, strategies.senders, strategies.hosts),
    "credentials": (relay.CREDENTIALS, strategies.senders, strategies.credentials),
    "access": (access.SEND, addresses, strategies.actions),
}


def _table_texts(kind: str, *more: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    table, names, values = _TABLES[kind]
    lines = st.builds(f"{{}}{table.mark or ' '}{{}}".format, names, values).map(str.strip)
    return _text(st.one_of(_comments, lines, *more))


@pytest.mark.parametrize("kind", _TABLES)
@given(st.data())
def test_setting_and_removing_an_entry_touches_nothing_else(kind: str, data: st.DataObject) -> None:
    """What an edit sets is read back, every other entry and every remark is as before."""
    table, names, values = _TABLES[kind]
    text = data.draw(_table_texts(kind))
    before = table.parse(text)
    if before.problems:
        return
    name, value = data.draw(names), data.draw(values)
    known = table.parse(f"{name}{table.mark or ' '}{value}\n").rows
    changed = table.put(text, name, value)
    assert table.parse(changed).rows == {**before.rows, **known}
    assert [*table.parse(changed).rows][: len(before.rows)] == [*before.rows]
    removed = table.remove(changed, name)
    assert table.parse(removed).rows == {key: row for key, row in before.rows.items() if key not in known}
    assert _remarks(removed) == _remarks(changed) == _remarks(text)


@pytest.mark.parametrize("kind", _TABLES)
@given(st.data())
def test_reading_a_changed_table_is_reading_the_whole(kind: str, data: st.DataObject) -> None:
    """Whatever is spliced in wherever, the incremental way gives the same rows, order and problems."""
    table = _TABLES[kind][0]
    old = data.draw(_table_texts(kind))
    _same(table.parse, _spliced(old, data.draw(_table_texts(kind, _noise, _continued)), data), old)


def _remarks(text: str) -> list[str]:
    return [line for line in map(str.strip, text.split("\n")) if line.startswith("#")]


@given(_account_noise, _account_noise)
def test_reading_a_change_is_reading_the_whole(old: str, new: str) -> None:
    """Whatever stood there before, the incremental way gives the same accounts, order and problems."""
    _same(accounts.parse, new, old)


@given(_account_texts, _account_noise, st.data())
def test_reading_a_small_change_is_reading_the_whole(old: str, come: str, data: st.DataObject) -> None:
    """Lines inserted, dropped or cut in the middle of a word make no difference."""
    _same(accounts.parse, _spliced(old, come, data), old)


@given(_alias_texts, _alias_noise, st.data())
def test_reading_changed_aliases_is_reading_the_whole(old: str, come: str, data: st.DataObject) -> None:
    """Entries that go on on the next line are never torn apart."""
    _same(aliases.parse, _spliced(old, come, data), old)


def _spliced(old: str, come: str, data: st.DataObject) -> str:
    start = data.draw(st.integers(0, len(old)))
    end = data.draw(st.integers(start, len(old)))
    return old[:start] + come + old[end:]


def _same(parse: Callable[[str, str], Parsed[Any]], new: str, old: str) -> None:
    whole = parse(new, "x")
    known = parse(old, "x")
    with comparing_once():
        change = reparse(parse, new.encode(), "x", old.encode(), known)
        start, gone, come = differing_span(known.rows, change.rows)
    assert list(change.rows.items()) == list(whole.rows.items())
    assert change.problems == whole.problems
    before, after = list(known.rows.items()), list(change.rows.items())
    assert before[:start] == after[:start]  # where they differ is told truly, too
    assert before[gone:] == after[come:]
