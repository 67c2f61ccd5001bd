"""An existing configuration is taken over, and serves."""

from __future__ import annotations

import json
import shutil
import ssl
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docker
import pytest

from controlplane.cli.setup.passwords import hash_password
from tests.integration.conftest import HOSTNAME, IMAGE
from tests.integration.polling import poll
from tests.integration.server import PASSWORD, Server

EXAMPLES = Path(__file__).parents[1] / "examples"
PAGES = (
    "user-management",
    "dovecot",
    "postfix",
    "mail-sieve",
    "relay-hosts",
    "faq",
    "full-text-search",
    "mail-fetchmail",
)
"""Pages whose examples get along with each other; files of the same name are joined."""
ADA = "ada@example.com"
SECRET = "hunter2-7f3a"
MANY = 5000
CERTIFICATE = f"ssl/{HOSTNAME}-cert.pem"


def _openssl(*words: str) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True, timeout=60)


def old_folder(top: Path) -> Path:
    """A config folder and a mailserver.env as years of use leave them."""
    config = top / "config"
    for page in PAGES:
        for path in sorted((EXAMPLES / page / "config").rglob("*")):
            if path.is_file():
                target = config / path.relative_to(EXAMPLES / page / "config")
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("ab") as file:
                    file.write(path.read_bytes())
                shutil.copymode(path, target)
    one = hash_password(PASSWORD)
    with (config / "postfix-accounts.cf").open("a") as file:
        file.write(f"# the staff\n{ADA}|{one}\nuser2@example.com|{one}\n")
        file.writelines(f"user{number}@many.example.com|{one}\n" for number in range(MANY))
    with (config / "postfix-virtual.cf").open("a") as file:
        file.write(f"team@example.com {ADA}\n")
    with (config / "postfix-sasl-password.cf").open("a") as file:
        file.write(f"@example.com us:{SECRET}\n")
    keys = config / "opendkim/keys/example.com"
    keys.mkdir(parents=True)
    _openssl("genpkey", "-algorithm", "RSA", "-out", str(keys / "mail.private"))
    (config / "ssl/demoCA").mkdir(parents=True)
    pair = ("-keyout", str(config / f"ssl/{HOSTNAME}-key.pem"), "-out", str(config / CERTIFICATE))
    _openssl(
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "90", "-subj", f"/CN={HOSTNAME}", *pair
    )
    shutil.copy(config / CERTIFICATE, config / "ssl/demoCA/cacert.pem")
    (config / "postfix-main.cf~").write_text("an editor's\n")
    (top / "mailserver.env").write_text(
        "# ours\nSSL_TYPE=self-signed\nENABLE_RSPAMD=1\nENABLE_POP3=1\nENABLE_AMAVIS=1\n"
        "SPAM_SUBJECT='[SPAM] '\nONE_DIR=1\n"
        f"SRS_SECRET={SECRET}\n"
    )
    return top


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an old server."""
    return old_folder(tmp_path_factory.mktemp("old"))


@pytest.fixture(scope="module")
def moved(start: Callable[..., Server], old: Path) -> tuple[Server, dict[str, Any], float]:
    """A server, what the import on it printed, and the seconds that it took."""
    server = start({"ENABLE_RSPAMD": "0"}, volumes={str(old): "/old:ro"})
    dry = server.run("mailctl", "import", "/old", "--dry-run")
    assert dry.returncode == 0, dry.stdout + dry.stderr
    assert not server.log("--source", "import", "--kind", "account.added")
    begun = time.monotonic()
    told = json.loads(server.must("mailctl", "import", "/old", "--reason", "Moving over", "--json"))
    return server, told, time.monotonic() - begun


@pytest.mark.shows("user-management", "postfix-accounts.cf", "postfix-virtual.cf", "optional-config")
def test_it_serves_when_the_command_returns(moved: tuple[Server, dict[str, Any], float]) -> None:
    """Log-ins, aliases, settings and overrides; five thousand accounts take seconds."""
    server, told, seconds = moved
    assert told["outcome"]["outcome"] == "applied"
    assert seconds < 30, seconds
    for user in (ADA, f"user{MANY - 1}@many.example.com"):
        with server.imap(user):
            pass
    server.wait_for_mail(ADA, server.deliver("team@example.com"))
    assert server.must("postconf", "-h", "recipient_delimiter").strip() == "-"
    assert server.must("doveconf", "-h", "mail_max_userip_connections").strip() == "100"
    assert server.status()["healthy"]


@pytest.mark.shows("ssl/")
def test_its_certificate_serves(moved: tuple[Server, dict[str, Any], float], old: Path) -> None:
    """The key is sealed on main, and opened by the agent alone."""
    server, told, _ = moved
    key = next(item for item in told["files"] if item["name"].endswith("-key.pem"))
    assert key["sealed"]
    wanted = (old / "config" / CERTIFICATE).read_text().strip()
    port = server.port(993)
    poll(lambda: ssl.get_server_certificate(("127.0.0.1", port)).strip() == wanted, "it serves", 20)


def test_everything_is_told(moved: tuple[Server, dict[str, Any], float]) -> None:
    """What is supported, pinned, later, unknown, sealed, left out; in one change set, with its reason."""
    server, told, _ = moved
    files = {item["name"]: item for item in told["files"]}
    settings = {item["name"]: item for item in told["settings"]}
    assert files["config/postfix-virtual.cf"]["support"] == "supported"
    assert files["config/fetchmail.cf"]["support"] == "later"
    assert files["config/fetchmail.cf"]["sealed"]
    assert files["config/opendkim/keys/example.com/mail.private"]["sealed"]
    assert files["config/dovecot/fts-xapian-plugin.conf"]["support"] == "unknown"
    assert files["config/postfix-main.cf~"]["done"] == "left out"
    assert "pinned by the environment to '0'" in settings["ENABLE_RSPAMD"]["note"]
    assert settings["ENABLE_POP3"]["support"] == "supported"
    assert settings["ENABLE_AMAVIS"]["support"] == "later"
    assert settings["ONE_DIR"]["support"] == "unknown"
    assert settings["SRS_SECRET"]["sealed"]
    entries = server.log("--source", "import", "--text", "Moving over", "--limit", "20000")
    assert {entry["position"] for entry in entries} == {told["position"]}
    server.must("mailctl", "verify")


def test_no_secret_is_in_the_repository(moved: tuple[Server, dict[str, Any], float]) -> None:
    """Not in any object of any branch."""
    server, _, _ = moved
    script = "git --git-dir=/var/mail-state/state.git cat-file --batch-all-objects --batch | grep -ac -- "
    assert server.run("bash", "-c", f"{script} 'team@example.com'").stdout.strip() != "0"
    for secret in (SECRET, "PRIVATE KEY-"):
        assert server.run("bash", "-c", f"{script} '{secret}'").stdout.strip() == "0", secret


def test_a_repeated_import_is_nothing(moved: tuple[Server, dict[str, Any], float]) -> None:
    """Everything is there already, also what was sealed."""
    server, _, _ = moved
    done = server.run("mailctl", "import", "/old")
    assert done.returncode == 0, done.stderr
    assert "nothing had to be changed" in done.stderr


def test_a_mistake_refuses_all_of_it(moved: tuple[Server, dict[str, Any], float]) -> None:
    """With file and line; nothing is changed."""
    server, _, _ = moved
    server.must("mkdir", "-p", "/tmp/bad")
    server.must(
        "bash",
        "-c",
        "echo 'ok@example.com ada@example.com\nx@example.com no@@' > /tmp/bad/postfix-virtual.cf",
    )
    server.must(
        "bash", "-c", "ln -s /etc/shadow /tmp/bad/notes; echo 'nobody/inet/a=1' > /tmp/bad/postfix-master.cf"
    )
    main = server.rev("main")
    done = server.run("mailctl", "import", "/tmp/bad")
    assert done.returncode == 1
    assert "refused: nothing was changed" in done.stderr
    assert "config/postfix-virtual.cf" in done.stderr
    assert server.rev("main") == main


def test_a_new_volume_is_filled_before_the_first_start(
    engine: docker.DockerClient, fresh: Callable[..., Server], volumes: dict[str, str], old: Path
) -> None:
    """A one-off container imports; the server serves it, on a queue that has another image's ids."""
    mounts = {name: {"bind": place, "mode": "rw"} for name, place in volumes.items()}
    mounts[str(old)] = {"bind": "/old", "mode": "ro"}
    spool = "/var/mail-state/spool-postfix"
    script = (
        f"cp -a /usr/local/share/mailserver/spool-postfix {spool} && chown -R 301:302 {spool}/[a-oq-t]* "
        f"{spool}/private {spool}/public && mailctl import /old"
    )
    said = engine.containers.run(IMAGE, ["bash", "-c", script], volumes=mounts, remove=True, stderr=True)
    assert b"is recorded" in said, said.decode()
    server = fresh({"ENABLE_RSPAMD": "0"}, volumes=volumes)
    with server.imap(ADA):
        pass
    server.deliver("team@example.com")
    server.must("mailctl", "verify")
