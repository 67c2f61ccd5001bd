"""Whatever the reader of a file takes as a password is found, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from controlplane.intake.checks.secrets_in_clear import in_clear
from controlplane.statefiles.secret_parts import seal_parts, secret_parts
from tests.examples_of_secrets import HARMLESS, REFUSED, SEALED, SECRET

WORD = "age:" + "A" * 240


def rows(places: Mapping[str, list[str]]) -> list[tuple[str, str]]:
    """Each text with its path."""
    return [(path, text.replace("PLANTED", SECRET)) for path, texts in places.items() for text in texts]


@pytest.mark.parametrize(("path", "text"), rows(SEALED))
def test_a_planted_secret_is_found_and_sealed_in_its_place(path: str, text: str) -> None:
    """The rest stays, the sealed text is clean, and what is reported does not repeat it."""
    problems = list(in_clear(path, text.encode()))
    assert problems
    assert SECRET not in f"{problems}"
    assert f"mailctl seal {path}" in problems[0].cure
    sealed = seal_parts(text, [part for part in secret_parts(path, text) if part.must], lambda _: WORD)
    assert SECRET not in sealed
    assert list(in_clear(path, sealed.encode())) == []


@pytest.mark.parametrize(("path", "text"), rows(REFUSED))
def test_a_secret_without_a_place_is_refused(path: str, text: str) -> None:
    """It is reported with what to do instead, and sealing does not hide it."""
    problems = list(in_clear(path, text.encode()))
    assert problems
    assert SECRET not in f"{problems}"
    sealed = seal_parts(text, [part for part in secret_parts(path, text) if part.must], lambda _: WORD)
    assert list(in_clear(path, sealed.encode()))


@pytest.mark.parametrize(("path", "text"), rows(HARMLESS))
def test_what_is_no_secret_passes(path: str, text: str) -> None:
    """Hashes, references, comments, names that only sound alike."""
    assert list(in_clear(path, text.encode())) == []


@pytest.mark.parametrize(
    "path",
    [
        "config/postfix-sasl-password.cf.bak",
        "config/postfix-sasl-password.cf~",
        "config/postfix-sasl-password.cf.2",
        "old/config/postfix-sasl-password.cf",
    ],
)
def test_a_copy_is_searched_like_what_it_is_a_copy_of(path: str) -> None:
    """No reader takes it, and every clone has it."""
    assert list(in_clear(path, f"@d.test user:{SECRET}\n".encode()))
    assert list(in_clear("old/mailserver.env.bak", f"RELAY_PASSWORD={SECRET}\n".encode()))
