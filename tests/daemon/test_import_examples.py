"""The documentation's own examples are imported as they stand there (tests/examples/<page>/)."""

from __future__ import annotations

from pathlib import Path

import pytest

from controlplane.cli.clone.config_folder import read_folder
from controlplane.cli.clone.working_tree import as_request
from tests.daemon.site import ROOT, Site
from tests.daemon.test_imports import encoded

EXAMPLES = ROOT / "tests/examples"
PAGES = sorted(path.name for path in EXAMPLES.iterdir())
MOUNTED = "config/dovecot/"
"""What these pages have people mount from the config folder over a managed path."""


@pytest.mark.parametrize("page", PAGES)
def test_an_example_is_imported(site: Site, page: str) -> None:
    """Nothing of it is refused, unknown, left out or in the clear."""
    found = _import(site, EXAMPLES / page)
    assert found["problems"] == []
    for item in (*found["files"], *found["settings"]):
        assert item["done"] != "left out", item
        assert item["support"] != "unknown" or item["name"].startswith(MOUNTED), item
    site.must_agree()


def _import(site: Site, folder: Path) -> dict[str, list[dict[str, str]]]:
    config, env = folder / "config", folder / "mailserver.env"
    files = as_request(read_folder(config).files) if config.is_dir() else {}
    return site.ask("import", files=files, **({"env": encoded(env.read_text())} if env.exists() else {}))
