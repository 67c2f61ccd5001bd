"""Parts declare what they read, and what is rendered from a state before is what is rendered from scratch."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.release.manifest import parse_manifest
from controlplane.fold import fold
from controlplane.intake.diff import diff
from controlplane.intake.trees import node_files
from controlplane.model import Account, Alias, Desired, Master, Observed, Override, Pin, RegexpAlias, State
from controlplane.release import each_file
from controlplane.settings.catalog import SETTINGS
from renderers import SERVICES, release
from renderers.fields import FIELDS, Facts
from renderers.release import render
from renderers.tables import MOST, patch_sorted
from renderers.text import lines
from services import NODE_SERVICES
from services.base import NodeServices
from tests.property.strategies import changed_states
from tests.renderers.states import CASES, CERTIFICATE, HASH, SECOND, state
from wire.blobs import blob_id
from wire.manifest import FORMAT, PARTED_FORMAT

AREAS = NodeServices(NODE_SERVICES).areas
PARTS = [(service, part) for service in SERVICES for part in service.parts]
NEW = "new@third.test"
TAGGED = "user1+x@example.test"


def flips(of: State) -> Iterator[State]:
    """The state with one field of it changed, by every kind of change."""
    desired, observed = of.desired, of.observed
    for field, rows in (
        ("accounts", {NEW: Account(NEW, HASH)}),
        ("accounts", {TAGGED: Account(TAGGED, HASH)}),
        ("accounts", {"user1@example.test": Account("user1@example.test", HASH + "x", "a=b")}),
        ("aliases", {"new@fourth.test": Alias("new@fourth.test", ("user1@example.test", "x@y.test"))}),
        ("aliases", {TAGGED: Alias(TAGGED, ("x@y.test",))}),
        ("regexps", {"/^x/": RegexpAlias("/^x/", ("x@y.test",))}),
        ("quotas", {"user1@example.test": "13M"}),
        ("masters", {"second": Master("second", HASH)}),
        ("relay_routes", {"@example.test": "[relay.test]:25"}),
        ("relay_credentials", {"@example.test": "a:b"}),
        ("send_access", {"new@example.test": "REJECT"}),
        ("receive_access", {"new@example.test": "REJECT"}),
        *(("settings", {name: spec.sample}) for name, spec in SETTINGS.items()),
        *(("overrides", {path: Override(path, content)}) for path, content in OVERRIDES.items()),
    ):
        yield replace(of, desired=replace(desired, **{field: {**getattr(desired, field), **rows}}))
        for key in [key for key in rows if key in getattr(desired, field)]:
            left = {k: v for k, v in getattr(desired, field).items() if k != key}
            yield replace(of, desired=replace(desired, **{field: left}))
    nodes = {name: replace(node, hostname="other.example.test") for name, node in observed.nodes.items()}
    yield replace(of, observed=replace(observed, nodes=nodes))
    yield replace(of, observed=replace(observed, certificates={"default": CERTIFICATE, "fallback": SECOND}))
    yield replace(of, observed=replace(observed, pins={"LOG_LEVEL": Pin("LOG_LEVEL", "debug")}))


OVERRIDES = {
    "postfix-main.cf": b"recipient_delimiter = -\nmydestination = example.test\n",
    "postfix-master.cf": b"submission/inet/smtpd_helo_required=no\n",
    "postfix-aliases.cf": b"a: b\n",
    "postfix-sasl-password.cf": b"x",
    "dovecot.cf": b"a = b\n",
    "after.dovecot.sieve": b"keep;\n",
    "user1@example.test.dovecot.sieve": b"discard;\n",
    "new@third.test.dovecot.sieve": b"discard;\n",
    "sieve-filter/x": b"#!/bin/sh\n",
    "rspamd/custom-commands.conf": b"disable-module rbl\n",
    "rspamd/override.d/x.conf": b"a = 1;\n",
    "user-patches.sh": b"echo $LOG_LEVEL /tmp/docker-mailserver/dovecot.cf\n",
    "dhparams.pem": b"x",
    "whitelist_recipients": b"a.test\n",
    "gitops/authorized_keys": b"x",
}


@pytest.mark.parametrize("name", CASES)
def test_what_a_part_does_not_read_does_not_change_it(name: str) -> None:
    """Each field is changed in turn: a part that declares none of what differs renders the same."""
    before = Facts(CASES[name])
    was = {(service.name, part): None for service, part in PARTS}
    for service, part in PARTS:
        if service.enabled(before.state):
            was[service.name, part] = list(part.render(before.state))  # type: ignore[assignment]
    for flipped in flips(CASES[name]):
        after = Facts(flipped)
        for service, part in PARTS:
            enabled = service.enabled(before.state) and service.enabled(flipped)
            if enabled and not after.differing(before, part.reads):
                assert list(part.render(flipped)) == was[service.name, part], part.reads


@pytest.mark.parametrize("name", CASES)
def test_what_a_check_does_not_read_does_not_change_it(name: str) -> None:
    """The same of mistakes."""
    before = Facts(CASES[name])
    for flipped in flips(CASES[name]):
        after = Facts(flipped)
        for check in (check for service in SERVICES for check in service.checks):
            if not after.differing(before, check.reads):
                assert list(check.find(flipped, None)) == list(check.find(before.state, None))


@pytest.mark.parametrize("name", CASES)
def test_from_a_state_before_is_the_same_as_from_scratch(name: str) -> None:
    """After every kind of change, and back."""
    of = CASES[name]
    known = render(of, of.node)
    for flipped in flips(of):
        there = render(flipped, of.node, known)
        assert there == render(flipped, of.node)
        assert render(of, of.node, there) == known


def test_every_name_is_a_field() -> None:
    """What is declared exists, and what a part does not read of a state it does not wait for."""
    named = {fact for _, part in PARTS for fact in part.reads if isinstance(fact, str)}
    named |= {fact for s in SERVICES for check in s.checks for fact in check.reads if isinstance(fact, str)}
    assert named == FIELDS.keys()


_settings = st.fixed_dictionaries(
    {},
    optional={
        "SPOOF_PROTECTION": st.just("1"),
        "ENABLE_QUOTAS": st.just("0"),
        "POSTFIX_MAILBOX_SIZE_LIMIT": st.just("1000"),
        "ENABLE_MANAGESIEVE": st.just("1"),
        "RELAY_HOST": st.just("relay.test"),
        "SMTP_ONLY": st.just("1"),
    },
)
_observed = state().observed


@given(st.lists(st.tuples(changed_states(), _settings), min_size=1, max_size=4))
def test_any_history_ends_as_its_state_alone(
    history: list[tuple[tuple[Desired, Desired], dict[str, str]]],
) -> None:
    """Folded and rendered step by step, the last tree is the one of the last state."""
    now = State(Desired(), _observed)
    known = render(now, now.node)
    for pair, settings in history:
        for each in pair:
            now = fold(now, diff(now.desired, replace(each, settings=settings)))
            known = render(now, now.node, known)
            assert known == render(State(replace(now.desired), Observed(**vars(_observed))), now.node)


def test_an_account_touches_nothing_but_its_tables() -> None:
    """What is not rendered again is the same object, which nobody hashes or compares."""
    of = CASES["full"]
    known = render(of, of.node)
    after = replace(
        of,
        desired=replace(
            of.desired, accounts={**of.desired.accounts, "x@second.test": Account("x@second.test", HASH)}
        ),
    )
    there = render(after, of.node, known)
    changed = {path for path, file in there.files.items() if file is not known.files[path]}
    assert changed == {"etc/dovecot/userdb", "etc/postfix/vmailbox", "etc/postfix/sender_login"}


def test_large_files_are_cut_as_from_scratch() -> None:
    """Whatever came before; the manifest has what the agent needs to know, and a small node's is as ever."""
    of = state(accounts=(f"user{number}@example.test" for number in range(14_000)))
    few = state(accounts=("user1@example.test",))
    known = render(few, few.node)
    assert (known.large, json.loads(known.manifest)["format"]) == ({}, FORMAT)
    for step in range(3):
        new = Account(f"new{step}@example.test", HASH)
        accounts = list(of.desired.accounts.items())
        at = 3_000 * step
        of = replace(
            of,
            desired=replace(of.desired, accounts=dict([*accounts[:at], (new.address, new), *accounts[at:]])),
        )
        known = render(of, of.node, known)
        there = render(of, of.node)
        assert (known, dict(known.large)) == (there, dict(there.large))
    assert list(known.large) == ["etc/dovecot/userdb"]
    manifest = json.loads(known.manifest)
    assert manifest["format"] == PARTED_FORMAT
    assert manifest["files"]["etc/dovecot/userdb"]["parts"] == list(known.large["etc/dovecot/userdb"].sizes)
    kept = each_file(node_files({"mail": known}))
    blobs = {path.removeprefix("mail/"): blob_id(content) for path, (content, _) in kept.items()}
    del blobs["manifest.json"]
    entry = parse_manifest(known.manifest, blobs, AREAS, "", 0).files["etc/dovecot/userdb"]
    assert [part.id for part in entry.parts] == list(known.large["etc/dovecot/userdb"].ids)


def test_a_sealed_value_in_a_new_line_is_seen() -> None:
    """What held none before is searched where it differs."""
    of = state(overrides={"postfix-main.cf": b"a = b\nc = d\n"})
    known = render(of, of.node)
    for text in (b"a = b\nx = age:" + 64 * b"c2Vh" + b"\nc = d\n", b"a = b\nc = d\n"):
        changed = {"postfix-main.cf": Override("postfix-main.cf", text)}
        of = replace(of, desired=replace(of.desired, overrides=changed))
        known = render(of, of.node, known)
        assert known == render(of, of.node)
        assert known.files["etc/postfix/main.cf"].fill == (b"age:" in text)  # type: ignore[union-attr]


def test_a_mistake_is_found_where_it_is_new() -> None:
    """Whatever was rendered before."""
    of = state(accounts=("user1@example.test",))
    known = render(of, of.node)
    bad = {"bad@example.test": Account("bad@example.test", "{X}a b")}
    after = replace(of, desired=replace(of.desired, accounts={**of.desired.accounts, **bad}))
    assert release.complaints(after, of.node, known) == release.complaints(after, of.node) != []
    assert release.complaints(of, of.node, known) == []


_keys = st.text("abc.@+", min_size=1, max_size=4)
_rows = st.dictionaries(_keys, st.text("xyz", min_size=1, max_size=3), max_size=12)


@given(_rows, _rows, st.sets(_keys))
def test_a_patched_table_is_the_table(old: dict[str, str], come: dict[str, str], gone: set[str]) -> None:
    """Rows are found by their whole key, at the start, at the end and in between."""

    def table(rows: dict[str, str]) -> bytes:
        return lines(f"{key}\t{value}" for key, value in sorted(rows.items()))

    new = {key: value for key, value in {**old, **come}.items() if key in come or key not in gone}
    changes = dict.fromkeys(gone) | {key: f"{key}\t{value}" for key, value in come.items()}
    assert patch_sorted(table(old), changes) == table(new)


def test_many_rows_are_rendered_anew() -> None:
    """A patch of each of them would copy the table each time."""
    assert patch_sorted(b"", {str(n): None for n in range(MOST + 1)}) is None
