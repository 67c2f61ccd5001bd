"""Files of config/ that others name at their place on the config volume are rendered there."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from controlplane.model import Desired, NodeStatus, Observed, Override, State
from renderers.referenced.names import matching, mentions
from renderers.release import NodeTree, complaints
from renderers.service import RenderedFile
from tests.renderers.states import render_node
from wire.config_folder import below_config, place_of
from wire.manifest import Action, Compile

PLACE = "/tmp/docker-mailserver"
FILES = ("own-routes.cf", "sub/a.conf", "sub/b.conf", "passwd.example.test", "own.sieve")
ROUTES = b"example.org  discard:\n"


def files_of(texts: Mapping[str, bytes | str]) -> State:
    """A server with these files below config/."""
    node = NodeStatus("mail", hostname="mail.example.test")
    rows = {
        path: Override(path, text.encode() if isinstance(text, str) else text) for path, text in texts.items()
    }
    return State(Desired(overrides=rows), Observed(nodes={"mail": node}))


def found(tree: NodeTree) -> dict[str, RenderedFile]:
    """What is rendered to the config volume, by path below config/."""
    files = {below_config(path): file for path, file in tree.files.items()}
    return {path: file for path, file in files.items() if path and isinstance(file, RenderedFile)}


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        (f"transport_maps = texthash:{PLACE}/own-routes.cf", {"own-routes.cf"}),
        (f"transport_maps =\n  regexp:/x,\n  texthash:/{PLACE}/./sub/../own-routes.cf", {"own-routes.cf"}),
        (f"dir = {PLACE}\ntransport_maps = texthash:${{dir}}/own-routes.cf", {"own-routes.cf"}),
        (f"dir = {PLACE}\nown = $dir/own-routes.cf\ntransport_maps = texthash:$(own)", {"own-routes.cf"}),
        (f"alias_maps = inline:{{x=y}}, proxy:texthash:{PLACE}/own-routes.cf", {"own-routes.cf"}),
        (f"x = ${{y?{PLACE}/own-routes.cf}}", {"own-routes.cf"}),
        (f"!include {PLACE}/sub/*.conf", {"sub/a.conf", "sub/b.conf"}),
        (f"args = scheme=PLAIN {PLACE}/passwd.%d", {"passwd.example.test"}),
        (f"sieve_before2 = file:{PLACE}/own.sieve;name=own", {"own.sieve"}),
        (f"plugin {{\n x = <{PLACE}/own.sieve\n}}", {"own.sieve"}),
        (f"cp -r {PLACE}/sub /etc/dovecot/", {"sub/a.conf", "sub/b.conf"}),
        (f"cp '{PLACE}/own-routes.cf' /etc/postfix/", {"own-routes.cf"}),
        (f'D="{PLACE}"\ncp "${{D}}/sub/a.conf" /etc/', {"sub/a.conf"}),
        (f"for f in own-routes.cf; do cp {PLACE}/$f /etc/; done", {"own-routes.cf"}),
        (f"cd {PLACE} && cp sub/b.conf /etc/", {"sub/b.conf"}),
        ('. "$(dirname "$0")/own-routes.cf"', {"own-routes.cf"}),
        (f"# {PLACE}/own-routes.cf", set()),
        (f"x = {PLACE}-old/own-routes.cf", set()),
        (f"x = {PLACE}/own-routes.cf.bak", set()),
        ("x = /etc/postfix/own-routes.cf", set()),
    ],
)
def test_a_text_names_files(text: str, paths: set[str]) -> None:
    """By their place, with what the text itself sets filled in; a folder stands for what is in it."""
    assert {path for mention in mentions(text) for path in matching(mention, text, FILES)} == paths


def test_a_named_file_is_part_of_the_release() -> None:
    """Where it lies, with the action of whoever reads it, and its lines lead to `main`."""
    main = f"transport_maps = texthash:{PLACE}/own-routes.cf\n"
    tree = render_node(files_of({"postfix-main.cf": main, "own-routes.cf": ROUTES, "other.cf": b"x\n"}))
    (path, file) = next(iter(found(tree).items()))
    assert len(found(tree)) == 1
    assert (path, file.content, file.action, file.compile) == (
        "own-routes.cf",
        ROUTES,
        Action.RELOAD,
        Compile.NOTHING,
    )
    row = json.loads(tree.manifest)["files"][place_of(path)]
    assert row["services"] == ["postfix"]
    assert row["origins"] == [[1, "config/own-routes.cf", 1]]


@pytest.mark.parametrize(
    ("kind", "compiled"),
    [("lmdb", Compile.POSTMAP), ("hash", Compile.HASH), ("btree", Compile.BTREE), ("cdb", Compile.CDB)],
)
def test_an_indexed_table_is_compiled_as_its_type(kind: str, compiled: Compile) -> None:
    """Nobody else would; behind proxy: it is the same."""
    texts = {
        "postfix-main.cf": f"transport_maps = proxy:{kind}:{PLACE}/own-routes.cf\n",
        "own-routes.cf": ROUTES,
    }
    assert found(render_node(files_of(texts)))["own-routes.cf"].compile == compiled


def test_files_are_followed_and_every_reader_is_told() -> None:
    """A file that is named may name another one."""
    texts = {
        "dovecot.cf": f"!include {PLACE}/more.conf\n",
        "more.conf": f"passdb {{\n  driver = passwd-file\n  args = {PLACE}/robots\n}}\n",
        "robots": b"x:{PLAIN}y\n",
        "user-patches.sh": f"#!/bin/bash\ncp {PLACE}/robots /etc/\n",
    }
    rows = json.loads(render_node(files_of(texts)).manifest)["files"]
    assert rows[place_of("more.conf")]["services"] == ["dovecot"]
    assert rows[place_of("robots")]["services"] == ["dovecot", "patches"]


def test_what_is_sealed_is_not_written_in_the_clear() -> None:
    """The volume has it as `main` does."""
    sealed = b"x " + b"age:" + b"A" * 240 + b"\n"
    texts = {"postfix-main.cf": f"transport_maps = texthash:{PLACE}/own-routes.cf\n", "own-routes.cf": sealed}
    assert found(render_node(files_of(texts))) == {}


def test_a_parameter_of_main_cf_counts_in_master_cf() -> None:
    """Postfix fills it in there as well."""
    texts = {
        "postfix-main.cf": f"own = {PLACE}/tables\n",
        "postfix-master.cf": "submission/inet/smtpd_sender_login_maps=texthash:$own/logins\n",
        "tables/logins": "x y\n",
    }
    assert found(render_node(files_of(texts))).keys() == {"tables/logins"}


def test_a_certificate_is_left_where_its_key_is() -> None:
    """An older one must not come back beside a newer key."""
    texts = {"dovecot.cf": f"ssl_cert = <{PLACE}/ssl/cert.pem\n", "ssl/cert.pem": "x\n"}
    assert found(render_node(files_of(texts))) == {}


def refused(
    before: Mapping[str, bytes | str], after: Mapping[str, bytes | str]
) -> list[tuple[str, int, str]]:
    """What is said of a change."""
    known = render_node(files_of(before))
    rows = complaints(files_of(after), "mail", known)
    return [(row.path, row.line, row.message) for row in rows]


MAIN = f"# ours\ntransport_maps = texthash:{PLACE}/own-routes.cf\n"


def test_a_file_that_is_still_named_is_not_removed() -> None:
    """The line that names it is told; both together may go."""
    texts = {"postfix-main.cf": MAIN, "own-routes.cf": ROUTES}
    told = [("config/postfix-main.cf", 2, "names config/own-routes.cf, which is removed")]
    assert refused(texts, {"postfix-main.cf": MAIN}) == told
    assert refused(texts, {"postfix-main.cf": "# ours\n"}) == []
    assert refused(texts, {}) == []
    assert refused({"own-routes.cf": ROUTES}, {"postfix-main.cf": MAIN}) == told


@pytest.mark.parametrize(
    "line",
    [
        f"[ -f {PLACE}/x ] && cp {PLACE}/x /etc/",
        f"if test -e {PLACE}/x; then\n  cp {PLACE}/x /etc/\nfi",
        f"cp {PLACE}/x /etc/ || true",
        f"cp {PLACE}/* /etc/",
    ],
)
def test_a_script_may_do_without_a_file(line: str) -> None:
    """Where it looks first, or takes what is there."""
    script = f"#!/bin/bash\n{line}\n"
    assert refused({"user-patches.sh": script, "x": b"x\n"}, {"user-patches.sh": script}) == []


def test_a_table_has_one_type() -> None:
    """Two would be compiled to two files."""
    main = f"transport_maps = hash:{PLACE}/own-routes.cf\nalias_maps = lmdb:{PLACE}/own-routes.cf\n"
    (row,) = complaints(files_of({"postfix-main.cf": main, "own-routes.cf": ROUTES}), "mail")
    assert row.path == "config/own-routes.cf"
    assert "two types" in row.message
