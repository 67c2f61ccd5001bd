"""No setting is silently ignored: each changes exactly the services that it declares."""

from __future__ import annotations

import json
from typing import Any

import pytest

from controlplane.settings.catalog import SETTINGS
from renderers import SERVICES
from tests.renderers.states import render_node, state

ACCOUNTS = ("user1@example.test",)
NAMES = {service.name for service in SERVICES}


def parts(settings: dict[str, str]) -> dict[str, Any]:
    """What each service has in a state: contents, manifest entries, programs, probes, sources."""
    node = render_node(state(settings, accounts=ACCOUNTS))
    manifest = json.loads(node.manifest)
    found: dict[str, Any] = {name: [manifest["services"].get(name)] for name in NAMES}
    found["tls"].append(manifest["certificates"])
    for path, file in node.files.items():
        found[node.owner_of(path)].append((path, manifest["files"][path], getattr(file, "content", b"")))
    return found


@pytest.mark.parametrize("name", SETTINGS)
def test_flip(name: str) -> None:
    """The default and the sample value differ in the declared services and in no other."""
    spec = SETTINGS[name]
    assert set(spec.consumers) <= NAMES
    before = parts(dict(spec.requires))
    after = parts({**spec.requires, name: spec.sample})
    assert {service for service in NAMES if before[service] != after[service]} == set(spec.consumers)
