"""Makes the volumes anew, by an image on Debian 12; run by hand, since no newer image can:

    IMAGE=git-mailserver:debian12 .venv/bin/pytest tests/integration/old_volume/make.py

The server lives three lives: with plain mail, then with compression, then with mounts for search and
encryption. What was written in each stays as it was written.
"""

from __future__ import annotations

import imaplib
import io
import json
import tarfile
from collections.abc import Iterable
from pathlib import Path

import docker

from tests.integration.clients import message
from tests.integration.conftest import IMAGE, Start
from tests.integration.edits import put
from tests.integration.managesieve import ManageSieve
from tests.integration.old_volume import observed, site
from tests.integration.old_volume.volumes import files, packed, unpack
from tests.integration.server import PASSWORD, Clone, Server
from tests.integration.test_dovecot_mounts import keys

FLAGS = ("(\\Seen \\Flagged)", "(\\Answered Wichtig $Forwarded)", "()", "(\\Draft)")
DAYS = ('"01-Feb-2024 10:00:00 +0100"', '"29-Feb-2024 23:59:59 +0000"', '"15-Jul-2025 12:30:00 -0700"')
MARKS = {b"\x28\xb5\x2f\xfd", b"CRYPTED\x03\x07"}
"""How mail begins that is compressed by zstd (RFC 8878, 3.1.1), and that mail_crypt encrypted."""
FOLDERS = ("Work", "Entw&APw-rfe", "&Bdk-")


def append(session: imaplib.IMAP4, folder: str, number: int, word: str) -> None:
    """Store a message that is the same each time."""
    text = (
        f"From: Someone <someone@sender.test>\r\nTo: us@example.test\r\nSubject: {word} {number}\r\n"
        f"Message-ID: <{word}.{number}.{folder.encode().hex()}@sender.test>\r\n\r\n"
        + f"A {word} message, number {number}, about quinces.\r\n"
        * 8
    )
    day = DAYS[number % len(DAYS)]
    status, answer = session.append(folder, FLAGS[number % len(FLAGS)], day, text.encode())
    assert status == "OK", answer


def write_mail(server: Server, people: Iterable[site.Person], word: str, *, first: bool = False) -> None:
    """Some mail for each, with a gap in the UIDs; folders and subscriptions the first time."""
    for person in people:
        with server.imap(person.address, PASSWORD) as session:
            for number in range(person.number % 3 + 1):
                append(session, "INBOX", number, word)
            if first and person.number <= 15:
                session.select("INBOX")
                append(session, "INBOX", 9, "gone")
                session.store("1", "+FLAGS", "\\Deleted")
                session.expunge()
                for folder in FOLDERS[: person.number % 3 + 1]:
                    session.create(folder)
                    session.subscribe(folder)
            for folder in FOLDERS[: person.number % 3 + 1] if person.number <= 15 else ():
                append(session, folder, person.number, word)


def deliver(server: Server, person: site.Person, folder: str = "INBOX", **headers: str) -> None:
    """A message from outside, which the scripts look at; returns when it is in its folder."""
    made = message("someone@sender.test", person.address, "About quinces.", **headers)
    with server.smtp() as session:
        session.send_message(made, "someone@sender.test", [person.address])
    server.wait_for_mail(person.address, made, folder)


def first_life(server: Server) -> None:
    """Plain mail in every format; limits, a master and a script of one's own, made by commands."""
    write_mail(server, site.PEOPLE, "plain", first=True)
    session = ManageSieve("127.0.0.1", server.port(4190))
    session.login(site.SCRIPTED.address, PASSWORD)
    session.command('PUTSCRIPT "own"', site.OWN_SCRIPT)
    session.command('SETACTIVE "own"')
    session.close()
    deliver(server, site.FILTERED, "Filtered", X_Old="main")
    deliver(server, site.SCRIPTED, "Personal", X_Old="own")
    for person in site.PEOPLE[:3]:
        deliver(server, person, "Lists", X_Old_List="a")
    server.must("setup", "quota", "set", site.PEOPLE[3].address, "30M")
    server.must("setup", "alias", "add", "sales@second.test", site.PEOPLE[40].address)
    server.must("setup", "dovecot-master", "add", site.CHIEF, stdin=f"{PASSWORD}\n")


def second_life(server: Server, clone: Clone) -> None:
    """Compressed mail behind it, by a change of dovecot.cf."""
    put(server, clone, {"config/dovecot.cf": site.COMPRESSING, "mailserver.env": site.ENV})
    write_mail(server, [person for person in site.PEOPLE if person.compressed], "compressed")


def third_life(server: Server) -> None:
    """Encrypted, compressed and indexed mail behind that, by what is mounted."""
    write_mail(server, [person for person in site.PEOPLE if person.encrypted], "encrypted")
    for person in site.PEOPLE[:3]:
        deliver(server, person)
        deliver(server, person, "Lists", X_Old_List="b")


def test_make(engine: docker.DockerClient, fresh: Start, volumes: dict[str, str], tmp_path: Path) -> None:
    """Write the archive and what is expected of it."""
    certificates = site.HERE / "mounts" / "certs"
    if not certificates.exists():
        keys(certificates)
    unpack(engine, IMAGE, volumes, config_folder())
    server = fresh(site.SETTINGS, volumes=volumes)
    first_life(server)
    second_life(server, server.clone(tmp_path / "clone"))
    server.container.stop(timeout=30)
    server = fresh(site.SETTINGS, volumes=volumes | site.mounts())
    third_life(server)
    found = observed.everything(server)
    server.container.stop(timeout=30)
    mail = files(engine, IMAGE, volumes, "/var/mail")
    assert observed.foreign(mail) == {}
    assert {mark for mark in MARKS if any(mark in content for content in mail.values())} == MARKS
    (site.HERE / "expected.json").write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    (site.HERE / "volumes.tar.xz").write_bytes(packed(engine, IMAGE, volumes))


def config_folder() -> bytes:
    """The config volume before the first start, as an archive of volumes."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, text in site.FILES.items():
            member = tarfile.TarInfo(f"config/{name}")
            member.size, member.mode = len(text.encode()), 0o755 if name.endswith(".sh") else 0o644
            archive.addfile(member, io.BytesIO(text.encode()))
    return made.getvalue()
