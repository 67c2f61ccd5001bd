"""Problems of the server's own lines, at the setting that a change sets."""

from __future__ import annotations

import pytest

from controlplane.errors import Problem
from controlplane.events import Event
from controlplane.events.settings import SettingChanged
from controlplane.intake.blame.changed_setting import at_setting
from controlplane.statefiles.treefile import TreeFile

FILES = {"mailserver.env": TreeFile(b"# ours\nTZ=UTC\nPOSTFIX_DAGENT=x\n")}
AT = Problem("/etc/postfix/main.cf", 39, "postfix: nobody listens", "see")


@pytest.mark.parametrize(
    ("events", "place"),
    [
        ((SettingChanged(name="POSTFIX_DAGENT", old=None, new="x"),), ("mailserver.env", 3)),
        (
            (
                SettingChanged(name="POSTFIX_DAGENT", old=None, new="x"),
                SettingChanged(name="TZ", old=None, new="UTC"),
            ),
            (AT.path, AT.line),
        ),
        ((SettingChanged(name="LOG_LEVEL", old=None, new="x"),), (AT.path, AT.line)),
        ((), (AT.path, AT.line)),
    ],
)
def test_the_one_setting_is_named(events: tuple[Event, ...], place: tuple[str, int]) -> None:
    """Where several changed, or it stands on no line, nothing is guessed."""
    found = at_setting(AT, events, FILES)
    assert (found.path, found.line) == place


def test_a_place_of_main_stays() -> None:
    """What was led back already is not led elsewhere."""
    there = Problem("config/postfix-main.cf", 1, "bad", "correct it")
    assert at_setting(there, (SettingChanged(name="TZ", old=None, new="UTC"),), FILES) == there
