"""The postmaster hears of a newer version, once."""

from __future__ import annotations

import pytest

from tests.integration.edits import live
from tests.integration.polling import poll
from tests.integration.server import Clone, Server

FOLDER, LOG = "/tmp/feed", "/var/log/supervisor/update-check.log"
ENV = "mailserver.env"


@pytest.fixture
def feed(server: Server) -> str:
    """A forge in the container: the address that names its newest release, a file in FOLDER."""
    server.must("mkdir", "-p", FOLDER)
    serve = f"cd {FOLDER} && exec python3 -m http.server --bind 127.0.0.1 8099 >/dev/null 2>&1"
    server.container.exec_run(["bash", "-c", serve], detach=True)
    poll(lambda: server.run("nc", "-z", "127.0.0.1", "8099").returncode == 0, "the forge answers", 10)
    return "http://127.0.0.1:8099/latest"


@pytest.mark.shows("ENABLE_UPDATE_CHECK", "UPDATE_CHECK_INTERVAL", "POSTMASTER_ADDRESS")
def test_a_newer_version_is_told_once(server: Server, clone: Clone, feed: str) -> None:
    """The forge is asked at each interval; an older version or a useless answer is no news."""
    user = server.add_account("updates@example.test")
    clone.back()
    before = (clone.path / ENV).read_text()
    settings = f"UPDATE_CHECK_URL={feed}\nUPDATE_CHECK_INTERVAL=1s\nPOSTMASTER_ADDRESS={user}\n"
    assert "STOPPED" in server.run("supervisorctl", "status", "update-check").stdout  # nobody to ask

    live(server, clone.change(ENV, before + settings, "Look for newer versions"))
    poll(lambda: "does not answer" in server.must("cat", LOG), "it says that nobody answers", 20)
    server.must("tee", f"{FOLDER}/latest", stdin="0.0.9\n")
    asked = len(server.must("cat", LOG).splitlines())
    server.must(
        "tee", f"{FOLDER}/latest", stdin='{"url": "https://f.test/api/v4.5/1", "tag_name": "v12.0.1"}'
    )
    poll(lambda: "12.0.1 is newer" in server.must("cat", LOG), "it is noticed", 20)
    poll(lambda: _subjects(server, user), "the mail arrives", 20)
    server.must("tee", f"{FOLDER}/latest", stdin="12.0.2\n")
    poll(lambda: len(_subjects(server, user)) == 2, "the mail about the next one arrives", 20)
    assert [subject.split(" is there")[0] for subject in _subjects(server, user)] == [
        "git-mailserver 12.0.1", "git-mailserver 12.0.2",
    ]  # fmt: skip
    assert len(server.must("cat", LOG).splitlines()) - asked <= 3

    live(server, clone.change(ENV, f"{before}{settings}ENABLE_UPDATE_CHECK=0\n", "Look no more"))
    assert "STOPPED" in server.run("supervisorctl", "status", "update-check").stdout
    live(server, clone.change(ENV, before, "As before"))


def _subjects(server: Server, user: str) -> list[str]:
    with server.imap(user) as session:
        session.select("INBOX", readonly=True)
        _, parts = session.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
    texts = [part[1].decode() for part in parts if isinstance(part, tuple)]
    return [" ".join(text.split()).removeprefix("Subject: ") for text in texts]
