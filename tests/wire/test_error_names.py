"""A kind of error has one name in all programs."""

from __future__ import annotations

from agent import errors as agents
from controlplane import answers
from controlplane.errors import Conflict, MailserverError
from wire.errors import NAMES


def test_every_name_is_a_class_of_the_control_plane() -> None:
    """And the other way round."""
    assert set(answers.KINDS) == set(NAMES)
    assert {kind.__name__ for kind in MailserverError.__subclasses__()} & set(NAMES) <= set(answers.KINDS)


def test_the_agent_uses_the_same_names() -> None:
    """It knows some of the kinds."""
    assert set(agents.KINDS) < set(NAMES)
    assert all(kind.__name__ == name for name, kind in agents.KINDS.items())


def test_a_kind_below_a_kind_is_named_after_it() -> None:
    """Whoever asks knows the kinds alone."""

    class Moved(Conflict):
        """Known here only."""

    answer = answers.to_answer(Moved("main has moved"))
    assert (answer.name, type(answers.from_answer(answer))) == ("Conflict", Conflict)
