"""Postfix: overrides, maps, and what checkers would miss."""

from __future__ import annotations

import re

import pytest

from renderers.postfix import maps
from renderers.postfix.master_file import MASTER, merge_master
from renderers.postfix.overrides import MAIN, merge_main
from renderers.service import Origin
from tests.renderers.states import complaints, render_node, state
from wire.manifest import Action


def content(
    settings: dict[str, str] | None = None, path: str = "etc/postfix/main.cf", **parts: object
) -> str:
    """A rendered file as text."""
    file = render_node(state(settings, **parts)).files[path]  # type: ignore[arg-type]
    return file.content.decode()  # type: ignore[union-attr]


@pytest.mark.shows("postfix-main.cf", "postfix")
def test_the_last_override_wins_and_stands_alone() -> None:
    """Our line and earlier lines of the same parameter go; continuation lines and origins stay."""
    text, origins = merge_main("a = 1\n  more\nb = 2\n", "# x\na = 3\n\na =\n  4,\n# between\n  5\nc=6\n")
    assert text == f"b = 2\n\n# From {MAIN}\na =\n  4,\n  5\nc=6\n"
    assert origins == (Origin(4, MAIN, 4), Origin(7, MAIN, 8))


def test_without_overrides_nothing_changes() -> None:
    """A file of comments leaves ours as it is."""
    assert merge_main("a = 1\n", "# nothing\n\n") == ("a = 1\n", ())


def test_a_line_that_begins_with_space_cannot_reach_into_ours() -> None:
    """The first line of an override is never taken for the rest of our last one."""
    text, _ = merge_main("a = 1\n", "  b = 2\n")
    assert text == f"a = 1\n\n# From {MAIN}\nb = 2\n"


@pytest.mark.shows("postfix-master.cf", "postfix")
def test_options_of_a_service_are_replaced_or_added() -> None:
    """postfix-master.cf changes the service it names and no other."""
    base = "smtp inet n - n - 1 postscreen\n  -o a=1\n  -o b=2\nqmgr unix n - n 300 1 qmgr\n"
    text, origins = merge_master(base, "smtp/inet/a=3\nqmgr/unix/c = x y\n")
    assert text == (
        "smtp inet n - n - 1 postscreen\n  -o b=2\n  -o a=3\nqmgr unix n - n 300 1 qmgr\n  -o { c = x y }\n"
    )
    assert origins == (Origin(3, MASTER, 1), Origin(4, ""), Origin(5, MASTER, 2), Origin(6, ""))


@pytest.mark.parametrize(
    ("path", "text", "line", "word"),
    [
        ("postfix-main.cf", b"a = 1\njust words\n", 2, "not a setting"),
        ("postfix-main.cf", b"# x\nmaximal_queue_lifetime 1d\n", 2, "not a setting"),
        ("postfix-main.cf", b"maximal-queue-lifetime = 1d\n", 1, "not a setting"),
        ("postfix-main.cf", b"# x\n  orphan = 1\n", 2, "a line that is not there"),
        ("postfix-main.cf", b"smtpd_sender_restrictions = permit, rejct_all\n", 1, "rejct_all"),
        ("postfix-main.cf", b"\nvirtual_alias_maps = hsh:/x\n", 2, "hsh"),
        ("postfix-main.cf", b"smtpd_client_restrictions = check_client_access nope:/x\n", 1, "nope"),
        ("postfix-master.cf", b"submission inet\n", 1, "2 of the eight fields"),
        ("postfix-master.cf", b"submission/inet=no\n", 1, "neither an option nor a service"),
        ("postfix-master.cf", b"submission inet n - n - - smtp d\n", 1, "'d' is not an option"),
        ("postfix-master.cf", b"  submission/inet/syslog_name=x\n", 1, "a line that is not there"),
        ("postfix-master.cf", b"# x\nnobody/inet/a=1\n", 2, "no service nobody/inet"),
        ("postfix-master.cf", b"smtp/inet/smtpd_relay_restrictions=prmit\n", 1, "prmit"),
    ],
)
def test_complaints(path: str, text: bytes, line: int, word: str) -> None:
    """What the checkers miss is found with its line."""
    (found,) = complaints(state(overrides={path: text}))
    assert (found.path, found.line) == (f"config/{path}", line)
    assert word in found.message
    assert found.cure


@pytest.mark.parametrize(
    "text",
    [
        b"smtpd_restriction_classes = mine\nmine = permit\nsmtpd_client_restrictions = mine, sleep 1\n",
        b"smtpd_recipient_restrictions = permit check_policy_service inet:127.0.0.1:65265\n",
        b"smtpd_sender_restrictions = check_sender_access inline:{a=b}, permit\n",
        b"virtual_alias_maps = $virtual_alias_maps, proxy:ldap:/etc/x.cf pcre:{{/a/ b}}\n",
        b"# x\nmynetworks = 127.0.0.0/8\n  172.16.0.0/12\nempty =\n",
        b"mynetworks = 127.0.0.0/8 [::1]/128 192.0.2.0/24 [2001:db8::]/32\n",
        b"smtpd_relay_restrictions = permit_mynetworks reject_rbl_client zen.spamhaus.org=127.0.0.2 reject\n",
    ],
)
def test_no_complaints(text: bytes) -> None:
    """What is fine passes."""
    assert complaints(state(overrides={"postfix-main.cf": text})) == []


@pytest.mark.parametrize(
    ("agent", "script", "wrong"),
    [
        ("lmtp:inet:store.test:24", False, False),
        ("lmtps:inet:store.test:24", False, False),
        ("lmpt:inet:store.test:24", False, True),
        ("mine:x", True, False),
    ],
)
def test_a_transport_has_to_be_there(agent: str, script: bool, wrong: bool) -> None:
    """Postfix would keep all mail in its queue; user-patches.sh may bring one of its own."""
    files = {"user-patches.sh": b"postconf -M mine/unix=...\n"} if script else {}
    found = complaints(state({"POSTFIX_DAGENT": agent}, overrides=files))
    assert bool(found) is wrong
    assert all("lmpt is not a transport" in one.message for one in found)


def test_accounts_and_aliases_touch_tables_alone() -> None:
    """A new account or alias in a known domain changes no file that needs a reload."""
    before = render_node(state(accounts=("user1@example.test",))).files
    after = render_node(
        state(
            accounts=("user1@example.test", "user2@example.test"), aliases={"i@example.test": ("x@y.test",)}
        )
    ).files
    changed = [path for path in after if before.get(path) != after[path]]
    assert changed
    assert {after[path].action for path in changed} == {Action.NONE}


def test_no_domain_is_local_and_virtual() -> None:
    """The host's own name is local until accounts live there."""
    assert maps.destinations(state().desired, "mail.example.test", "example.test")[0] == "mail.example.test"
    lived_in = state(accounts=("a@mail.example.test",)).desired
    assert "mail.example.test" not in maps.destinations(lived_in, "mail.example.test", "example.test")
    assert "example.test" not in maps.destinations(state().desired, "example.test", "example.test")
    assert content(path="etc/postfix/vhost", accounts=["a@mail.example.test"]) == "mail.example.test\tOK\n"


def test_senders_own_their_aliases_over_other_aliases() -> None:
    """With SPOOF_PROTECTION an alias belongs to every account behind it, and loops end."""
    text = content(
        {"SPOOF_PROTECTION": "1"},
        "etc/postfix/sender_login",
        accounts=["a@x.test", "b@x.test"],
        aliases={"all@x.test": ("a@x.test", "team@x.test"), "team@x.test": ("b@x.test", "all@x.test")},
    )
    assert "all@x.test\ta@x.test,b@x.test\n" in text
    assert "a@x.test\ta@x.test\n" in text


def test_a_changed_interface_restarts() -> None:
    """The manifest names the parameters that a reload does not pick up."""
    assert render_node(state()).files["etc/postfix/main.cf"].restart_on == (
        "inet_interfaces",
        "inet_protocols",
    )  # type: ignore[union-attr]


def test_an_account_unknown_to_the_store_is_no_bounce() -> None:
    """Only an account that Dovecot does not know yet is tried again; other refusals stay final."""
    said = "550 5.1.1 <a+tag@x.test> User doesn't exist: a@x.test"
    pattern, reply = _last_rule("lmtp_reply_filter.pcre")
    match = re.match(pattern, said)
    assert match
    assert reply.replace("$1", match[1]) == "a@x.test"
    assert not re.match(pattern, "552 5.2.2 <a@x.test> Quota exceeded")
    rows = dict(
        row.split("\t") for row in content({}, "etc/postfix/vmailbox", accounts=["a@x.test"]).splitlines()
    )
    pattern, reply = _last_rule("lmtp_reply_later.pcre")
    match = re.match(pattern, rows["a@x.test"])
    assert match
    assert reply.replace("$1", match[1]).replace("$2", match[2]).startswith("450 4.1.1 <a@x.test> ")
    main = content({}, "etc/postfix/main.cf")
    assert (
        "lmtp_reply_filter = pipemap:{pcre:/etc/postfix/lmtp_reply_filter.pcre, lmdb:/etc/postfix/vmailbox,\n"
        in main
    )


def _last_rule(name: str) -> tuple[str, str]:
    """The pattern and the result of the last line of a table."""
    pattern, result = content({}, f"etc/postfix/{name}").splitlines()[-1].rsplit("/ ", 1)
    return pattern[1:], result


def test_the_greeting_of_465_waits_for_nothing() -> None:
    """No session ticket goes before it, unless people say how long TLS sessions are kept."""
    option = "tls_session_ticket_cipher="
    tls = {"SSL_TYPE": "self-signed"}
    assert option in content(tls, "etc/postfix/master.cf")
    own = {"postfix-main.cf": b"smtpd_tls_session_cache_timeout = 7200s\n"}
    assert option not in content(tls, "etc/postfix/master.cf", overrides=own)


def test_names_of_submitting_clients_are_looked_up_for_who_asks() -> None:
    """A login waits for no name server; with a filter, or options about clients, it has to."""
    option, path = "-o smtpd_peername_lookup=no", "etc/postfix/master.cf"
    assert option in content({}, path)
    assert option not in content({"ENABLE_RSPAMD": "1"}, path)
    own = {"postfix-main.cf": b"mua_client_restrictions = reject_unknown_client_hostname\n"}
    assert option not in content({}, path, overrides=own)
