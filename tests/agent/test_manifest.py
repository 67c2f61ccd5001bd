"""A manifest cannot reach outside of what the image allows."""

from __future__ import annotations

import pytest

from agent.errors import Corrupt
from agent.release.manifest import Release, parse
from services import NODE_SERVICES
from services.base import NodeServices
from tests.agent.conftest import entry
from wire.manifest import Action, Entry

AREAS = NodeServices(NODE_SERVICES).areas


@pytest.mark.parametrize(
    "path",
    [
        "etc/../root/x",
        "usr/bin/python3",
        "/etc/x",
        "etc//x",
        "var/mail-state/x",
        "etc/shadow",
        "etc/cron.d/x",
    ],
)
def test_manifest_cannot_reach_outside(path: str) -> None:
    """A release configures services; it cannot replace programs or the agent's own state."""
    manifest = {"format": 1, "hostname": "h", "files": {path: entry("etc/postfix/main.cf")}, "services": {}}
    with pytest.raises(Corrupt):
        parse(manifest, {path: "0" * 40}, AREAS, "c", 1)


@pytest.mark.parametrize("change", [{"mode": "4755"}, {"action": "exec"}, {"compile": "sh"}])
def test_manifest_cannot_add_abilities(change: dict[str, str]) -> None:
    """Modes with special bits, unknown actions and unknown compilers are refused."""
    rows = {"etc/postfix/x": entry("etc/postfix/x") | change}
    with pytest.raises(Corrupt):
        parse(
            {"format": 1, "hostname": "h", "files": rows, "services": {}},
            {"etc/postfix/x": "0" * 40},
            AREAS,
            "c",
            1,
        )


def test_a_release_may_await_its_certificate() -> None:
    """TLS is wanted, and no file of the release is of a certificate yet."""
    source = ({"slot": "default"},)
    key = Entry("etc/dms/tls/key", ("tls",), Action.RELOAD, 0o640, "root:root", slot="default", part="key")
    assert Release("", 1, certificates=source).awaits_certificate
    assert not Release("", 1, files={key.path: key}, certificates=source).awaits_certificate
    assert not Release("", 1).awaits_certificate
