"""docs/reference/control-protocol.md says what the daemon knows."""

from __future__ import annotations

from typing import Any, get_args, get_type_hints

import pytest
from pydantic import ValidationError

from controlplane.daemon.ops import OPS, document
from controlplane.intake.edits.commands import COMMANDS
from tests.typed_answers import answer_types, must_fit

PAGE = document.PAGE.read_text()
ANSWERS = [kind for kind in answer_types() if kind.__module__.startswith("controlplane.protocol")]
REQUESTS = {operation.asks for operation in OPS.values()}


def test_the_operations_are_fresh() -> None:
    """Else run `python -m controlplane.daemon.ops.document`."""
    assert document.page(PAGE) == PAGE


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_named(command: str) -> None:
    """In the table of the commands of `edit`."""
    assert any(f"`{command}`" in line.split("|")[1] for line in PAGE.splitlines() if line.startswith("| `"))


def test_no_two_objects_share_a_name() -> None:
    """Their sections are reached by it."""
    titles = [line for line in PAGE.splitlines() if line.startswith("### ")]
    assert len(titles) == len(set(titles))


def test_no_line_is_long() -> None:
    """The page is read as it is, too."""
    assert [line for line in PAGE.splitlines() if len(line) > 120] == []


@pytest.mark.parametrize("kind", [*ANSWERS, *sorted(REQUESTS, key=str)], ids=lambda kind: kind.__name__)
def test_numbers_have_a_meaning(kind: Any) -> None:
    """Which says what they count, and in what unit."""
    known, hints = dict(document.meanings(kind)), get_type_hints(kind)
    fields = getattr(kind, "model_fields", hints)
    assert {name for name in fields if {int, float} & {hints[name], *get_args(hints[name])}} <= known.keys()


@pytest.mark.parametrize("op", OPS)
def test_the_answer_is_what_the_table_says(op: str) -> None:
    """What the function of the operation says that it returns; mypy holds its code to that."""
    assert get_type_hints(OPS[op].run)["return"] is OPS[op].answers


@pytest.mark.parametrize("answer", [{}, {"recipient": 1}, {"recipient": "age1", "more": ""}])
def test_an_answer_that_does_not_fit_is_found(answer: dict[str, Any]) -> None:
    """`Site.ask` looks at each: a field that is missing, of another type, or in no table."""
    with pytest.raises(ValidationError):
        must_fit("recipient", answer)
