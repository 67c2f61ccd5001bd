"""The table has a row for everything that is not the same, and every row does what it says."""

from __future__ import annotations

import pytest

from renderers.dovecot.dialects import names
from renderers.dovecot.dialects.fates import Dropped, Place, Refused, Renamed, Row, Same
from renderers.dovecot.dialects.table import ROWS, fate, successor
from renderers.dovecot.dialects.translation import Dialect, translate
from tests.dialects.samples import setting, text

_IDS = [f"{row.place.name}-{row.name}" for row in ROWS]


def test_no_setting_has_two_rows() -> None:
    """One name in one place becomes one thing."""
    keys = [(row.place, row.name) for row in ROWS]
    assert sorted(key for key in keys if keys.count(key) > 1) == []


@pytest.mark.parametrize("name", sorted(names.old()))
def test_every_setting_of_2_3_has_a_fate(name: str) -> None:
    """What 2.4 does not know has a row; blocks have their own rules."""
    assert fate(Place.TOP, name) is not None or name in (*_blocks(), "plugin")


def _blocks() -> list[str]:
    return [name for name, kind in names.new().items() if kind in names.BLOCKS]


@pytest.mark.parametrize("row", ROWS, ids=_IDS)
def test_a_new_name_is_one_of_2_4(row: Row) -> None:
    """A row names no setting that 2.4 does not know."""
    if isinstance(row.fate, Renamed):
        prefixes = ("", "service_", "inet_listener_", "passdb_", "event_exporter_")
        assert any(prefix + row.fate.to in names.new() for prefix in prefixes)
    if isinstance(row.fate, Same) and row.place in (Place.TOP, Place.PLUGIN):
        assert row.name in names.new()


@pytest.mark.parametrize("row", ROWS, ids=_IDS)
def test_each_row_does_what_it_says(row: Row) -> None:
    """A refused setting names its line; any other gives a text that is 2.4's, or both's, and stays so."""
    old = translate(text(row), "dovecot.cf")
    line = text(row).splitlines().index(next(x for x in text(row).splitlines() if setting(row) in x)) + 1
    if isinstance(row.fate, Refused):
        (problem,) = old.problems
        assert problem.line == line
        assert row.fate.why in problem.message
        assert problem.cure.startswith(row.fate.cure)
        return
    assert old.problems == ()
    if isinstance(row.fate, Dropped):
        assert setting(row) not in old.text
        assert [notice.line for notice in old.notices] == [line]
    again = translate(old.text, "dovecot.cf")
    assert again.problems == ()
    assert again.dialect is not Dialect.OLD
    assert again.text == old.text


def test_references_follow_their_settings() -> None:
    """`$NAME` finds what a setting is called now."""
    assert successor("default_login_user") == "default_login_user"
    assert successor("ssl_cert") == "ssl_server_cert_file"
    assert successor("disable_plaintext_auth") == ""
    assert successor("unheard_of") == ""
