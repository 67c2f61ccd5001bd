"""A service is two folders of one name: what a release may say, and what the image fixes."""

from __future__ import annotations

import json
from configparser import RawConfigParser

import pytest

from renderers import SERVICES
from services import NODE_SERVICES
from services.base import NodeServices, Signal
from tests.architecture.sources import ROOT
from tests.renderers.states import CASES, render_node

MANIFESTS = {case: json.loads(render_node(CASES[case]).manifest) for case in CASES}


def programs() -> set[str]:
    """The programs that supervisor knows (supervisord.org, "[program:x] Section Settings")."""
    found = set()
    for path in [*(ROOT / "image/rootfs").rglob("*.conf"), *(ROOT / "image/services").rglob("*.conf")]:
        if "[program:" in path.read_text():
            parser = RawConfigParser(strict=False, inline_comment_prefixes=(" ;",))
            parser.read(path)
            found |= {s.partition(":")[2] for s in parser.sections() if s.startswith("program:")}
    return found


def test_both_tables_have_the_same_services() -> None:
    """A service that is rendered is one that the image knows, and the other way round."""
    assert sorted(service.name for service in NODE_SERVICES) == sorted(service.name for service in SERVICES)


def test_every_service_has_a_folder_on_each_side() -> None:
    """The folder is called as the service is."""
    for service in NODE_SERVICES:
        assert (ROOT / "renderers" / service.name).is_dir()
        assert (ROOT / "image/services" / service.name / "__init__.py").is_file()


def test_every_folder_of_the_image_is_a_service() -> None:
    """No service is forgotten in the table."""
    folders = {path.parent.name for path in (ROOT / "image/services").glob("*/__init__.py")}
    assert folders == {service.name for service in NODE_SERVICES}


@pytest.mark.parametrize("case", CASES)
def test_files_lie_where_their_service_may_write(case: str) -> None:
    """Every rendered path lies in an area of a service that it is for, a certificate in that of TLS."""
    known = NodeServices(NODE_SERVICES)
    for path, row in MANIFESTS[case]["files"].items():
        names = ["tls"] if row.get("certificate") else row.get("services") or [row["service"]]
        areas = [area for name in names for area in known.of(name).areas]
        assert any(path.startswith(area) if area.endswith("/") else path == area for area in areas), path


def test_every_program_is_known_to_supervisor() -> None:
    """What a release starts, and what a reload signals, is a program of the image."""
    rendered = {
        program
        for manifest in MANIFESTS.values()
        for service in manifest["services"].values()
        for program in service["programs"]
    }
    signalled = {s.reload.program for s in NODE_SERVICES if isinstance(s.reload, Signal)}
    assert rendered | signalled <= programs()


def test_areas_belong_to_one_service() -> None:
    """No folder or file is claimed twice."""
    areas = [area for service in NODE_SERVICES for area in service.areas]
    assert len(areas) == len(set(areas))
