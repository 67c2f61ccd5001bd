"""No good release is taken back: not under load, in no role of a server, with no guide's example.

GOOD_RELEASES sets how many follow each other under load (5); `GOOD_RELEASES=200` is the long run.
"""

from __future__ import annotations

import itertools
import os
import re
import statistics
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import docker
import pytest
from testcontainers.core.network import Network

from controlplane.cli.setup.passwords import hash_password
from tests.integration.conftest import started
from tests.integration.edits import ENV, MEANT
from tests.integration.polling import poll
from tests.integration.server import PASSWORD, Clone, Server
from tests.integration.traffic import Traffic

RELEASES = int(os.environ.get("GOOD_RELEASES", "5"))
USER, OTHER = "you@example.test", "other@example.test"
EXAMPLES = Path(__file__).parents[1] / "examples"
MAIN, MASTER, DOVECOT = "config/postfix-main.cf", "config/postfix-master.cf", "config/dovecot.cf"
ACCOUNTS, ALIASES = "config/postfix-accounts.cf", "config/postfix-virtual.cf"
FILTERS_OFF = {"ENABLE_RSPAMD": "0", "ENABLE_CLAMAV": "0"}
NO_NAME_SERVER = "192.0.2.53"
BUSY = "timeout 3600 sh -c 'while :; do :; done' & timeout 3600 sh -c 'while :; do :; done' & echo $!; wait"
NOISE = re.compile(r"canary|git-mailserver\.invalid|: client=\S*\[(127\.0\.0\.1|::1)\]")
APPLIED = re.compile(r"agent: applied release=\d+ seconds=([\d.]+)")
IN_A_ROW: tuple[Mapping[str, str], ...] = (
    {MAIN: "smtpd_banner = $myhostname ESMTP {0}\n"},
    {MASTER: "submission/inet/smtpd_timeout=2{0:03}s\n"},
    {DOVECOT: "mail_max_userip_connections = 1{0:03}\n"},
    {MAIN: "message_size_limit = 2{0:06}\n", DOVECOT: "imap_max_line_length = 1{0:05}\n"},
    {"config/before.dovecot.sieve": 'if header :is "x-number" "{0}" {{ keep; }}\n'},
)
"""Changes that reload Postfix, Dovecot or both, or renew scripts, each with a number of its own."""


def tried(server: Server, clone: Clone) -> dict[str, Any]:
    """Commit and push what was written; the status once the release serves or was taken back."""
    clone.commit()
    push = clone.push("HEAD:main", *MEANT)
    assert push.accepted, push.said
    number = re.search(r"release (\d+)", push.said)
    assert number, push.said
    server.run("mailctl", "status", "--wait", number[1])
    return server.status()


def figures(seconds: list[float]) -> str:
    """The middle and the longest of some times."""
    return f"{statistics.median(seconds):.2f} s, {max(seconds):.2f} at most"


@contextmanager
def busy(server: Server) -> Iterator[None]:
    """The machine has other things to do meanwhile."""
    server.container.exec_run(["sh", "-c", BUSY], detach=True)
    try:
        yield
    finally:
        server.run("pkill", "-f", "timeout 3600 sh")


def test_in_a_row_under_load(
    engine: docker.DockerClient, network: Network, resolver: str, tmp_path: Path
) -> None:
    """Mail comes in, people log in, the machine is busy: each release serves, and all mail arrives."""
    settings = {**FILTERS_OFF, "POSTFIX_MAILBOX_SIZE_LIMIT": "500000000"}
    with started(engine, network, resolver, settings) as server:
        server.add_account(USER)
        clone = server.clone(tmp_path / "mail-state")
        taken_back, canary, before = [], [], len(APPLIED.findall(server.container.logs().decode()))
        with Traffic(server, USER) as traffic, busy(server):
            for number in range(RELEASES):
                for name, text in IN_A_ROW[number % len(IN_A_ROW)].items():
                    clone.write(name, text.format(number))
                status = tried(server, clone)
                canary.append(float(status["canary"]["last"]["seconds"]))
                if status["failure"] or status["applied"] != status["release"]:
                    taken_back.append((number, status["failure"]))
        spent = [float(text) for text in APPLIED.findall(server.container.logs().decode())[before:]]
        print(f"{RELEASES} releases: {figures(spent)}; canary: {figures(canary)}")
        assert taken_back == []
        poll(lambda: not traffic.missing(), "all mail arrives", 60)


@pytest.fixture(scope="module")
def server(engine: docker.DockerClient, network: Network) -> Iterator[Server]:
    """A server of these tests that no name server answers, with nobody in it."""
    with started(engine, network, NO_NAME_SERVER, FILTERS_OFF) as made:
        yield made


@pytest.fixture(scope="module")
def clone(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A clone of its state repo."""
    return server.clone(tmp_path_factory.mktemp("roles") / "mail-state")


TWO = {ACCOUNTS: f"{USER}|{hash_password(PASSWORD)}\n{OTHER}|{hash_password(PASSWORD)}\n"}
ONE = {ACCOUNTS: f"{USER}|{hash_password(PASSWORD)}\n"}
FORWARDED = {ALIASES: "me@forward.test out@elsewhere.test\n"}
PROXIED = EXAMPLES / "mailserver-behind-proxy/config"
ONE_FOR_ALL = f"smtpd_recipient_restrictions = check_recipient_access inline:{{ {OTHER}=OK }}, reject\n"
NUMBERS = itertools.count(1)

WENT = {False: "went all the way through", True: "was tried as far as the server's role goes"}

ROLES: tuple[tuple[str, Mapping[str, str], Mapping[str, str]], ...] = (
    ("other people's addresses alone", {}, FORWARDED),
    (
        "a relay",
        {"SMTP_ONLY": "1", "DEFAULT_RELAY_HOST": "[relay.example.net]:587", "PERMIT_DOCKER": "host"},
        FORWARDED,
    ),
    (
        "POP3 alone",
        {"ENABLE_IMAP": "0", "ENABLE_POP3": "1", "POSTFIX_INET_PROTOCOLS": "ipv4", "SSL_TYPE": ""},
        {**ONE, **FORWARDED},
    ),
    (
        "greylisting and limits",
        {
            "ENABLE_POSTGREY": "1",
            "POSTFIX_MAILBOX_SIZE_LIMIT": "50000000",
            "SPOOF_PROTECTION": "1",
            "DOVECOT_MAILBOX_FORMAT": "sdbox",
        },
        TWO,
    ),
    ("one who gets nothing", {}, {**ONE, "config/postfix-receive-access.cf": f"{USER} REJECT\n"}),
    ("one address for all", {}, {**TWO, MAIN: ONE_FOR_ALL}),
    (
        "behind a proxy",
        {"ENABLE_MANAGESIEVE": "1", "ENABLE_POP3": "1", "PERMIT_DOCKER": "connected-networks"},
        {**TWO, **{f"config/{path.name}": path.read_text() for path in PROXIED.iterdir()}},
    ),
    ("nobody any more", {"DOVECOT_INET_PROTOCOLS": "ipv4", "LOGROTATE_INTERVAL": "daily"}, FORWARDED),
)
"""What a server is for, the settings of `mailserver.env`, and its files: each comes after the one above."""


def start_over(clone: Clone) -> None:
    """The working tree as it was at first."""
    clone.back()
    first = clone.git("rev-list", "--max-parents=0", "HEAD").strip()
    clone.git("rm", "-rqf", ".")
    clone.git("checkout", "-q", first, "--", ".")


@pytest.mark.parametrize(("role", "settings", "files"), ROLES, ids=[role for role, *_ in ROLES])
def test_in_a_role(
    server: Server, clone: Clone, role: str, settings: Mapping[str, str], files: Mapping[str, str]
) -> None:
    """Taking it on serves, so does a change then; the canary goes as far as it does, and leaves no line."""
    start_over(clone)
    rows = [
        row for row in (clone.path / ENV).read_text().splitlines() if row.partition("=")[0] not in settings
    ]
    clone.write(ENV, "\n".join([*rows, *(f"{name}={value}" for name, value in settings.items()), ""]))
    for name, text in files.items():
        clone.write(name, text)
    must_serve(tried(server, clone))
    before = len(server.must("cat", "/var/log/mail/mail.log").splitlines())
    clone.write(MAIN, f"smtpd_banner = $myhostname ESMTP {next(NUMBERS)}\n", append=True)
    clone.write(MASTER, "smtp/unix/smtp_helo_timeout=40s\n", append=True)
    clone.write(DOVECOT, "mail_max_userip_connections = 50\n", append=True)
    must_serve(tried(server, clone))
    server.must("mailctl", "check")
    server.must("mailserver-health")
    assert WENT["SMTP_ONLY" in settings] in server.must("mailctl", "status")
    new = server.must("cat", "/var/log/mail/mail.log").splitlines()[before:]
    assert [line for line in new if NOISE.search(line)] == []


def test_what_broke_by_itself(server: Server, clone: Clone) -> None:
    """Since the canary ran last nobody may write mail any more: a release that did not do it stays."""
    start_over(clone)
    for name, text in TWO.items():
        clone.write(name, text)
    must_serve(tried(server, clone))
    server.must("install", "-d", "-m", "500", "/var/mail/example.test")
    server.must("chown", "root", "/var/mail/example.test")
    clone.write(MAIN, f"smtpd_banner = $myhostname ESMTP {next(NUMBERS)}\n")
    status = tried(server, clone)
    server.must("rm", "-r", "/var/mail/example.test")
    assert status["applied"] == status["release"], status["failure"]
    assert [s["step"] for s in status["canary"]["last"]["steps"] if s["verdict"] == "failed"] == [
        "an account and its mailbox"
    ]
    server.must("mailctl", "check")


def pages(*names: str) -> dict[str, dict[str, bytes]]:
    """The files of these guides' examples, by guide."""
    folders = {name: EXAMPLES / name / "config" for name in names}
    return {
        name: {f"config/{p.relative_to(top)}": p.read_bytes() for p in sorted(top.rglob("*")) if p.is_file()}
        for name, top in folders.items()
    }


GUIDES = pages("dovecot", "external-relay-only-mailserver", "mail-sieve", "postfix")


@pytest.mark.parametrize("guide", GUIDES)
def test_a_guides_example(server: Server, clone: Clone, guide: str) -> None:
    """It serves when it is pushed to a server that runs."""
    start_over(clone)
    clone.write(ENV, "ALLOW_CLEARTEXT_SECRETS=1\n", append=True)
    for name, content in {**TWO, **GUIDES[guide]}.items():
        clone.write(name, content)
    must_serve(tried(server, clone))


def must_serve(status: dict[str, Any]) -> None:
    """The newest release serves, and nothing of it fails."""
    assert status["applied"] == status["release"], status["failure"]
    assert [step for step in status["canary"]["last"]["steps"] if step["verdict"] == "failed"] == []
    assert status["healthy"]
