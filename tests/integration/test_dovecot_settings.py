"""Settings of `dovecot.cf` in the dialect of Dovecot 2.3, each by what clients of a running server notice.

They are the same whatever version of Dovecot the image has: nothing here says which.
"""

from __future__ import annotations

import pytest

from tests.integration.conftest import Start
from tests.integration.dovecot_settings.box import Box
from tests.integration.dovecot_settings.delivery import DELIVERY
from tests.integration.dovecot_settings.folders import FOLDERS
from tests.integration.dovecot_settings.group import Check, Group
from tests.integration.dovecot_settings.limits import LIMITS
from tests.integration.dovecot_settings.logins import LOGINS
from tests.integration.dovecot_settings.sessions import SESSIONS
from tests.integration.dovecot_settings.storage import STORAGE
from tests.integration.edits import put_config
from tests.integration.server import Clone, Server

GROUPS = (LOGINS, SESSIONS, STORAGE, FOLDERS, DELIVERY, LIMITS)
CASES = [
    pytest.param(group, check, id=f"{group.name}-{setting}")
    for group in GROUPS
    for setting, check in group.checks.items()
]


@pytest.fixture(scope="module")
def configured(start: Start) -> Server:
    """A server with every way to a mailbox."""
    return start({"ENABLE_RSPAMD": "0", "ENABLE_POP3": "1", "ENABLE_MANAGESIEVE": "1"})


@pytest.fixture(scope="module")
def configured_clone(configured: Server, tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A clone of its state repo."""
    return configured.clone(tmp_path_factory.mktemp("clone") / "mail-state")


@pytest.fixture(scope="module")
def group(request: pytest.FixtureRequest, configured: Server, configured_clone: Clone) -> Group:
    """A group whose `dovecot.cf` serves, with an account of its own."""
    made: Group = request.param
    box = Box(configured, configured.add_account(made.user))
    made.prepare(box)
    put_config(configured, configured_clone, {"dovecot.cf": made.text})
    return made


@pytest.mark.shows("dovecot.cf", "dovecot")
@pytest.mark.parametrize(("group", "check"), CASES, indirect=["group"], scope="module")
def test_a_setting_has_its_effect(configured: Server, group: Group, check: Check) -> None:
    """What the setting is for is seen by a client, in the log or on disk, while the whole group serves."""
    check(Box(configured, group.user))
