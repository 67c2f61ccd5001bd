"""Damage of what the agent serves from: mail goes on, restarted and in a fresh container alike."""

from __future__ import annotations

import json
from collections.abc import Callable

import docker
import pytest

from tests.integration.polling import poll
from tests.integration.server import Server

Start = Callable[..., Server]
USER, ALIAS = "user1@example.test", "info@example.test"
OBJECT = """
cd /var/mail-state/state.git
id=$(git rev-parse rendered{name}) || exit 1
for pack in objects/pack/*.pack; do
    [ -e "$pack" ] || continue
    mv "$pack" /tmp/pack && rm -f objects/pack/* && git unpack-objects -q < /tmp/pack
done
file=objects/$(printf %.2s "$id")/$(printf %s "$id" | cut -c3-)
chmod 0644 "$file"
"""
FLIP = """
python3 -c '
import sys
content = bytearray(open(sys.argv[1], "rb").read())
content[len(content) // 2] ^= 1
open(sys.argv[1], "wb").write(content)' "$file"
"""
CUT = 'truncate -s $(($(stat -c %s "$file") / 2)) "$file"\n'
AGENT = "cd /var/mail-state/agent\n"

DAMAGES = {
    "a flipped bit in the newest release": OBJECT.format(name="") + FLIP,
    "a release without its manifest": OBJECT.format(name=":mail/manifest.json") + 'rm "$file"\n',
    "half of applied.json": AGENT + "file=applied.json\n" + CUT,
    "no records of the agent": "rm -rf /var/mail-state/agent\n",
    "no certificates that hold together": AGENT + 'for file in certs/*/* ca/*; do echo x > "$file"; done\n',
    "no state repository": "rm -rf /var/mail-state/state.git\n",
    "a repository of root's": "cd /var/mail-state\nchown -R root:root state.git\nchmod -R go= state.git\n",
    "folders that are gone": "cd /var/mail-state; rm -rf lib-* spool-postfix/{active,maildrop,public}\n",
}
TOLD = ("a flipped bit in the newest release", "half of applied.json")


@pytest.fixture
def served(fresh: Start, volumes: dict[str, str]) -> Server:
    """A server with an account and an alias, whose copy of what it serves is made."""
    server = fresh(volumes=volumes)
    server.add_account(USER)
    server.must("setup", "alias", "add", ALIAS, USER)
    applied = server.status()["applied_commit"]

    def kept() -> bool:
        shown = server.run("cat", "/var/mail-state/agent/serving/release.json").stdout
        return bool(shown) and json.loads(shown)["value"]["applied"]["commit"] == applied

    poll(kept, "a copy of what serves", 20)
    return server


def damage(server: Server, script: str) -> None:
    """Run a script on the volumes of a server that is stopped."""
    client = docker.from_env()
    binds = {name: {"bind": place, "mode": "rw"} for place, name in _volumes(server).items()}
    command = ["-euc", "git config --global safe.directory '*'\n" + script]
    client.containers.run(server.container.image, command, entrypoint="bash", volumes=binds, remove=True)


def _volumes(server: Server) -> dict[str, str]:
    server.container.reload()
    mounts = server.container.attrs["Mounts"]
    return {mount["Destination"]: mount["Name"] for mount in mounts if mount["Type"] == "volume"}


CASES = [(name, True) for name in DAMAGES] + [(name, False) for name in TOLD]
"""Each in a fresh container, which has nothing but the volumes; some in one that is only restarted."""


@pytest.mark.parametrize(("name", "replaced"), CASES)
def test_mail_is_served_whatever_is_damaged(
    served: Server, fresh: Start, volumes: dict[str, str], name: str, replaced: bool
) -> None:
    """An account logs in, a message to its alias arrives, nothing is called a roll-back."""
    served.container.stop(timeout=60)
    damage(served, DAMAGES[name])
    if replaced:
        served = fresh(volumes=volumes)
    else:
        served.container.start()
    poll(lambda: _logs_in(served), "a login", 60)
    served.wait_healthy()
    served.wait_for_mail(USER, served.deliver(ALIAS))
    shown = served.run("mailctl", "status")
    assert "rolled back" not in shown.stdout
    log = served.container.logs().decode()
    assert "agent: repaired" in log or "agent: damage" in log
    if "control plane does not answer" not in shown.stdout + shown.stderr:
        assert "repaired: " in shown.stdout or "damaged: " in shown.stdout


def _logs_in(server: Server) -> bool:
    try:
        with server.imap(USER):
            return True
    except OSError:
        return False
