"""How scripts are compiled while Dovecot's live configuration may be what is to be mended."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from agent.commands import Ran
from agent.files import compilers


def test_plugins_that_cannot_start_keep_no_release_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """sievec(1) ends at a plugin without its key, whatever the script is: none is loaded."""

    def run(words: Sequence[str], _: float) -> Ran:
        return Ran(0, "") if "mail_plugins=" in words else Ran(89, "sievec: Fatal: mail_crypt_plugin: no key")

    monkeypatch.setattr(compilers, "run", run)
    compilers._sievec(tmp_path / "a.sieve", "dovecot")
