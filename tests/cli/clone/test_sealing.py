"""`mailctl seal` in a clone, on the config volume and beside a server."""

from __future__ import annotations

import io
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from controlplane import secrets
from tests.cli.conftest import Peer

Run = Callable[..., int]
RELAY = "postfix-sasl-password.cf"


@pytest.fixture
def identity(tmp_path: Path) -> str:
    """The server's identity, which no clone has."""
    (tmp_path / "server").mkdir()
    return secrets.ensure_identity(tmp_path / "server")


@pytest.fixture
def clone(tmp_path: Path, identity: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone, where no server is; the current folder."""
    folder = tmp_path / "clone"
    (folder / "config/gitops").mkdir(parents=True)
    (folder / secrets.RECIPIENT).write_text(secrets.recipient_of(identity) + "\n")
    monkeypatch.chdir(folder)
    return folder


def stdin(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Pipe a text in."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


def test_a_value_is_one_word(
    mailctl: Run,
    clone: Path,
    identity: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """From stdin, without the end of its line."""
    stdin(monkeypatch, "hush hush\n")
    assert mailctl("seal", "--value") == 0
    assert secrets.open_value(capsys.readouterr().out.strip(), identity) == "hush hush"


def test_passwords_are_sealed_in_their_places(
    mailctl: Run, clone: Path, identity: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The rest of the file stays, and so does its mode; again there is nothing to do."""
    path = clone / "config" / RELAY
    path.write_text("# ours\n@a.test me:hush\n")
    path.chmod(0o640)
    assert mailctl("seal", f"config/{RELAY}") == 0
    text = path.read_text()
    assert text.startswith("# ours\n@a.test me:age:")
    assert secrets.open_value(text.split("me:")[1].strip(), identity) == "hush"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert "1 secret sealed" in capsys.readouterr().err
    assert mailctl("seal", f"config/{RELAY}") == 0
    assert path.read_text() == text


def test_settings_and_masters_are_sealed_in_their_places(mailctl: Run, clone: Path) -> None:
    """Several files at once."""
    (clone / "mailserver.env").write_text("RELAY_USER=me\nRELAY_PASSWORD='hush '\n")
    (clone / "config/dovecot-masters.cf").write_text("admin|{SHA512-CRYPT}$6$x$y\n")
    assert mailctl("seal", "mailserver.env", "config/dovecot-masters.cf") == 0
    assert (clone / "mailserver.env").read_text().startswith("RELAY_USER=me\nRELAY_PASSWORD=age:")
    assert (clone / "config/dovecot-masters.cf").read_text().startswith("admin|age:")


def test_any_other_file_is_sealed_as_a_whole(mailctl: Run, clone: Path, identity: str) -> None:
    """As the tool age would."""
    (clone / "config/ssl").mkdir()
    (clone / "config/ssl/key.pem").write_text("-----BEGIN PRIVATE KEY-----\n")
    assert mailctl("seal", "config/ssl/key.pem") == 0
    content = (clone / "config/ssl/key.pem").read_bytes()
    assert secrets.unseal(content, identity) == b"-----BEGIN PRIVATE KEY-----\n"
    assert mailctl("seal", "config/ssl/key.pem") == 0
    assert (clone / "config/ssl/key.pem").read_bytes() == content


def test_a_file_may_be_printed_instead(mailctl: Run, clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Then it stays as it is."""
    (clone / "config" / RELAY).write_text("@a.test me:hush\n")
    assert mailctl("seal", "--stdout", f"config/{RELAY}") == 0
    assert capsys.readouterr().out.startswith("@a.test me:age:")
    assert (clone / "config" / RELAY).read_text() == "@a.test me:hush\n"


@pytest.mark.parametrize("path", ["config/postfix-accounts.cf", "config/postfix-main.cf"])
def test_a_file_whose_lines_are_read_is_refused(mailctl: Run, clone: Path, path: str) -> None:
    """It would be refused by the server."""
    (clone / path).write_text("x\n")
    assert mailctl("seal", path) == 1
    assert (clone / path).read_text() == "x\n"


def test_the_config_volume_names_its_files_without_the_folder(mailctl: Run, clone: Path) -> None:
    """The same file lies one folder higher there."""
    (clone / "config" / RELAY).write_text("@a.test me:hush\n")
    (clone / secrets.RECIPIENT).rename(clone / "config/gitops/kept")
    volume = clone / "volume"
    (clone / "config").rename(volume)
    (volume / "gitops/kept").rename(volume / "gitops/recipient.txt")
    assert mailctl("seal", str(volume / RELAY)) == 0
    assert (volume / RELAY).read_text().startswith("@a.test me:age:")


def test_without_a_recipient_the_server_is_asked(
    mailctl: Run,
    daemon: Peer,
    identity: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """For the recipient alone: the secret stays in this process."""
    monkeypatch.chdir(tmp_path)
    daemon.answers["recipient"] = {"result": {"recipient": secrets.recipient_of(identity)}}
    stdin(monkeypatch, "secret")
    assert mailctl("seal", "-") == 0
    assert daemon.asked("recipient") == {}
    assert secrets.unseal(capsys.readouterr().out.encode(), identity) == b"secret"


@pytest.mark.parametrize("words", [["--value", "x"], ["--value"], ["no-such-file"]])
def test_nothing_to_seal_is_an_error(
    mailctl: Run, clone: Path, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty value, a value that is a file's name, a file that is not there."""
    stdin(monkeypatch, "")
    assert mailctl("seal", *words) in (1, 2)
