"""What was live at any time, compared with what the daemons answered then."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import docker
import pytest
from testcontainers.core.network import Network

from tests.integration.conftest import started
from tests.integration.polling import poll
from tests.integration.server import Clone, Server
from wire.blobs import blob_id

VIRTUAL, MAIN_CF = "config/postfix-virtual.cf", "config/postfix-main.cf"
USER = "user@example.test"


@dataclass(frozen=True)
class Answer:
    """What Postfix and Dovecot said at a moment, and the newest position then."""

    at: datetime
    position: int
    aliases: frozenset[str]
    accounts: frozenset[str]
    lifetime: str


@pytest.fixture(scope="module")
def box(engine: docker.DockerClient, network: Network, resolver: str) -> Iterator[Server]:
    """A server of this module, with an account."""
    with started(engine, network, resolver, {"ENABLE_RSPAMD": "0"}) as server:
        server.add_account(USER)
        yield server


def settled(box: Server) -> None:
    """Wait until the newest release served or failed, and that is in the log."""

    def known() -> bool:
        status = box.status()
        return bool(status["attempted"] == status["release"])

    poll(known, "the newest release was tried", 40, every=0.2)


def answers(box: Server, names: list[str], boxes: list[str]) -> Answer:
    """Ask the daemons themselves."""
    found = {
        name for name in names if box.run("postmap", "-q", name, "lmdb:/etc/postfix/virtual").stdout.strip()
    }
    users = {name for name in boxes if box.run("doveadm", "user", name).returncode == 0}
    lifetime = box.must("postconf", "-h", "bounce_queue_lifetime").strip()
    return Answer(datetime.now(UTC), box.status()["position"], frozenset(found), frozenset(users), lifetime)


def test_live_at_any_time_is_what_the_daemons_answered(box: Server, tmp_path: Path) -> None:
    """Twelve changes, four of which were rolled back: log, and `show --live` at each moment, are right."""
    clone: Clone = box.clone(tmp_path / "clone")
    names = [f"alias{number}@example.test" for number in range(12)]
    boxes = [USER, "second@example.test"]
    recorded: list[Answer] = []
    wanted: dict[int, dict[str, Any]] = {}
    fates: dict[int, str] = {}
    for number in range(12):
        clone.back()
        if number % 3 == 1:
            clone.write(MAIN_CF, f"mynetworks = 127.0.0.0/{33 + number}\n")
            fate = "rolled_back"
        elif number % 3 == 2:
            clone.write(MAIN_CF, f"bounce_queue_lifetime = {number}d\n")
            fate = "served"
        else:
            clone.write(VIRTUAL, f"{names[number]} {USER}\n", append=True)
            fate = "served"
        clone.commit(f"Change {number}")
        push = clone.push()
        assert push.accepted, push.said
        settled(box)
        if number == 6:
            box.add_account(boxes[1])
            settled(box)
        position = max(e["position"] for e in box.log("--text", f'"Change {number}"', "--source", "push"))
        fates[position] = fate
        recorded.append(answers(box, names, boxes))
        wanted[recorded[-1].position] = json.loads(box.must("mailctl", "show", "--json"))
    told = {e["position"]: e["outcome"] for e in box.log("--source", "push", "--limit", "1000")}
    assert {position: told[position] for position in fates} == fates
    failed = {e["position"] for e in box.log("--outcome", "rolled-back")}
    assert failed == {position for position, fate in fates.items() if fate == "rolled_back"}
    for answer in recorded:
        compare(box, answer, names, boxes)
        shown = json.loads(box.must("mailctl", "show", "--json", "--at", answer.at.isoformat()))
        assert shown == wanted[answer.position]


def compare(box: Server, answer: Answer, names: list[str], boxes: list[str]) -> None:
    """What `show --live` says of the moment is what the daemons answered."""
    at = answer.at.isoformat(timespec="milliseconds")
    shown = json.loads(box.must("mailctl", "show", "--json", "--live", "--at", at))
    assert {row["alias"] for row in shown["aliases"]} & set(names) == answer.aliases
    assert set(shown["accounts"]) & set(boxes) == answer.accounts
    blobs = {row["path"]: row["blob"] for row in shown["overrides"]}
    text = f"bounce_queue_lifetime = {answer.lifetime}\n"
    default = "postfix-main.cf" not in blobs and answer.lifetime == "5d"
    assert default or blobs["postfix-main.cf"] == blob_id(text.encode()), (answer, shown["held"])
