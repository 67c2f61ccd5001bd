"""What is mounted below the root."""

from __future__ import annotations

from pathlib import Path

from agent.files.managed import mount_points


def test_mount_points(tmp_path: Path) -> None:
    """Mounts on files are found below the root."""
    text = f"1 2 0:1 / {tmp_path}/etc/postfix/main.cf rw - ext4 x rw\n1 2 0:1 / / rw - ext4 x rw\n"
    assert mount_points(tmp_path, text) == {"etc/postfix/main.cf"}
