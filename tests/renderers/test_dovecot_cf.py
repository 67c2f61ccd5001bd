"""config/dovecot.cf is rendered for the Dovecot that serves, whichever one it is written for."""

from __future__ import annotations

import pytest

from controlplane.model import State
from renderers.dovecot import own
from renderers.dovecot.service import Dovecot
from renderers.release import notices
from renderers.service import Origin, RenderedFile
from tests.renderers.states import render_node, state

OLD = """\
# mine
disable_plaintext_auth = no
plugin {
  quota_rule = *:storage=1G
  quota_warning = storage=90%% quota-warning 90 %u
}
mail_max_userip_connections = 30
"""


def with_own(text: str) -> State:
    """A state whose dovecot.cf is this."""
    return state(overrides={"dovecot.cf": text.encode()})


def local(found: State) -> RenderedFile:
    """What Dovecot reads of it."""
    file = render_node(found).files["etc/dovecot/local.conf"]
    assert isinstance(file, RenderedFile)
    return file


def test_a_file_of_2_3_is_rendered_for_2_4() -> None:
    """The comments stay, and every line leads back to the one that it was made of."""
    file = local(with_own(OLD))
    lines = file.content.decode().splitlines()
    assert lines[:3] == ["# mine", "auth_allow_cleartext = yes", "quota_storage_size = 1G"]
    assert lines[-1] == "mail_max_userip_connections = 30"
    assert file.origins[:2] == (Origin(1, own.PATH, 1), Origin(3, own.PATH, 4))
    assert file.origins[-1].at == 7
    assert file.origins[-1].line == len(lines)


@pytest.mark.parametrize("text", ["mail_max_userip_connections = 30\n", "mail_plugins {\n  acl = yes\n}\n"])
def test_a_file_of_2_4_or_both_is_taken_as_it_is(text: str) -> None:
    """Byte by byte, with one origin."""
    file = local(with_own(text))
    assert (file.content.decode(), file.origins) == (text, (Origin(1, own.PATH, 1),))


def test_a_warning_takes_the_place_of_ours() -> None:
    """It has the name of the block that our template has."""
    template = render_node(state({"ENABLE_QUOTAS": "1"})).files["etc/dovecot/conf.d/90-quota.conf"]
    assert isinstance(template, RenderedFile)
    assert b"warning quota_warning {" in template.content
    assert b"warning quota_warning {" in local(with_own(OLD)).content


def test_what_has_no_equivalent_is_refused_with_its_line() -> None:
    """A change of the file is; the one that served before the Dovecot that lacks it is not."""
    bad = with_own("plugin {\n  quota_grace = 10%%\n}\n")
    (found,) = own.complaints(bad, state())
    assert (found.path, found.line) == ("config/dovecot.cf", 2)
    assert "no grace in percent" in found.message
    assert list(own.complaints(bad, bad)) == []
    assert list(own.complaints(bad, None)) == []


def test_what_served_before_is_rendered_without_the_lines_that_cannot_serve() -> None:
    """Mail is served after an upgrade; the block that needs a line goes with it."""
    text = (
        "replicator_host = x\nmail_max_userip_connections = 30\n"
        "passdb {\n  driver = ldap\n  args = /etc/x\n}\nservice replicator {\n  user = root\n}\n"
    )
    lines = local(with_own(text)).content.decode().splitlines()
    assert [line for line in lines if not line.startswith("# Left out")] == [
        "mail_max_userip_connections = 30"
    ]
    assert len(lines) == len(text.splitlines())


def test_what_cannot_be_read_is_left_out_as_a_whole() -> None:
    """Where a block has no end, nobody knows what belongs to it."""
    lines = local(with_own("plugin {\n  quota_rule = *:storage=1G\n")).content.decode().splitlines()
    assert all(line.startswith("# Left out") for line in lines)


def test_a_plan_shows_old_and_new_side_by_side() -> None:
    """Line by line, and how to have the file written so; a change of another file says nothing."""
    said = [(each.line, each.message) for each in notices(state(), with_own(OLD))]
    assert (0, "it is written for Dovecot 2.3, and rendered for 2.4") in said
    assert (2, "disable_plaintext_auth = no → auth_allow_cleartext = yes") in said
    assert (4, "quota_rule = *:storage=1G → quota_storage_size = 1G") in said
    assert list(Dovecot().notices(with_own(OLD), with_own(OLD))) == []
    assert list(Dovecot().notices(state(), with_own("mail_plugins {\n  acl = yes\n}\n"))) == []


def test_a_long_file_is_not_shown_whole() -> None:
    """The rest is counted."""
    text = "".join(f"service a{number} {{\n  service_count = 1\n}}\n" for number in range(60))
    said = [each.message for each in notices(state(), with_own(text))]
    assert "20 more lines are translated" in said


def test_a_file_that_is_sealed_as_a_whole_is_opened_by_the_agent() -> None:
    """Nobody here can read it."""
    text = "-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n-----END AGE ENCRYPTED FILE-----\n"
    assert local(with_own(text)).content.decode() == text
