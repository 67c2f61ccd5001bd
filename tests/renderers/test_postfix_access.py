"""Who may send, who may receive, whom Postfix trusts, who reads the mail of local names."""

from __future__ import annotations

import pytest

from controlplane.model import State
from renderers.postfix.master_file import merge_master
from renderers.postfix.overrides import expanded_words
from renderers.postfix.render import proxied
from renderers.postfix.service import Postfix
from renderers.service import RenderedFile
from tests.renderers.states import complaints, render_node, state
from wire.manifest import Action


def content(found: State, path: str) -> str:
    """A rendered file as text."""
    file = render_node(found).files[f"etc/{path}"]
    assert isinstance(file, RenderedFile)
    return file.content.decode()


def value(found: State, name: str) -> str:
    """A parameter of main.cf."""
    return next(
        line.partition(" =")[2].strip()
        for line in content(found, "postfix/main.cf").splitlines()
        if line.startswith(f"{name} =")
    )


@pytest.mark.parametrize(
    ("mode", "networks"),
    [
        ("none", ""),
        ("container", "127.0.0.0/8 [::1]/128 {net:container:eth0}"),
        ("host", "127.0.0.0/8 [::1]/128 {net:host:eth0}"),
        ("network", "127.0.0.0/8 [::1]/128 172.16.0.0/12"),
        ("connected-networks", "127.0.0.0/8 [::1]/128 {net:connected}"),
    ],
)
def test_permit_docker(mode: str, networks: str) -> None:
    """Each mode trusts what it names; only what the node knows is left for it to fill in."""
    found = state({"PERMIT_DOCKER": mode})
    assert value(found, "mynetworks") == networks
    assert render_node(found).files["etc/postfix/main.cf"].fill == ("{" in networks)  # type: ignore[union-attr]


def test_the_interface_is_a_setting() -> None:
    """NETWORK_INTERFACE names whose address `container` and `host` mean."""
    found = state({"PERMIT_DOCKER": "host", "NETWORK_INTERFACE": "ens3"})
    assert value(found, "mynetworks").endswith("{net:host:ens3}")


def test_restrictions_need_no_reload() -> None:
    """The tables are always there and asked, so that the first entry is live like any other."""
    tls = {"SSL_TYPE": "self-signed"}
    found = state(tls, send_access={"a@x.test": "REJECT"}, receive_access={"b@x.test": "DEFER later"})
    assert content(found, "postfix/send_access") == "a@x.test\tREJECT\n"
    assert content(found, "postfix/receive_access") == "b@x.test\tDEFER later\n"
    before, after = render_node(state(tls)).files, render_node(found).files
    changed = {path: after[path].action for path in after if before.get(path) != after[path]}
    assert changed == {"etc/postfix/send_access": Action.NONE, "etc/postfix/receive_access": Action.NONE}
    for name in ("smtpd_sender_restrictions", "mua_sender_restrictions"):
        assert "check_sender_access lmdb:/etc/postfix/send_access" in value(found, name)
    for name in ("smtpd_recipient_restrictions", "mua_recipient_restrictions"):
        assert value(found, name).startswith("check_recipient_access lmdb:/etc/postfix/receive_access")
    assert value(found, "mua_sender_restrictions").startswith("check_sasl_access lmdb:")
    master = content(found, "postfix/master.cf")
    assert master.count("-o smtpd_sender_restrictions=$mua_sender_restrictions") == 2
    assert master.count("-o smtpd_recipient_restrictions=$mua_recipient_restrictions") == 2


@pytest.mark.shows("postfix-aliases.cf")
def test_local_aliases() -> None:
    """A person's names join ours and go before them; continued lines are one."""
    text = b"# mine\ndevnull: /dev/null\nRoot: admin@x.test,\n  other@x.test\nteam: :include:/etc/team\n"
    found = state(overrides={"postfix-aliases.cf": text})
    rows = dict(line.split("\t") for line in content(found, "postfix/aliases").splitlines())
    assert rows["devnull"] == "/dev/null"
    assert rows["root"] == "admin@x.test, other@x.test"
    assert rows["team"] == ":include:/etc/team"
    assert rows["postmaster"] == "root"
    assert "devnull: /dev/null\n" in content(found, "aliases")
    assert "devnull" not in content(state(), "aliases")


@pytest.mark.parametrize(
    "line", [b"just words\n", b"  a: b\n", b"a:\n", b": b\n", b"a: b\rc: d\n", b"a: b\x00c\n"]
)
def test_bad_local_aliases(line: bytes) -> None:
    """A line that is no alias is refused with its number."""
    (found,) = complaints(state(overrides={"postfix-aliases.cf": b"a: b\n\n".replace(b"a: b", b"#") + line}))
    assert (found.path, found.line) == ("config/postfix-aliases.cf", 3)


def test_own_mydestination_decides_which_domains_are_virtual() -> None:
    """With the documented override the host's name is an ordinary mail domain."""
    parts = {"aliases": {"info@mail.example.test": ("a@x.test",)}}
    assert "mail.example.test" not in content(state(**parts), "postfix/vhost")  # type: ignore[arg-type]
    own = {"postfix-main.cf": b"mydestination = localhost.$mydomain, localhost\n"}
    assert content(state(overrides=own, **parts), "postfix/vhost") == "mail.example.test\tOK\n"  # type: ignore[arg-type]
    names = {"mydomain": "x.test"}
    assert expanded_words("localhost.$mydomain,A ${mydomain} $(other)", names) == (
        "localhost.x.test",
        "a",
        "x.test",
        "$(other)",
    )


def test_options_of_the_client_on_port_25_are_for_the_transport() -> None:
    """smtp/inet is postscreen: a bind address written there would do nothing."""
    base = "smtp inet n - n - 1 postscreen\nsmtp unix - - n - - smtp\n"
    text, _ = merge_master(base, "smtp/inet/smtp_bind_address = 198.51.100.42\n")
    assert text == f"{base}  -o smtp_bind_address=198.51.100.42\n"


def test_ports_behind_a_proxy_are_probed_with_its_header() -> None:
    """The documented options, for one service or for all, reach the probes."""
    lines = (
        b"smtp/inet/postscreen_upstream_proxy_protocol=haproxy\n"
        b"submissions/inet/smtpd_upstream_proxy_protocol=haproxy\n"
    )
    found = state({"SSL_TYPE": "self-signed"}, overrides={"postfix-master.cf": lines})
    assert {p.name: p.proxy for p in Postfix().probes(found)} == {"25": True, "465": True, "587": False}
    everywhere = b"smtpd_upstream_proxy_protocol = haproxy\n"
    but_one = b"submission/inet/smtpd_upstream_proxy_protocol=\n"
    own = {"postfix-main.cf": everywhere, "postfix-master.cf": but_one}
    assert proxied(state({"SSL_TYPE": "self-signed"}, overrides=own)) == {"submissions/inet"}
    assert not proxied(state())


def test_accounts_with_a_delimiter_in_their_name_are_stored_exactly() -> None:
    """They have a route around LMTP, and no alias of the shorter name takes their mail."""
    parts = {"accounts": ("a+b@x.test", "no-reply@x.test", "c+d@x.test")}
    aliases = {"a@x.test": ("c@y.test",), "c+d@x.test": ("e@y.test",)}
    found = state(aliases=aliases, **parts)  # type: ignore[arg-type]
    assert content(found, "postfix/exact_delivery") == "a+b@x.test\tlda:\nc+d@x.test\tlda:\n"
    assert content(found, "postfix/virtual") == (
        "a+b@x.test\ta+b@x.test\na@x.test\tc@y.test\nc+d@x.test\te@y.test\n"
    )
    assert value(found, "transport_maps") == "lmdb:/etc/postfix/exact_delivery"
    dashes = state(overrides={"postfix-main.cf": b"recipient_delimiter = -\n"}, **parts)  # type: ignore[arg-type]
    assert content(dashes, "postfix/exact_delivery") == "no-reply@x.test\tlda:\n"
    none = state(overrides={"postfix-main.cf": b"recipient_delimiter =\n"}, **parts)  # type: ignore[arg-type]
    assert "etc/postfix/exact_delivery" not in render_node(none).files
    elsewhere = state({"POSTFIX_DAGENT": "lmtp:inet:store.test:24"}, **parts)  # type: ignore[arg-type]
    assert "etc/postfix/exact_delivery" not in render_node(elsewhere).files
