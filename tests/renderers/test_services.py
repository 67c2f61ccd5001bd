"""Dovecot, Rspamd and SSH: what depends on the state beyond settings."""

from __future__ import annotations

import pytest

from renderers.service import BadLine, CertificateFile, RenderedFile
from renderers.sshd.keys import Key, read
from tests.renderers.states import KEY, complaints, render_node, state

RSPAMD = {"ENABLE_RSPAMD": "1"}


def text(files: object, path: str) -> str:
    """The content of a rendered file."""
    assert isinstance(files, dict)
    file = files[path]
    assert isinstance(file, RenderedFile)
    return file.content.decode()


def test_userdb_keeps_the_order_of_accounts() -> None:
    """`doveadm user '*'` lists accounts as the file does."""
    files = render_node(state(accounts=("z@x.test", "a@x.test"))).files
    rows = text(files, "etc/dovecot/userdb").splitlines()
    assert [row.partition(":")[0] for row in rows] == ["z@x.test", "a@x.test"]
    assert rows[0].endswith(":5000:5000::/var/mail/x.test/z/home::")


@pytest.mark.shows("<address>.dovecot.sieve")
def test_personal_scripts_are_for_accounts_only() -> None:
    """<login>.dovecot.sieve goes to its account; one for nobody goes nowhere."""
    scripts = {"A@x.test.dovecot.sieve": b"keep;\n", "no@x.test.dovecot.sieve": b"keep;\n"}
    files = render_node(state(accounts=("a@x.test",), overrides=scripts)).files
    assert [p for p in files if "sieve-personal" in p] == ["usr/lib/dovecot/sieve-personal/a@x.test.sieve"]
    assert "userdb_sieve=file:/usr/lib/dovecot/sieve-personal/a@x.test.sieve" in text(
        files, "etc/dovecot/userdb"
    )


def test_no_password_without_tls_while_the_certificate_is_awaited() -> None:
    """A server that is to have TLS never takes a password in the clear."""
    files = render_node(state({"SSL_TYPE": "self-signed"}, certificate=None)).files
    assert "disable_plaintext_auth = yes" in text(files, "etc/dovecot/conf.d/10-auth.conf")
    assert "smtpd_tls_auth_only = yes" in text(files, "etc/postfix/main.cf")
    assert not [f for f in files.values() if isinstance(f, CertificateFile)]


def test_a_renewed_certificate_reloads_both() -> None:
    """The key and the chain name the services that read them."""
    found = [
        f
        for f in render_node(state({"SSL_TYPE": "self-signed"})).files.values()
        if isinstance(f, CertificateFile)
    ]
    assert [(f.part, f.services) for f in found] == [(p, ("dovecot", "postfix")) for p in ("chain", "key")]


@pytest.mark.shows("rspamd/custom-commands.conf", "rspamd")
def test_all_commands_of_rspamd() -> None:
    """Each command of custom-commands.conf lands in its file; the last one of an option wins."""
    commands = b"""# all seven
disable-module one
enable-module two
set-option-for-module three a b c
set-option-for-controller secure_ip "0.0.0.0/0"
set-option-for-proxy timeout 60s;
set-common-option dns_max_requests 32
set-common-option dns_max_requests 33
add-line four.conf symbols { "X" { score = 1 } }
"""
    overrides = {
        "rspamd/custom-commands.conf": commands,
        "rspamd/override.d/options.inc": b"dns_max_requests = 1;\nother = 2;\n",
    }
    files = render_node(state(RSPAMD, overrides=overrides)).files
    found = {p.removeprefix("etc/rspamd/override.d/"): text(files, p) for p in files if "override.d" in p}
    assert found == {
        "four.conf": 'symbols { "X" { score = 1 } }\n',
        "one.conf": "enabled = false;\n",
        "options.inc": "other = 2;\ndns_max_requests = 33;\n",
        "three.conf": "a = b c;\n",
        "two.conf": "enabled = true;\n",
        "worker-controller.inc": 'secure_ip = "0.0.0.0/0";\n',
        "worker-proxy.inc": "timeout = 60s;\n",
    }


@pytest.mark.parametrize(
    "line",
    [
        b"disable-modul x",
        b"disable-module",
        b"disable-module ../x",
        b"add-line ../x.conf y",
        b"add-line .. y",
        b"set-option-for-module a b",
        b"set-common-option a;b c",
    ],
)
def test_bad_commands_of_rspamd(line: bytes) -> None:
    """A line that is no command is named with its number."""
    (found,) = complaints(state(RSPAMD, overrides={"rspamd/custom-commands.conf": b"# x\n" + line + b"\n"}))
    assert (found.path, found.line) == ("config/rspamd/custom-commands.conf", 2)


def test_ssh_runs_while_there_are_keys() -> None:
    """No key file, no server; with one, every key has the forced command."""
    assert "etc/ssh/mailserver/sshd_config" not in render_node(state()).files
    files = render_node(state(overrides={"gitops/authorized_keys": KEY})).files
    line = text(files, "etc/ssh/mailserver/authorized_keys")
    assert line.startswith('restrict,command="/usr/local/bin/git-mailserver-ssh ada@laptop" ssh-ed25519 AAAA')


@pytest.mark.parametrize("comment", ['x" ssh', "$(reboot)", "it's me", "a\\", "`id`", 'a" b\\" c'])
def test_comments_of_keys_cannot_break_out(comment: str) -> None:
    """The comment is one word for the shell, and no quote of it ends the option."""
    import shlex

    (key,) = read(KEY.rsplit(b" ", 1)[0] + b" " + comment.encode() + b"\n")
    assert isinstance(key, Key)
    option = key.line.removeprefix('restrict,command="').split('" ssh-ed25519')[0]
    command = option.replace('\\"', '"')
    assert '"' not in option.replace('\\"', "")
    assert shlex.split(command) == ["/usr/local/bin/git-mailserver-ssh", comment]


@pytest.mark.parametrize(
    "line",
    [
        b'command="sh" ' + KEY,
        b"ssh-dss AAAA x\n",
        b"ssh-ed25519 AAAA x\n",
        b"ssh-ed25519 not-base64 x\n",
        b"ssh-ed25519\n",
        KEY.strip() + b" \x07bell\n",
    ],
)
def test_lines_that_are_no_keys(line: bytes) -> None:
    """Options, other types and damaged keys are refused with their line."""
    (found,) = read(line)
    assert isinstance(found, BadLine)
    (complaint,) = complaints(state(overrides={"gitops/authorized_keys": b"# keys\n" + line}))
    assert complaint.line == 2


def test_a_password_with_a_colon_is_refused() -> None:
    """It would shift the fields of the passwd-file."""
    from dataclasses import replace

    with_account = state(accounts=("a@x.test",))
    account = replace(with_account.desired.accounts["a@x.test"], password_hash="{PLAIN}a:b")
    broken = replace(with_account, desired=replace(with_account.desired, accounts={"a@x.test": account}))
    assert [c.path for c in complaints(broken)] == ["config/postfix-accounts.cf"]
    assert text(render_node(broken).files, "etc/dovecot/userdb") == ""


@pytest.mark.shows("SSL_TYPE", "SSL_CERT_PATH", "SSL_KEY_PATH")
def test_manual_tls_needs_its_paths() -> None:
    """SSL_TYPE=manual without files is refused."""
    (found,) = complaints(state({"SSL_TYPE": "manual"}))
    assert "SSL_CERT_PATH" in found.cure
