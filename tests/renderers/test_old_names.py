"""Names of Postfix in overrides that a newer version lacks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from controlplane.model import State
from renderers.postfix.notices import notices
from renderers.postfix.old_names import PARAMETERS, RESTRICTIONS, OldName
from renderers.release import notices as all_notices
from tests.renderers.states import complaints, render_node, state

PAGE = Path(__file__).parents[2] / "docs" / "postfix.md"


def with_files(**texts: str) -> State:
    """A state with overrides, named without their ending."""
    return state(overrides={f"postfix-{name}.cf": text.encode() for name, text in texts.items()})


def told(before: State, after: State) -> list[tuple[str, int, str, str]]:
    """File, line, message and cure of each notice; nothing of it is refused."""
    assert complaints(after) == []
    assert all_notices(before, after) == sorted(notices(before, after))
    return [(each.path, each.line, each.message, each.cure) for each in notices(before, after)]


@pytest.mark.shows("postfix-main.cf", "postfix")
@pytest.mark.parametrize(
    ("line", "word", "cure"),
    [
        (
            "smtp_use_tls = yes",
            "smtp_use_tls is deprecated since Postfix 3.9",
            "`smtp_tls_security_level = may`",
        ),
        ("smtp_use_tls = No", "smtp_use_tls", "`smtp_tls_security_level = none`"),
        ("smtpd_enforce_tls = yes", "smtpd_enforce_tls", "`smtpd_tls_security_level = encrypt`"),
        ("tlsproxy_client_use_tls = $x", "client_use_tls", "`tlsproxy_client_security_level = may`"),
        ("smtp_tls_per_site = static:MAY", "smtp_tls_per_site", "`smtp_tls_policy_maps`"),
        ("disable_dns_lookups = yes", "disable_dns_lookups", "`smtp_dns_support_level = disabled`"),
        ("smtpd_tls_dh1024_param_file = /x.pem", "dh1024", "take the line out"),
        ("smtpd_relay_restrictions = permit_mx_backup,reject", "permit_mx_backup", "`relay_domains`"),
        (
            "smtpd_recipient_restrictions = permit_mynetworks\n  check_relay_domains",
            "check_relay_domains is gone in Postfix 3.9, so reject_unauth_destination is put in its place",
            "`reject_unauth_destination`",
        ),
    ],
)
def test_each_name_is_told_with_its_line_and_what_takes_its_place(line: str, word: str, cure: str) -> None:
    """Below a comment, so that the line is the second one."""
    [(path, number, message, advice)] = told(state(), with_files(main=f"# mine\n{line}\n"))
    assert (path, number) == ("config/postfix-main.cf", 2)
    assert word in message
    assert cure in advice


@pytest.mark.shows("postfix-master.cf", "postfix")
def test_options_of_services_are_looked_at_in_both_forms() -> None:
    """As postconf -P writes them, and behind -o in the lines of a service."""
    master = (
        "submission/inet/smtpd_use_tls=yes\n"
        "2525 inet n - n - - smtpd\n"
        "  -o syslog_name=postfix/own -o smtpd_enforce_tls=no\n"
    )
    found = told(state(), with_files(master=master))
    assert sorted((line, message.split()[0]) for _, line, message, _ in found) == [
        (1, "smtpd_use_tls"),
        (3, "smtpd_enforce_tls"),
    ]


def test_only_a_file_that_changes_is_looked_at() -> None:
    """All that is in it is told then, and nothing of it with other changes."""
    first = with_files(main="smtp_use_tls = yes\n")
    assert told(first, with_files(main="smtp_use_tls = yes\n", master="smtp/unix/a=b\n")) == []
    assert len(told(first, with_files(main="smtp_use_tls = yes\nmax_idle = 9s\n"))) == 1
    assert told(first, state()) == []


@pytest.mark.parametrize(
    "line",
    [
        "smtp_tls_security_level = may",
        "# smtp_use_tls = yes",
        "smtpd_restriction_classes = my_permit_mx_backup_rules\nmy_permit_mx_backup_rules = permit",
        "smtpd_sender_restrictions = check_sender_access texthash:/etc/postfix/check_relay_domains",
        "smtpd_recipient_restrictions = $reject_maps_rbl",
    ],
)
def test_what_only_looks_like_one_is_left_alone(line: str) -> None:
    """Comments, other names, paths and references."""
    assert list(notices(state(), with_files(main=f"{line}\n"))) == []


@pytest.mark.parametrize(
    ("given", "rendered"),
    [
        ("permit_mynetworks,check_relay_domains", "permit_mynetworks,reject_unauth_destination"),
        ("warn_if_reject reject_maps_rbl, reject", "warn_if_reject reject_unauth_pipelining, reject"),
        ("permit_naked_ip_address", "permit_mynetworks"),
        ("permit_mx_backup, reject", "permit_mx_backup, reject"),
    ],
)
def test_a_word_that_is_gone_gives_way_to_its_successor(given: str, rendered: str) -> None:
    """In both files: Postfix would answer everybody with an error."""
    name = "smtpd_recipient_restrictions"
    after = with_files(main=f"{name} = {given}\n", master=f"submission/inet/{name}={given}\n")
    files = render_node(after).files
    for path in ("etc/postfix/main.cf", "etc/postfix/master.cf"):
        text = files[path].content.decode()  # type: ignore[union-attr]
        assert re.search(rf"{name} ?= ?{re.escape(rendered)}", text), path
        assert given == rendered or given not in text


def test_the_page_shows_the_table() -> None:
    """docs/postfix.md has a row for each name, in the order of the table."""
    shown = re.findall(
        r"^\| `([a-z0-9_]+)` \| ([0-9.]+) \| ([0-9.]*) ?\| (.*) \|$", PAGE.read_text(), re.MULTILINE
    )
    assert shown == [_row(name, found) for name, found in {**PARAMETERS, **RESTRICTIONS}.items()]


def _row(name: str, found: OldName) -> tuple[str, str, str, str]:
    cure = f"{found.instead}; for `no` {found.off}" if found.off else found.instead
    return name, found.since, found.removed, cure
