"""What the control plane writes into a manifest is what the agent reads there."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import Corrupt
from agent.release.manifest import parse, parse_manifest
from controlplane.model import State
from renderers import SERVICES
from renderers.release import render
from services import NODE_SERVICES
from services.base import NodeServices
from wire.manifest import Action, Compile, Entry, Probe, ProbeKind

AREAS = NodeServices(NODE_SERVICES).areas
TREE = render(State(), "mail")
ROWS = json.loads(TREE.manifest)


def test_the_agent_reads_what_is_rendered() -> None:
    """Actions, compilers, parameters and probes, without loss."""
    release = parse_manifest(TREE.manifest, dict.fromkeys(ROWS["files"], "0" * 40), AREAS, "commit", 1)
    for path, entry in release.files.items():
        file = TREE.files[path]
        assert (entry.action, entry.mode, entry.owner) == (file.action, file.mode, file.owner)
        assert entry.compile == getattr(file, "compile", "")
        assert entry.restart_on == getattr(file, "restart_on", ())
    services = {service.name: service for service in SERVICES}
    assert release.services
    for name, found in release.services.items():
        assert found.probes == tuple(services[name].probes(State()))


PROBES = st.builds(
    Probe, st.text(), st.sampled_from(ProbeKind), st.integers(0, 65535), st.text(), st.text(), st.booleans()
)


@given(PROBES)
def test_a_probe_is_read_as_it_was_written(probe: Probe) -> None:
    """Through JSON."""
    assert Probe.read(json.loads(json.dumps(probe.row()))) == probe


ENTRIES = st.builds(
    Entry,
    st.just("etc/x"),
    st.lists(st.text(min_size=1), min_size=1).map(tuple),
    st.sampled_from(Action),
    st.integers(0, 0o777),
    st.text(),
    st.sampled_from(Compile),
    restart_on=st.lists(st.text()).map(tuple),
    fill=st.booleans(),
)
CERTIFICATES = st.builds(
    replace,
    ENTRIES,
    compile=st.just(Compile.NOTHING),
    slot=st.text(min_size=1),
    part=st.text(),
    identity=st.text(),
)


@given(ENTRIES | CERTIFICATES, st.text())
def test_a_file_is_read_as_it_was_written(entry: Entry, service: str) -> None:
    """Through JSON, whichever service renders it."""
    assert Entry.read(entry.path, json.loads(json.dumps(entry.row(service)))) == entry


def test_where_a_port_was_found_is_no_part_of_a_manifest() -> None:
    """The node finds that out."""
    assert "host" not in Probe("25", ProbeKind.SMTP, 25, host="192.0.2.1").row()


@pytest.mark.parametrize("words", [{"action": "halt"}, {"compile": "cc"}])
def test_words_that_the_agent_does_not_know(words: dict[str, str]) -> None:
    """A release with them is none."""
    path = next(path for path, row in ROWS["files"].items() if "certificate" not in row)
    manifest = ROWS | {"files": {path: ROWS["files"][path] | words}}
    with pytest.raises(Corrupt, match="is not a valid"):
        parse(manifest, {path: "0" * 40}, AREAS, "commit", 1)
