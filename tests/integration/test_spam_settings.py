"""Every setting and file that shapes Rspamd and what becomes of spam, seen in the daemons themselves.

One server is pushed from state to state; each test names the whole of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from email import message_from_string
from email.message import EmailMessage
from email.utils import formatdate
from typing import Any

import docker
import pytest
from testcontainers.core.container import DockerContainer
from testcontainers.core.network import Network

from tests.integration import clients
from tests.integration.conftest import IMAGE, started
from tests.integration.edits import ENV, live
from tests.integration.polling import poll
from tests.integration.server import Clone, Server
from tests.integration.test_spam import RSPAMD_JUNK

USER, SENDER = "reader@example.test", "writer@example.test"
NAMELESS = "192.0.2.7"
"""The address of a client that DNS has no name for; documentation's own (RFC 5737 3), so nobody's local."""
WEB = 11334
TESTED = (
    "ENABLE_RSPAMD_REDIS",
    "MARK_SPAM_AS_READ",
    "MOVE_SPAM_TO_JUNK",
    "RSPAMD_CHECK_AUTHENTICATED",
    "RSPAMD_GREYLISTING",
    "RSPAMD_HFILTER",
    "RSPAMD_HFILTER_HOSTNAME_UNKNOWN_SCORE",
    "RSPAMD_NEURAL",
    "SPAM_SUBJECT",
)
PATTERNS = {"override.d/options.inc": "enable_test_patterns = true;\n"}
REDIS = "redis.example.test"
COMMANDS = """\
# The page's own three first.
set-option-for-controller secure_ip "0.0.0.0/0"

set-option-for-module classifier-bayes autolearn true
disable-module chartable
enable-module mx_check
set-option-for-proxy max_retries 3
set-common-option words_decay 700
add-line actions.conf reject = 20;
"""


@pytest.fixture(scope="module")
def filtering(engine: docker.DockerClient, network: Network, resolver: str) -> Iterator[Server]:
    """A server with Rspamd, and with a second address from which a client without a name can come."""
    settings = {"ENABLE_RSPAMD": "1", "ENABLE_CLAMAV": "0"}
    with started(engine, network, resolver, settings, cap_add=["NET_ADMIN"]) as server:
        server.must("ip", "address", "add", f"{NAMELESS}/32", "dev", "lo")
        server.add_account(USER)
        server.add_account(SENDER)
        yield server


@pytest.fixture(scope="module")
def clone(filtering: Server, tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A clone of its state repo."""
    return filtering.clone(tmp_path_factory.mktemp("spam") / "mail-state")


@pytest.fixture
def redis(engine: docker.DockerClient, network: Network) -> Iterator[DockerContainer]:
    """Somebody's own Redis, in another container."""
    container = DockerContainer(IMAGE).with_network(network).with_network_aliases(REDIS)
    with container.with_command("redis-server --protected-mode no") as made:
        wrapped = made.get_wrapped_container()
        poll(lambda: b"Ready to accept connections" in wrapped.logs(), "the other Redis serves", 20)
        yield made


def arrange(
    server: Server,
    clone: Clone,
    settings: dict[str, object] | None = None,
    files: dict[str, str] | None = None,
) -> None:
    """Push of the tested settings just these, and these files below config/rspamd/; Rspamd has them then."""
    clone.back()
    rows = [row for row in (clone.path / ENV).read_text().splitlines() if row.partition("=")[0] not in TESTED]
    rows += [f"{name}={value}" for name, value in (settings or {}).items()]
    clone.write(ENV, "\n".join([*rows, ""]))
    for name in clone.git("ls-files", "config/rspamd").split():
        (clone.path / name).unlink()
    for name, text in (files or {}).items():
        clone.write(f"config/rspamd/{name}", text)
    if clone.git("status", "--porcelain"):
        before = workers(server)
        clone.commit("Arrange the filter")
        said = live(server, clone.push())
        if any(line.split()[1:2] == ["rspamd"] and "reload" in line for line in said.splitlines()):
            poll(lambda: not before & workers(server) and counters(server), "Rspamd's next workers", 20)


def workers(server: Server) -> set[str]:
    """The process ids of Rspamd's workers, which are others after a reload."""
    return set(server.must("sh", "-c", "pgrep -P $(pgrep -o -x rspamd)").split())


def asked(server: Server, path: str, host: str = "127.0.0.1") -> tuple[int, str]:
    """What Rspamd's web interface answers from within the container: status and body."""
    body, _, status = server.must(
        "curl", "-s", "-m", "30", "-w", "\n%{http_code}", f"http://{host}:{WEB}{path}"
    ).rpartition("\n")
    return int(status), body


def address(server: Server) -> str:
    """The server's own address on the tests' network."""
    server.container.reload()
    return str(server.container.attrs["NetworkSettings"]["Networks"][server.network]["IPAddress"])


def counters(server: Server) -> set[str]:
    """The symbols that the running Rspamd can give."""
    return {row["symbol"] for row in json.loads(asked(server, "/counters")[1])}


def configured(server: Server) -> dict[str, Any]:
    """The whole configuration as Rspamd understands it."""
    found: dict[str, Any] = json.loads(server.must("rspamadm", "configdump", "-j"))
    return found


def modules(server: Server) -> set[str]:
    """The modules that Rspamd has on."""
    first = server.must("rspamadm", "configdump", "-m").splitlines()[0]
    return set(first.removeprefix("Modules enabled: ").split(", "))


def scanned(server: Server, *options: str) -> dict[str, Any]:
    """The verdict of the running Rspamd on an everyday message from the client without a name."""
    made = clients.message("friend@mx.sender.test", USER, "The minutes of our meeting.")
    envelope = ("-F", "friend@mx.sender.test", "-r", USER, "--ip", NAMELESS, "--helo", "mx.sender.test")
    said = server.must("rspamc", "--compact", *envelope, *options, stdin=made.as_string())
    verdict: dict[str, Any] = json.loads(said)
    return verdict


def nameless(server: Server, subject: str) -> str:
    """What Postfix and the client without a name said to each other about a message to USER."""
    addresses = ("--server", address(server), "--local-interface", NAMELESS, "--helo", "mx.sender.test")
    envelope = ("--from", "friend@mx.sender.test", "--to", USER, "--header", f"Subject: {subject}")
    return server.run("swaks", *addresses, *envelope, "--body", "The minutes.").stdout


def titled(subject: str) -> EmailMessage:
    """Something to look for in a mailbox by its subject."""
    made = EmailMessage()
    made["Subject"] = subject
    return made


def carrier() -> EmailMessage:
    """A message with a program that passes itself off as a picture: 10 of the 11 points to a refusal."""
    made = clients.message(SENDER, USER)
    made.replace_header("Date", formatdate())
    made.add_attachment(b"MZ", maintype="application", subtype="octet-stream", filename="holiday.jpg.scr")
    return made


def send(server: Server, made: EmailMessage) -> EmailMessage:
    """Hand in a message as a user who logged in."""
    with server.submissions(SENDER) as session:
        session.send_message(made)
    return made


def stored(server: Server, made: EmailMessage, folder: str) -> tuple[str, bool]:
    """The subject under which a message lies in a folder, and whether it is marked as read."""
    text = server.wait_for_mail(USER, made, folder)
    with server.imap(USER) as session:
        session.select(folder, readonly=True)
        _, hits = session.search(None, "SEEN", "SUBJECT", f'"{made["Subject"]}"')
    return str(message_from_string(text)["Subject"]), bool(hits[0])


@pytest.mark.shows(
    "RSPAMD_CHECK_AUTHENTICATED",
    "RSPAMD_GREYLISTING",
    "RSPAMD_HFILTER",
    "RSPAMD_HFILTER_HOSTNAME_UNKNOWN_SCORE",
    "RSPAMD_NEURAL",
)
def test_unless_told_otherwise(filtering: Server, clone: Clone) -> None:
    """Clients without a name get 6 points, users are not judged, nothing is greylisted or trained."""
    arrange(filtering, clone, files=PATTERNS)
    assert scanned(filtering)["symbols"]["HFILTER_HOSTNAME_UNKNOWN"]["score"] == 6
    assert not {"GREYLIST", "NEURAL_CHECK", "MX_GOOD"} & counters(filtering)
    assert {"HFILTER_HOSTNAME_UNKNOWN", "R_MIXED_CHARSET"} <= counters(filtering)
    made = send(filtering, carrier())
    assert "X-Spam" not in filtering.wait_for_mail(USER, made)
    assert "Ok: queued" in nameless(filtering, "from nowhere")
    assert stored(filtering, titled("from nowhere"), "Junk") == ("from nowhere", False)


@pytest.mark.shows("MARK_SPAM_AS_READ", "SPAM_SUBJECT", "MOVE_SPAM_TO_JUNK")
def test_spam_is_marked_as_read_and_named(filtering: Server, clone: Clone) -> None:
    """Spam gets the flag and the prefix with its blank, in Junk as in the inbox; other mail gets neither."""
    arrange(filtering, clone, files=PATTERNS)
    made = filtering.deliver(USER, body=RSPAMD_JUNK)
    assert stored(filtering, made, "Junk") == (made["Subject"], False)

    settings = {"MARK_SPAM_AS_READ": 1, "SPAM_SUBJECT": "'[SPAM] '"}
    arrange(filtering, clone, {**settings}, PATTERNS)
    made = filtering.deliver(USER, body=RSPAMD_JUNK)
    assert stored(filtering, made, "Junk") == (f"[SPAM] {made['Subject']}", True)
    made = filtering.deliver(USER)
    assert stored(filtering, made, "INBOX") == (made["Subject"], False)

    arrange(filtering, clone, {**settings, "MOVE_SPAM_TO_JUNK": 0}, PATTERNS)
    made = filtering.deliver(USER, body=RSPAMD_JUNK)
    assert stored(filtering, made, "INBOX") == (f"[SPAM] {made['Subject']}", True)


@pytest.mark.shows("RSPAMD_CHECK_AUTHENTICATED")
def test_users_are_judged_on_request(filtering: Server, clone: Clone) -> None:
    """With the setting a user's mail is spam where it looks like spam."""
    arrange(filtering, clone, {"RSPAMD_CHECK_AUTHENTICATED": 1})
    made = send(filtering, carrier())
    assert "X-Spam: Yes" in filtering.wait_for_mail(USER, made, "Junk")


@pytest.mark.shows("RSPAMD_GREYLISTING", "rspamd/override.d/")
def test_suspects_come_back_later(filtering: Server, clone: Clone) -> None:
    """A suspicious message is put off, and taken when it is tried again after the time that a file sets."""
    files = {"override.d/greylist.conf": "timeout = 2s;\n"}
    arrange(filtering, clone, {"RSPAMD_GREYLISTING": 1}, files)
    assert "GREYLIST" in counters(filtering)
    assert configured(filtering)["greylist"]["timeout"] == 2
    assert "451 4.7.1 Try again later" in nameless(filtering, "put off")
    poll(lambda: "Ok: queued" in nameless(filtering, "put off"), "the message is taken", 20, every=0.5)
    filtering.wait_for_mail(USER, titled("put off"), "Junk")


@pytest.mark.shows("RSPAMD_HFILTER", "RSPAMD_HFILTER_HOSTNAME_UNKNOWN_SCORE")
def test_clients_without_a_name(filtering: Server, clone: Clone) -> None:
    """They get the score that is set, a high one refuses their mail; without hfilter they get none."""
    arrange(filtering, clone, {"RSPAMD_HFILTER_HOSTNAME_UNKNOWN_SCORE": 15})
    verdict = scanned(filtering)
    assert verdict["symbols"]["HFILTER_HOSTNAME_UNKNOWN"]["score"] == 15
    assert verdict["action"] == "reject"
    assert "HFILTER_HOSTNAME_UNKNOWN" not in scanned(filtering, "--hostname", "mx.sender.test")["symbols"]
    assert "554 5.7.1 Spam message rejected" in nameless(filtering, "refused")

    arrange(filtering, clone, {"RSPAMD_HFILTER": 0})
    assert not [name for name in counters(filtering) if name.startswith("HFILTER_")]
    assert "HFILTER_HOSTNAME_UNKNOWN" not in scanned(filtering)["symbols"]
    assert "hfilter" not in modules(filtering)


@pytest.mark.shows("RSPAMD_NEURAL")
def test_a_neural_network_judges_too(filtering: Server, clone: Clone) -> None:
    """The module is loaded and keeps what it saw of spam, to train its network on."""
    arrange(filtering, clone, {"RSPAMD_NEURAL": 1})
    assert {"NEURAL_CHECK", "NEURAL_LEARN", "NEURAL_SPAM", "NEURAL_HAM"} <= counters(filtering)
    assert "neural" in modules(filtering)

    def kept() -> bool:
        nameless(filtering, "for training")
        return "_spam_set\n" in filtering.must("redis-cli", "--scan", "--pattern", "rn*")

    poll(kept, "a sample of spam is kept", 20, every=0.5)


@pytest.mark.shows("rspamd/custom-commands.conf", "rspamd/override.d/")
def test_short_commands(filtering: Server, clone: Clone) -> None:
    """Each command has its effect, beside what a file of override.d says."""
    files = {"custom-commands.conf": COMMANDS, "override.d/actions.conf": "add_header = 7;\n"}
    arrange(filtering, clone, files=files)
    found = configured(filtering)
    kinds = {name: worker for row in found["worker"] for name, worker in row.items()}
    assert kinds["controller"]["secure_ip"] == "0.0.0.0/0"
    assert kinds["rspamd_proxy"]["max_retries"] == 3
    assert found["classifier"]["bayes"]["autolearn"] is True
    assert found["options"]["words_decay"] == 700
    assert (found["actions"]["add_header"], found["actions"]["reject"]) == (7, 20)

    assert asked(filtering, "/stat", address(filtering))[0] == 200
    assert "R_MIXED_CHARSET" not in counters(filtering)
    assert {"MX_GOOD", "MX_MISSING"} <= counters(filtering)
    assert scanned(filtering)["required_score"] == 20

    arrange(filtering, clone)
    assert filtering.must("find", "/etc/rspamd/override.d", "-type", "f") == ""
    assert asked(filtering, "/stat", address(filtering))[0] in (401, 403)
    assert scanned(filtering)["required_score"] == 11


@pytest.mark.shows("ENABLE_RSPAMD_REDIS", "rspamd/override.d/")
def test_another_redis(filtering: Server, clone: Clone, redis: DockerContainer) -> None:
    """Rspamd keeps what it knows in somebody's own Redis, and none runs here, until that is undone."""
    files = {"override.d/redis.conf": f'servers = "{REDIS}:6379";\nexpand_keys = true;\n'}
    arrange(filtering, clone, {"ENABLE_RSPAMD_REDIS": 0}, files)
    assert "STOPPED" in filtering.run("supervisorctl", "status", "rspamd-redis").stdout
    assert filtering.run("redis-cli", "ping").returncode

    filtering.wait_for_mail(USER, filtering.deliver(USER))
    taught = clients.message("spam@sender.test", USER, " ".join(f"word{number}" for number in range(60)))
    assert "success = true" in filtering.must("rspamc", "learn_spam", stdin=taught.as_string())
    there = filtering.must("redis-cli", "-h", REDIS, "keys", "*").split()
    assert [key for key in there if key.startswith("rs_history")]
    assert [key for key in there if key.startswith("RS")]

    arrange(filtering, clone)
    assert filtering.must("redis-cli", "ping") == "PONG\n"
