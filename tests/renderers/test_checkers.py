"""The daemons' own checkers find nothing wrong with the golden trees."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile

import pytest

from renderers.release import NodeTree
from renderers.service import RenderedFile
from tests.renderers.states import CASES, render_node
from wire.manifest import Compile

pytestmark = pytest.mark.checkers

IMAGE = os.environ.get("IMAGE", "git-mailserver:dev")
PREPARE = """
set -eu
tar -x -C /
cp -a /usr/local/share/mailserver/spool-postfix /var/mail-state/
mkdir -p /run/sshd /var/mail-state/lib-postfix /var/mail-state/lib-rspamd /var/mail-state/ssh /etc/dms/tls
chown postfix /var/mail-state/lib-postfix
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=mail.example.test -days 2 \
    -keyout /etc/dms/tls/key -out /etc/dms/tls/cert 2>/dev/null
for type in ed25519 ecdsa; do
    ssh-keygen -q -t $type -N '' -f /var/mail-state/ssh/ssh_host_${type}_key
done
"""
CHECKS = {
    "etc/postfix/main.cf": "postconf -n >/dev/null; postconf -M >/dev/null; postfix check",
    "etc/dovecot/dovecot.conf": "doveconf -n >/dev/null",
    "etc/rspamd/local.d/options.inc": "rspamadm configtest >/dev/null 2>&1 || rspamadm configtest",
    "etc/ssh/mailserver/sshd_config": "/usr/sbin/sshd -t -f /etc/ssh/mailserver/sshd_config",
}
COMPILERS = {Compile.POSTMAP: "postmap lmdb:/{}", Compile.SIEVE: "sievec /{}"}


def archive(tree: NodeTree) -> bytes:
    """The rendered files, as root's."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for path, file in tree.files.items():
            if isinstance(file, RenderedFile):
                info = tarfile.TarInfo(path)
                info.size, info.mode = len(file.content), file.mode
                tar.addfile(info, io.BytesIO(file.content))
    return buffer.getvalue()


def script(tree: NodeTree) -> str:
    """Compile what is compiled, then ask every checker that has something to check."""
    files = [file for file in tree.files.values() if isinstance(file, RenderedFile)]
    compiled = [COMPILERS[f.compile].format(f.path) for f in files if f.compile is not Compile.NOTHING]
    return "\n".join([PREPARE, *compiled, *(check for path, check in CHECKS.items() if path in tree.files)])


@pytest.mark.parametrize("case", CASES)
def test_checkers_are_content(case: str) -> None:
    """No checker fails and none says a word."""
    tree = render_node(CASES[case])
    command = ["docker", "run", "--rm", "-i", "--network=none", IMAGE, "bash", "-c", script(tree)]
    done = subprocess.run(command, input=archive(tree), capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stdout.decode(), done.stderr.decode()) == (0, "", "")
