"""user-patches.sh on a whole server: after a start, after each release, after roll-backs of both kinds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from testcontainers.core.network import Network

from tests.integration.conftest import started
from tests.integration.polling import poll
from tests.integration.server import Clone, Server

USER = "user@example.test"
SCRIPT, MAIN = "config/user-patches.sh", "config/postfix-main.cf"
EXAMPLE = r"""#!/bin/bash

cat >/etc/amavis/conf.d/50-user << "END"
use strict;

$undecipherable_subject_tag = undef;
$admin_maps_by_ccat{+CC_UNCHECKED} = undef;

#------------ Do not modify anything below this line -------------
1; # ensure a defined return
END
"""
"""The page's, verbatim."""
PATCHES = """#!/bin/bash
sed -i 's/^message_size_limit.*/message_size_limit = 7654321/' /etc/postfix/main.cf
postconf -e 'smtpd_banner = $myhostname ESMTP patched'
echo 'max_use = 77' >> /etc/postfix/main.cf
echo '192.0.2.7 patched.example.test' >> /etc/hosts
echo run >> /var/log/patches
"""


@pytest.fixture(scope="module")
def box(
    engine: docker.DockerClient, network: Network, resolver: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A server whose config volume had the page's script at its first start."""
    folder = tmp_path_factory.mktemp("config")
    (folder / "user-patches.sh").write_text(EXAMPLE)
    volumes = {str(folder): "/tmp/docker-mailserver"}
    settings = {"ENABLE_RSPAMD": "0", "SSL_TYPE": "self-signed"}
    with started(engine, network, resolver, settings, volumes=volumes) as server:
        server.add_account(USER)
        yield server


@pytest.fixture
def own(box: Server, tmp_path: Path) -> Clone:
    """A clone of that server's repo."""
    return box.clone(tmp_path / "clone")


def live(box: Server, own: Clone, name: str, content: str) -> None:
    """Push a file and wait until its release serves."""
    push = own.change(name, content, f"Change {name}")
    assert push.accepted, push.said
    box.must("mailctl", "status", "--wait", str(box.status()["release"]))


def patched(box: Server) -> None:
    """The patch holds, once, on disk and in what Postfix says; it is intended."""
    text = box.must("cat", "/etc/postfix/main.cf")
    assert text.count("max_use = 77") == 1
    assert box.must("postconf", "-h", "message_size_limit", "smtpd_banner").split("\n")[:2] == [
        "7654321",
        "$myhostname ESMTP patched",
    ]
    assert box.must("cat", "/etc/hosts").count("patched.example.test") == 1
    poll(lambda: greeting(box).endswith("ESMTP patched"), "Postfix greets so", 15, every=0.3)
    status = box.status()
    assert (list(status["patched"]), status["patch_failure"], status["drift"]) == (
        ["etc/postfix/main.cf"],
        "",
        [],
    )


def greeting(box: Server) -> str:
    """The first line on 587."""
    return box.must(
        "bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/587; read -r line <&3; echo \"${line%$'\\r'}\""
    ).strip()


def runs(box: Server) -> int:
    """How often the script has run."""
    return len(box.must("cat", "/var/log/patches").split())


@pytest.mark.shows("user-patches.sh", "user-patches")
def test_the_example_of_the_page(box: Server) -> None:
    """Its file is there after the first start, from a script that is not executable."""
    assert box.must("cat", "/etc/amavis/conf.d/50-user") == EXAMPLE.partition('"END"\n')[2].removesuffix(
        "END\n"
    )
    assert box.status()["patched"] == {}


@pytest.mark.shows("user-patches.sh")
def test_it_holds_after_each_release_and_roll_back(box: Server, own: Clone) -> None:
    """`sed -i`, `postconf -e` and `>>`: after the push, a later one, both roll-backs and a restart."""
    live(box, own, SCRIPT, PATCHES)
    patched(box)
    assert [e["kind"] for e in box.log("--kind", "patches.run")] == ["patches.run"]
    position = str(box.status()["position"])
    assert "changed by user-patches.sh: etc/postfix/main.cf" in box.must("mailctl", "status")

    live(box, own, MAIN, "max_idle = 99s\n")
    patched(box)
    assert box.must("postconf", "-h", "max_idle").strip() == "99s"

    before = runs(box)
    box.add_account("another@example.test")
    with box.imap("another@example.test"):
        pass
    assert runs(box) == before

    box.must("mailctl", "rollback", position, "--reason", "test")
    patched(box)
    assert box.must("postconf", "-h", "max_idle").strip() != "99s"

    own.back()
    assert own.change(MAIN, "smtpd_tls_security_level = bogus\n", "Break it").accepted
    poll(lambda: box.status()["failure"], "it is taken back", 30, every=0.3)
    poll(lambda: box.status()["healthy"], "the last good one serves", 20, every=0.3)
    patched(box)
    live(box, own, MAIN, "# mended\n")

    box.container.restart(timeout=30)
    box.wait_healthy()
    patched(box)
    box.must("mailctl", "verify")


def test_a_script_that_fails_takes_its_release_back(box: Server, own: Clone) -> None:
    """With its line on `main`; mistakes of syntax do not even get that far."""
    push = own.change(SCRIPT, PATCHES + "if true; then\n", "No end")
    assert not push.accepted
    assert "config/user-patches.sh" in push.said
    own.back()
    bad = PATCHES + "postconf -e 'max_idle = 1s'\nsed -i s/a/b/ /no/such/file\n"
    assert own.change(SCRIPT, bad, "Fail").accepted
    failure = poll(lambda: box.status()["failure"], "the release is taken back", 30, every=0.3)
    assert "user-patches.sh ended with status 2" in failure["reason"]
    assert "/no/such/file" in failure["reason"]
    assert failure["origin"].startswith("config/user-patches.sh")
    assert box.must("postconf", "-h", "max_idle").strip() != "1s"
    patched(box)


MAKES = """#!/bin/bash
set -e
echo '* * * * * root true' > /etc/cron.d/patched
printf 'mail_max_userip_connections = 33\\n' > /etc/dovecot/conf.d/99-patched.conf
mkdir -p /etc/patched/deep && echo x > /etc/patched/deep/file
ln -s /etc/hostname /etc/patched-link
chmod 0600 /etc/logrotate.conf
rm /etc/debian_version
mkdir -p /usr/lib/dovecot/sieve-pipe && touch /usr/lib/dovecot/sieve-pipe/patched
"""


def footprint(box: Server) -> str:
    """What the script of `MAKES` makes, and how many connections Dovecot allows."""
    look = (
        "ls -ld /etc/cron.d/patched /etc/dovecot/conf.d/99-patched.conf /etc/patched /etc/patched-link"
        " /usr/lib/dovecot/sieve-pipe/patched 2>/dev/null; stat -c %a /etc/logrotate.conf;"
        " ls /etc/debian_version; doveconf -h mail_max_userip_connections"
    )
    return box.run("bash", "-c", look).stdout


@pytest.mark.parametrize("end", ["reverted", "failed", "killed", "restarted"])
def test_what_it_made_goes_with_it(box: Server, own: Clone, end: str) -> None:
    """Reverted, failed halfway, killed halfway, or reverted while the container was restarted."""
    own.git("rm", "-q", "--ignore-unmatch", SCRIPT)
    own.git("commit", "-q", "--allow-empty", "-m", "Start without")
    assert own.push().accepted
    poll(lambda: not box.status()["patched"] and box.status()["healthy"], "nothing is patched", 20, every=0.3)
    before = footprint(box)
    if end == "failed":
        assert own.change(SCRIPT, MAKES + "false\n", "Make, and fail").accepted
        poll(lambda: box.status()["failure"], "it is taken back", 30, every=0.3)
    elif end == "killed":
        assert own.change(SCRIPT, MAKES + "touch /run/half; sleep 50\n", "Make, and wait").accepted
        poll(lambda: box.run("test", "-e", "/run/half").returncode == 0, "it is halfway", 20, every=0.2)
        box.run("bash", "-c", "kill -9 $(supervisorctl pid mail-agent); pkill -9 -f 'sleep 50'; rm /run/half")
        own.git("revert", "--no-edit", "HEAD")
        assert own.push().accepted
    else:
        live(box, own, SCRIPT, MAKES)
        assert footprint(box) != before
        own.git("revert", "--no-edit", "HEAD")
        assert own.push().accepted
        if end == "restarted":
            box.container.restart(timeout=30)
            box.wait_healthy()
    poll(lambda: footprint(box) == before, "it is as before", 60, every=0.5)
    assert box.status()["drift"] == []
    assert box.status()["left_by_patches"] == []


LMTP = """#!/bin/bash
cat >/etc/dovecot/conf.d/lmtp-master.inc << "END"
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = 2400
  }
}
END
"""


def test_a_script_may_say_where_lmtp_listens(box: Server, own: Clone) -> None:
    """conf.d/lmtp-master.inc counts where a script writes it, and is gone with the script."""
    live(box, own, SCRIPT, LMTP)
    poll(lambda: _listens(box, 2400) and not _listens(box, 24), "LMTP moves to 2400", 20)
    live(box, own, SCRIPT, PATCHES)
    poll(lambda: _listens(box, 24) and not _listens(box, 2400), "LMTP moves back to 24", 20)


def _listens(box: Server, port: int) -> bool:
    return bool(box.must("ss", "-Hltn", f"sport = :{port}").strip())


def test_without_it_everything_is_as_rendered(box: Server, own: Clone) -> None:
    """Deleting the file undoes what it did."""
    live(box, own, SCRIPT, f"{PATCHES}# to be deleted\n")
    own.git("rm", "-q", SCRIPT)
    own.commit("Remove the script")
    assert own.push().accepted
    poll(
        lambda: not box.status()["patched"] and not box.status()["failure"],
        "nothing is patched",
        20,
        every=0.3,
    )
    assert "max_use" not in box.must("cat", "/etc/postfix/main.cf")
    assert "patched.example.test" not in box.must("cat", "/etc/hosts")
    poll(lambda: not greeting(box).endswith("ESMTP patched"), "Postfix greets as usual", 15, every=0.3)
    assert box.status()["drift"] == []
