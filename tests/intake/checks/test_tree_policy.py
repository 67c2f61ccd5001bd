"""What no pushed tree may hold is refused."""

from __future__ import annotations

import base64

import pytest

from controlplane.intake.checks.tree_policy import check
from controlplane.statefiles.tree import EXECUTABLE, SUBMODULE, SYMLINK, TreeFile

PEM = b"# ours\n-----BEGIN RSA PRIVATE KEY-----\nMIIsecret\n-----END RSA PRIVATE KEY-----\n"
OPENSSH_CLEAR = base64.b64encode(b"openssh-key-v1\0\0\0\0\4none\0\0\0\4none\0\0\0\0MIIsecret")
OPENSSH_SEALED = base64.b64encode(b"openssh-key-v1\0\0\0\0\x0aaes256-ctr\0\0\0\6bcrypt\0\0\0\0MIIsecret")
SEALED = b"-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n-----END AGE ENCRYPTED FILE-----\n"


def test_a_usual_tree_is_clean() -> None:
    """Nothing is said of files as people have them."""
    tree = {
        "README.md": TreeFile(b"x"),
        ".github/check.sh": TreeFile(b"x", EXECUTABLE),
        "mailserver.env": TreeFile(b"ENABLE_RSPAMD=1\n"),
        "config/postfix-accounts.cf": TreeFile(b"a@example.test|{SHA}x\n"),
        "config/user-patches.sh": TreeFile(b"#!/bin/bash\n", EXECUTABLE),
        "config/sieve-pipe/learn": TreeFile(b"#!/bin/sh\n", EXECUTABLE),
        "config/ssl/cert.pem": TreeFile(b"-----BEGIN CERTIFICATE-----\n"),
        "config/user1@example.test.dovecot.sieve": TreeFile(b"keep;\n"),
    }
    assert check(tree) == ()


@pytest.mark.parametrize(
    ("path", "file", "message"),
    [
        ("config/x", TreeFile(b"/etc/passwd", SYMLINK), "symbolic link"),
        ("x", TreeFile(b"", SUBMODULE), "submodule"),
        ("config/dovecot.cf", TreeFile(b"", EXECUTABLE), "executable"),
        ("config/../../etc/passwd", TreeFile(b""), "leaves the tree"),
        ("/etc/passwd", TreeFile(b""), "leaves the tree"),
        ("config//x", TreeFile(b""), "leaves the tree"),
        ("config/.git/hooks/x", TreeFile(b""), "through .git"),
        ("config/.GIT/config", TreeFile(b""), "through .git"),
        ("config\\x", TreeFile(b""), "backslash"),
        ("config/a\nb", TreeFile(b""), "control characters"),
        ("config/\udcff", TreeFile(b""), "control characters"),
        ("config/" + "ä" * 128, TreeFile(b""), "longer than 255 bytes"),
        ("config/dovecot.cf", TreeFile(bytes((1 << 20) + 1)), "1,048,577 bytes large"),
    ],
)
def test_what_reaches_beyond_is_refused(path: str, file: TreeFile, message: str) -> None:
    """Links, odd names and masses of bytes are reported by their path, fit for a terminal."""
    (problem,) = check({path: file})
    assert message in problem.message
    assert problem.cure
    assert problem.path.isprintable()


def test_too_many_files_are_refused_at_once() -> None:
    """Nothing is looked into when there is far too much of it."""
    (problem,) = check({f"config/{n}": TreeFile(b"") for n in range(10_001)})
    assert "10001 files" in problem.message


@pytest.mark.parametrize(
    ("path", "content", "line"),
    [
        ("config/ssl/key.pem", PEM, 2),
        ("config/rspamd/dkim/x.private.txt", b"-----BEGIN PRIVATE KEY-----\n", 1),
        ("config/id", b"-----BEGIN OPENSSH PRIVATE KEY-----\n", 1),
        ("notes", b"-----BEGIN PGP PRIVATE KEY BLOCK-----\n", 1),
        ("config/id", b"\n\nAGE-SECRET-KEY-1" + b"Q" * 58, 3),
        ("config/a.key", b"-----BEGIN OPENSSH PRIVATE KEY-----\n" + OPENSSH_CLEAR, 1),
        ("config/a.der", b"\x30\x82\x04\xbd\x02\x01\x00\x30\x0d\x06\x09*\x86H\x86\xf7", 1),
        ("config/a.p12", b"\x30\x82\x04\xbd\x02\x01\x03\x30\x82", 1),
        ("config/a.ppk", b"PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nComment: x\n", 1),
        ("config/dovecot.cf", b"\nx = " + base64.b64encode(PEM[7:]), 2),
        ("config/postfix-sasl-password.cf", b"# relay\n@example.test user:MIIsecret\n", 2),
        ("config/fetchmail.cf", b"poll x.test\n  user 'a' there with password 'MIIsecret' is b here\n", 2),
        ("config/getmail-a.cf", b"[retriever]\npassword = MIIsecret\n", 2),
        ("mailserver.env", b"LOG_LEVEL=info\nRELAY_PASSWORD=MIIsecret\n", 2),
        ("config/ldap-users.cf", b"bind_pw = MIIsecret\n", 1),
    ],
)
def test_a_secret_in_the_clear_is_refused(path: str, content: bytes, line: int) -> None:
    """The cure is the command that seals the file; the secret is not repeated."""
    (problem,) = check({path: TreeFile(content)})
    assert "in the clear" in problem.message
    assert problem.line == line
    assert f"mailctl seal {path}" in problem.cure or "the container's environment" in problem.cure
    assert "MIIsecret" not in f"{problem}"
    assert "QQQ" not in f"{problem}"


@pytest.mark.parametrize("path", ["config/ssl/key.pem", "config/postfix-sasl-password.cf"])
def test_a_sealed_file_passes(path: str) -> None:
    """Only the server can open it."""
    assert check({path: TreeFile(SEALED)}) == ()


@pytest.mark.parametrize(
    "content",
    [
        b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n",
        b"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n",
        b"-----BEGIN PUBLIC KEY-----\n",
        b"-----BEGIN DH PARAMETERS-----\n",
        b"-----BEGIN OPENSSH PRIVATE KEY-----\n" + OPENSSH_SEALED,
    ],
)
def test_a_key_behind_a_passphrase_is_not_in_the_clear(content: bytes) -> None:
    """A key that is encrypted, or public, gives nothing away."""
    assert check({"config/ssl/key.pem": TreeFile(content)}) == ()


@pytest.mark.shows("ALLOW_CLEARTEXT_SECRETS")
def test_a_setting_takes_secrets_as_they_are() -> None:
    """For a migration, the tree's own setting or the one in effect lets them pass."""
    tree = {"config/ssl/key.pem": TreeFile(PEM), "mailserver.env": TreeFile(b"ALLOW_CLEARTEXT_SECRETS=1\n")}
    assert check(tree) == ()
    assert len(check(tree, cleartext_allowed=False)) == 1
    assert check({"config/ssl/key.pem": TreeFile(PEM)}, cleartext_allowed=True) == ()
