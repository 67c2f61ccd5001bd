"""An identity to seal for."""

from __future__ import annotations

import pytest

from controlplane import secrets
from controlplane.intake.importing.clear_secrets import Sealer


@pytest.fixture(scope="session")
def sealer(tmp_path_factory: pytest.TempPathFactory) -> Sealer:
    """Seals for an identity of its own, and opens again."""
    return Sealer(secrets.ensure_identity(tmp_path_factory.mktemp("control")))
