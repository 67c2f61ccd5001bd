"""Secrets of every source reach the daemons that need them, and stand nowhere else in the clear."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.polling import poll
from tests.integration.server import Clone, Server

Start = Callable[..., Server]
NEEDLES = "/dev/shm/needles"
SEARCH = (
    f"cat > {NEEDLES}; git --git-dir=/var/mail-state/state.git cat-file --batch-all-objects --batch"
    f" | grep -acF -f {NEEDLES}; grep -rlaF -f {NEEDLES} /var/mail-state /var/log /tmp/docker-mailserver;"
    f" grep -laF -f {NEEDLES} /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null; rm {NEEDLES}"
)
"""Counts git objects with a text of stdin, and lists files, arguments and environments with one."""
WATCH = (
    "cat > /dev/shm/word; exec setsid bash -c 'while [ ! -e /dev/shm/enough ]; do"
    " grep -laF -f /dev/shm/word /proc/[0-9]*/cmdline /proc/[0-9]*/environ; echo looked; sleep 0.02;"
    " done' > /dev/shm/seen 2>/dev/null < /dev/null &"
)
"""Looks for the text of stdin in the arguments and environments of all that runs meanwhile."""
ON_VOLUME, FROM_FILE, ROTATED, SETTING, WHOLE = (
    f"pl4nted-{name}" for name in ("volume", "file", "rotated", "setting", "whole")
)
RELAY = "postfix-sasl-password.cf"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file with the password at the relay host that root alone can read."""
    path = tmp_path / "relay-password"
    path.write_text(f"{FROM_FILE}\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """An old config folder, with a password in the clear."""
    path = tmp_path / "config"
    path.mkdir()
    (path / RELAY).write_text(f"# ours\n@example.test relay-user:{ON_VOLUME}\n")
    return path


def passwords(server: Server) -> str:
    """What Postfix's tables of passwords hold, sources and compiled ones."""
    return server.must("bash", "-c", "cat /etc/postfix/sasl_passwd* | tr -cd '\\11\\12\\40-\\176'")


def found(server: Server, *needles: str) -> list[str]:
    """Where the texts stand: the number of lines of git objects, then files and processes."""
    return server.must("bash", "-c", SEARCH, stdin="\n".join(needles) + "\n").split()


@pytest.mark.shows("RELAY_PASSWORD", "relay-hosts", "optional-config")
def test_secrets_stand_nowhere_in_the_clear(
    fresh: Start, volumes: dict[str, str], config: Path, secret: Path, tmp_path: Path
) -> None:
    """From a file, from the old config folder, from `main`; across a restart and a rotation."""
    settings = {
        "ENABLE_RSPAMD": "0",
        "SSL_TYPE": "self-signed",
        "DEFAULT_RELAY_HOST": "[smtp.relay.test]:587",
        "RELAY_USER": "relay-user",
        "RELAY_PASSWORD__FILE": "/run/secrets/relay-password",
    }
    state = {volume: place for volume, place in volumes.items() if place != "/tmp/docker-mailserver"}
    places = {**state, str(config): "/tmp/docker-mailserver", str(secret): "/run/secrets/relay-password:ro"}
    server = fresh(settings, volumes=places)
    assert FROM_FILE in passwords(server)
    assert ON_VOLUME in passwords(server)
    poll(lambda: ON_VOLUME not in (config / RELAY).read_text(), "the volume has the sealed text", 20)
    assert (config / RELAY).read_text().startswith("# ours\n@example.test relay-user:age:")
    assert server.must("stat", "-c", "%a %U", "/var/mail-state/control/identity.age") == "600 git\n"
    pushed_sealed(server, server.clone(tmp_path / "clone"))
    assert found(server, FROM_FILE, ON_VOLUME, SETTING, WHOLE) == ["0"]

    secret.write_text(f"{ROTATED}\n")  # in place: the mount shows the same file
    before = server.rev("rendered")
    server.container.restart(timeout=60)
    server.wait_healthy()
    poll(lambda: ROTATED in passwords(server), "the rotated password is in use", 20)
    assert server.rev("rendered") != before
    assert FROM_FILE not in passwords(server)
    assert ON_VOLUME in passwords(server)
    assert server.status()["drift"] == []
    assert found(server, FROM_FILE, ROTATED, ON_VOLUME, SETTING, WHOLE) == ["0"]
    for text in (FROM_FILE, ROTATED, ON_VOLUME, SETTING, WHOLE):
        assert text.encode() not in server.container.logs()


def pushed_sealed(server: Server, clone: Clone) -> None:
    """A value and a whole file, sealed; nothing shows them while they are pushed and applied."""
    # Not for what dovecot.cf holds: doveadm gets Dovecot's settings in its environment (doveconf(1), -e).
    server.must("bash", "-c", WATCH, stdin="pl4nted-command\npl4nted-account\n")
    word = server.must("mailctl", "seal", "--value", stdin=SETTING).strip()
    whole = server.must("mailctl", "seal", "-", stdin=f"login_greeting = {WHOLE}\n")
    clone.write(f"config/{RELAY}", f"@example.com {word}\n", append=True)
    clone.write("config/dovecot.cf", whole)
    clone.commit("Seal two")
    push = clone.push()
    assert push.accepted, push.said
    poll(lambda: WHOLE in server.must("doveconf", "-h", "login_greeting"), "Dovecot has the opened file", 20)
    assert SETTING in passwords(server)
    server.must("touch", "/dev/shm/enough")
    assert set(server.must("cat", "/dev/shm/seen").split()) == {"looked"}


def test_a_push_of_clear_text_names_the_command(server: Server, tmp_path: Path) -> None:
    """The command of the cure seals the value in its place, and then the push goes through."""
    clone = server.clone(tmp_path / "clone")
    push = clone.change(f"config/{RELAY}", f"@clear.test me:{SETTING}\n")
    assert not push.accepted
    assert f"mailctl seal config/{RELAY}" in push.said
    assert SETTING not in push.said
    clone.back()
    assert found(server, SETTING) == ["0"]


def test_a_password_of_the_environment(fresh: Start) -> None:
    """It is where it was put, and in Postfix's tables; a file that is not there is reported."""
    settings = {
        "ENABLE_RSPAMD": "0",
        "DEFAULT_RELAY_HOST": "[smtp.relay.test]:587",
        "RELAY_USER": "relay-user",
        "RELAY_PASSWORD": SETTING,
        "SPAM_SUBJECT__FILE": "/run/secrets/none",
    }
    server = fresh(settings)
    assert f"relay-user:{SETTING}" in passwords(server)
    objects, *places = found(server, SETTING)
    assert objects == "0"
    assert {place.rpartition("/")[2] for place in places} == {"environ"}
    assert SETTING.encode() not in server.container.logs()
    (complaint,) = server.status()["environment"]
    assert complaint.startswith("SPAM_SUBJECT__FILE: /run/secrets/none: No such file")
    assert b"SPAM_SUBJECT__FILE: /run/secrets/none" in server.container.logs()


PLANTED = {
    RELAY: "@d.test relay user: pl4nted-blank\n",
    "dovecot.cf": "doveadm_password = pl4nted-doveadm\nplugin {\n  fts_solr = url=http://u:pl4nted-url@solr.test/\n}\n",
    "rspamd/override.d/worker-controller.inc": 'password = "pl4nted-rspamd";\n',
    "fetchmail.cf": "poll x.test user 'a' there with password \"pl4nted two\" is b here\n",
    "ldap-users.cf": "bind_pw =\n  pl4nted-bind\n",
}
"""Files of the config folder whose secrets are sealed in their places."""
STAYS = {"postfix-main.cf": "smtp_sasl_password_maps = static:me:pl4nted-static\n"}
"""One whose secret has no place: it stays on the volume and is named."""


def test_a_planted_secret_reaches_its_reader_and_nothing_else(fresh: Start, tmp_path: Path) -> None:
    """In each file of the config folder, and through commands: no object, log, argument or message has it."""
    config = tmp_path / "config"
    for name, text in {**PLANTED, **STAYS}.items():
        (config / name).parent.mkdir(parents=True, exist_ok=True)
        (config / name).write_text(text)
    settings = {"ENABLE_RSPAMD": "1", "SSL_TYPE": "self-signed"}
    server = fresh(settings, volumes={str(config): "/tmp/docker-mailserver"})
    for name in PLANTED:
        poll(lambda name=name: "pl4nted" not in (config / name).read_text(), f"{name} is sealed", 30)
    assert [row["path"] for row in server.status()["volume_refused"]] == list(STAYS)
    # Not for what dovecot.cf holds: doveadm gets Dovecot's settings in its environment (doveconf(1), -e).
    server.must("bash", "-c", WATCH, stdin="pl4nted-command\npl4nted-account\n")
    said = server.must("setup", "relay", "add-auth", "e.test", "me", stdin="pl4nted-command\n")
    said += server.must("setup", "email", "add", "user1@e.test", stdin="pl4nted-account\n")
    server.must("touch", "/dev/shm/enough")
    assert set(server.must("cat", "/dev/shm/seen").split()) == {"looked"}
    poll(lambda: "me:pl4nted-command" in passwords(server), "the new log-in is in use", 20)
    assert "@d.test\trelay user: pl4nted-blank" in server.must(
        "postmap", "-s", "lmdb:/etc/postfix/sasl_passwd"
    )
    assert server.must("doveconf", "-h", "-x", "doveadm_password").strip() == "pl4nted-doveadm"
    told = said + server.must("mailctl", "log") + server.must("mailctl", "status", "--json")
    assert "pl4nted" not in told
    assert "pl4nted" not in server.container.logs().decode()
    assert found(server, "pl4nted") == ["0", "/tmp/docker-mailserver/postfix-main.cf"]
    readers = server.must(
        "bash", "-c", "grep -rlaF pl4nted /etc /run /tmp /var --exclude-dir=docker-mailserver || true"
    )
    for path in readers.split():
        assert path.startswith(("/etc/postfix/sasl_passwd", "/etc/dovecot/", "/etc/rspamd/"))
        assert server.must("stat", "-c", "%a", path).strip()[-1] == "0", path
    assert "no secret stands in the clear" in server.run("mailctl", "secrets", "find").stderr
