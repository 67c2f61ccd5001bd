"""The names under which new and old files wait beside their targets."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.files.staging import KEPT, beside, live_name, product
from agent.paths import ASIDE
from wire.manifest import Compile

FOLDER = Path("/usr/lib/dovecot/sieve-global/before")


@pytest.mark.parametrize("prefix", [ASIDE, KEPT])
def test_what_waits_is_no_script(prefix: str) -> None:
    """Dovecot would run it: it takes every file of the folder whose name ends in .sieve."""
    assert beside(FOLDER / "before.dovecot.sieve", prefix).suffix != ".sieve"


@pytest.mark.parametrize("name", ["before.dovecot.sieve", "main.cf", "odd~", ".sieve"])
def test_the_name_leads_back(name: str) -> None:
    """What a compiler says of the waiting file is told of the live one."""
    assert live_name(beside(FOLDER / name, ASIDE)) == name


def test_the_product_waits_beside_its_target() -> None:
    """A script is compiled to where the installation looks for its binary."""
    script = FOLDER / "before.dovecot.sieve"
    aside = product(beside(script, ASIDE), Compile.SIEVE)
    assert aside == beside(product(script, Compile.SIEVE), ASIDE)
