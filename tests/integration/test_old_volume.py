"""Volumes that an image on Debian 12 wrote serve as they did, and can be taken back.

There is no such image where the tests usually run. Whether Dovecot 2.3 still reads the mail is told there
by what it must know to read it, the major version in each of its files. With OLD_IMAGE, the name of an image
on Debian 12, that image is started on the mail as the image under test left it, and all of it has to be there
and the same. State and config volume are those of the archive then: an older control plane need not read a
newer log.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, NamedTuple

import docker
import pytest
from testcontainers.core.network import Network

from tests.integration.conftest import IMAGE, started
from tests.integration.old_volume import observed, site
from tests.integration.old_volume.make import deliver
from tests.integration.old_volume.volumes import NAMES, files, unpack
from tests.integration.server import PASSWORD, Server
from wire.canary import ADDRESS

OLD_IMAGE = os.environ.get("OLD_IMAGE", "")
ARCHIVE = site.HERE / "volumes.tar.xz"
EXPECTED: dict[str, Any] = json.loads((site.HERE / "expected.json").read_text())
DELIVERED = site.PEOPLE[:6]
"""Two of each format: some of their mail is compressed, some encrypted, too."""
_WRONG = re.compile(r"dovecot: .*(?:Error|Panic|Fatal|Corrupt|Rebuild|Broken)")

Started = Callable[..., AbstractContextManager[Server]]
Volumes = Mapping[str, str]


class Upgraded(NamedTuple):
    """A server on the old volumes, and what it said of them before anybody else asked it."""

    server: Server
    found: dict[str, Any]
    volumes: Volumes


@pytest.fixture(scope="module")
def start_on(engine: docker.DockerClient, network: Network, resolver: str) -> Started:
    """Starts a server with what was mounted into the old one."""

    def start(volumes: Volumes, image: str = IMAGE) -> AbstractContextManager[Server]:
        mounted = {**volumes, **site.mounts()}
        return started(engine, network, resolver, site.SETTINGS, volumes=mounted, image=image)

    return start


@contextmanager
def old_volumes(engine: docker.DockerClient) -> Iterator[dict[str, str]]:
    """Volumes with what is in the archive, by name; removed at the end."""
    made = {engine.volumes.create().name: place for place in NAMES}
    try:
        unpack(engine, IMAGE, made, ARCHIVE.read_bytes())
        yield made
    finally:
        for name in made:
            engine.volumes.get(name).remove(force=True)


@pytest.fixture(scope="module")
def upgraded(engine: docker.DockerClient, start_on: Started) -> Iterator[Upgraded]:
    """The image under test on a copy of the volumes."""
    with old_volumes(engine) as volumes, start_on(volumes) as server:
        yield Upgraded(server, observed.everything(server), volumes)


@pytest.mark.shows("DOVECOT_MAILBOX_FORMAT", "mail_crypt", "update-and-cleanup")
def test_every_message_is_found_again(upgraded: Upgraded) -> None:
    """With its UID, flags, time and content, in every format; limits, folders and POP3's names as well."""
    assert upgraded.found["people"].keys() == EXPECTED["people"].keys()
    for address, expected in EXPECTED["people"].items():
        assert upgraded.found["people"][address] == expected, address
    log = upgraded.server.must("cat", "/var/log/mail/mail.log")
    assert [line for line in log.splitlines() if _WRONG.search(line) and ADDRESS not in line] == []


def test_main_says_what_it_said(upgraded: Upgraded) -> None:
    """Accounts, aliases, limits, masters, settings, files."""
    assert upgraded.found["said"] == EXPECTED["said"]


@pytest.mark.shows("dovecot-masters.cf")
def test_masters_log_in(upgraded: Upgraded) -> None:
    """By a hash that was sealed for the old server, and by one that is weak."""
    for master in (site.CHIEF, site.OLD_CHIEF):
        for person in site.PEOPLE[:3]:
            with upgraded.server.imap(f"{person.address}*{master}", PASSWORD) as session:
                assert session.select("INBOX", readonly=True)[0] == "OK"


@pytest.mark.shows("postfix-main.cf", "postfix-master.cf", "dovecot.cf", "user-patches.sh")
def test_changes_of_ones_own_hold(upgraded: Upgraded) -> None:
    """Overrides, what was mounted over a file of ours, and what user-patches.sh does."""
    server, status = upgraded.server, upgraded.server.status()
    assert status["healthy"]
    assert (status["failure"], status.get("held") or []) == (None, [])
    assert "etc/dovecot/conf.d/15-mailboxes.conf" in status["pinned"]
    assert "etc/postfix/main.cf" in status["patched"]
    assert server.must("postconf", "-h", "max_idle", "delay_warning_time").split() == ["99s", "5h"]
    assert "syslog_name=postfix/own" in server.must("postconf", "-M", "2526/inet")
    limit = "submission/inet/smtpd_client_connection_count_limit"
    assert server.must("postconf", "-P", limit).partition("=")[2].strip() == "20"
    assert server.must("doveconf", "-h", "mail_max_userip_connections").strip() == "33"
    with server.imap(site.PEOPLE[0].address) as session:
        listed = b" ".join(line for line in session.list()[1] if isinstance(line, bytes))
    assert b"\\Archive" in listed


@pytest.mark.shows("full-text-search")
def test_old_mail_is_searched(upgraded: Upgraded) -> None:
    """What the old server indexed, and what it did not."""
    for person in DELIVERED:
        with upgraded.server.imap(person.address) as session:
            session.select("INBOX", readonly=True)
            _, (there,) = session.search(None, "ALL")
            _, (hits,) = session.search(None, "BODY", "quinces")
            assert hits == there != b"", person


@pytest.mark.shows("before.dovecot.sieve", "after.dovecot.sieve", "mail-sieve")
def test_new_mail_comes_behind_the_old_and_can_be_taken_back(
    upgraded: Upgraded, engine: docker.DockerClient, start_on: Started
) -> None:
    """Scripts file it, nothing old changes, and Dovecot 2.3 reads all of it (see above)."""
    server = upgraded.server
    for person in DELIVERED:
        deliver(server, person)
        deliver(server, person, "Lists", X_Old_List="c")
    deliver(server, site.FILTERED, "Filtered", X_Old="main")
    deliver(server, site.SCRIPTED, "Personal", X_Old="own")
    with server.imap(site.PEOPLE[20].address) as session:
        session.select("INBOX")
        session.store("1", "+FLAGS", "(\\Seen Neu)")
    found = observed.everything(server)["people"]
    for person in DELIVERED:
        before = EXPECTED["people"][person.address]["folders"]
        for name, now in found[person.address]["folders"].items():
            known = before.get(name, {"validity": now["validity"], "next": 1, "messages": []})
            old, new = now["messages"][: len(known["messages"])], now["messages"][len(known["messages"]) :]
            assert (now["validity"], old) == (known["validity"], known["messages"]), (person, name)
            assert [row[0] for row in new] == list(range(known["next"], now["next"])), (person, name)
    server.container.stop(timeout=30)
    assert observed.foreign(files(engine, IMAGE, upgraded.volumes, "/var/mail")) == {}
    if OLD_IMAGE:
        mail = {name: place for name, place in upgraded.volumes.items() if place == "/var/mail"}
        with old_volumes(engine) as old:
            rest = {name: place for name, place in old.items() if place != "/var/mail"}
            with start_on({**rest, **mail}, OLD_IMAGE) as back:
                assert observed.everything(back)["people"] == found
