"""The owner of the mail has a name."""

from __future__ import annotations

import os
from pathlib import Path

from agent.files.mail_owner import own


def test_the_name_follows_the_ids(tmp_path: Path) -> None:
    """`vmail` stands for the ids that the mail belongs to; other rows stay."""
    (tmp_path / "etc").mkdir()
    passwd, group = tmp_path / "etc/passwd", tmp_path / "etc/group"
    passwd.write_text("root:x:0:0::/root:/bin/sh\nvmail:x:5000:5000::/var/mail:/usr/sbin/nologin\n")
    group.write_text("root:x:0:\nvmail:x:5000:\n")
    mail = tmp_path / "mail"
    mail.mkdir()
    owner = os.getuid(), os.getgid()
    own(mail, owner, tmp_path)
    assert passwd.read_text() == (
        f"root:x:0:0::/root:/bin/sh\nvmail:x:{owner[0]}:{owner[1]}::/var/mail:/usr/sbin/nologin\n"
    )
    assert group.read_text() == f"root:x:0:\nvmail:x:{owner[1]}:\n"
    before = passwd.stat().st_ino
    own(mail, owner, tmp_path)
    assert passwd.stat().st_ino == before
