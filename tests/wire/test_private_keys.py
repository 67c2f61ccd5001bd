"""A push and the config volume take the same keys."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from agent.config_volume.volume import Volume
from controlplane.intake.checks.secrets_in_clear import in_clear
from tests.agent.conftest import ControlPlane
from wire import private_keys


def openssh(cipher: bytes) -> str:
    """The start of a key as ssh-keygen writes it (PROTOCOL.key): its cipher stands within the base64."""
    body = b"openssh-key-v1\0" + len(cipher).to_bytes(4) + cipher + bytes(40)
    text = base64.b64encode(body).decode()
    return f"-----BEGIN OPENSSH PRIVATE KEY-----\n{text}\n-----END OPENSSH PRIVATE KEY-----\n"


CLEAR = {
    "PKCS #8": "-----BEGIN PRIVATE KEY-----\nx\n",
    "RSA": "-----BEGIN RSA PRIVATE KEY-----\nx\n",
    "OpenPGP": "-----BEGIN PGP PRIVATE KEY BLOCK-----\nx\n",
    "OpenSSH": openssh(b"none"),
    "the second of two": "-----BEGIN ENCRYPTED PRIVATE KEY-----\nx\n-----BEGIN EC PRIVATE KEY-----\nx\n",
}
ENCRYPTED = {
    "PKCS #8": "-----BEGIN ENCRYPTED PRIVATE KEY-----\nx\n",
    "RSA": "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nx\n",
    "RSA with CRLF": "-----BEGIN RSA PRIVATE KEY-----\r\nProc-Type: 4,ENCRYPTED\r\nx\r\n",
    "OpenSSH": openssh(b"aes256-ctr"),
    "certificate": "-----BEGIN CERTIFICATE-----\nx\n",
}


def sent(tmp_path: Path, key: str) -> bool:
    """Whether the agent sends a file of the config volume to the daemon."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config/key.pem").write_text(key)
    daemon = ControlPlane()
    assert Volume(tmp_path / "config", tmp_path / "projection.json", daemon).report()
    return [change["path"] for change in daemon.asked] == ["key.pem"]


@pytest.mark.parametrize("key", CLEAR.values(), ids=CLEAR)
def test_a_key_in_the_clear_passes_nowhere(tmp_path: Path, key: str) -> None:
    """Refused in a push, left on the volume."""
    assert list(in_clear("config/key.pem", key.encode()))
    assert not sent(tmp_path, key)


@pytest.mark.parametrize("key", ENCRYPTED.values(), ids=ENCRYPTED)
def test_an_encrypted_key_passes_everywhere(tmp_path: Path, key: str) -> None:
    """Its passphrase protects it."""
    assert not list(in_clear("config/key.pem", key.encode()))
    assert sent(tmp_path, key)


def test_a_key_that_can_be_sealed_in_its_place_is_sent(tmp_path: Path) -> None:
    """In base64, as the value of a parameter: the daemon seals it on the way."""
    word = base64.b64encode(b"-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\n").decode()
    text = f"plugin {{\n  mail_crypt_global_private_key = {word}\n}}\n"
    assert list(in_clear("config/dovecot.cf", text.encode()))
    assert sent(tmp_path, text)


@pytest.mark.parametrize(
    "start", ["30770201010420", "302e020100300506032b657004220420", "3047020100300506032b6571043b0439"]
)
def test_base64_without_pem_is_found_whatever_the_kind(start: str) -> None:
    """ECPrivateKey, Ed25519 and Ed448: their lengths give the first letters."""
    key = bytes.fromhex(start) + bytes(range(57))
    assert private_keys.find(base64.b64encode(key)) is not None
