"""What the image's folders declare, a folder for each service and one for what belongs to none."""

from __future__ import annotations

from collections import Counter
from configparser import ConfigParser
from pathlib import Path

import pytest

from renderers import SERVICES
from renderers.service import Service
from tests.architecture.sources import ROOT
from tests.renderers.states import CASES

IMAGE = ROOT / "image"


def folders() -> list[Path]:
    """Where packages, accounts and programs may be declared."""
    services = sorted(path for path in (IMAGE / "services").iterdir() if path.is_dir())
    return [IMAGE / "base", *(path for path in services if path.name != "__pycache__")]


def declared(name: str) -> list[list[str]]:
    """The fields of each line of all files of this name; comments are left out."""
    files = [folder / name for folder in folders() if (folder / name).is_file()]
    lines = [line for file in files for line in file.read_text().splitlines()]
    return [line.split() for line in lines if line and not line.startswith("#")]


def twice(values: list[str]) -> list[str]:
    """Those that occur more than once."""
    return [value for value, count in Counter(values).items() if count > 1]


def test_each_folder_is_a_service() -> None:
    """The two sides of a service have one name."""
    assert {path.name for path in folders()[1:]} <= {service.name for service in SERVICES}


@pytest.mark.parametrize("folder", folders(), ids=lambda path: path.name)
def test_packages_are_sorted(folder: Path) -> None:
    """One Debian package in a line, which `apt-get install` takes as it is."""
    packages = (folder / "packages").read_text().splitlines() if (folder / "packages").exists() else []
    assert packages == sorted(packages)
    assert all(package.split() == [package] for package in packages)


def test_each_package_is_declared_once() -> None:
    """By the service that needs it, or by the base where several do."""
    assert twice([name for line in declared("packages") for name in line]) == []


def test_each_account_is_declared_once() -> None:
    """With an id of its own: volumes keep ids, not names (sysusers.d(5))."""
    lines = declared("users.conf")
    assert {kind for kind, *_ in lines} <= {"u", "g"}
    assert twice([line[1] for line in lines]) == []
    assert twice([line[2] for line in lines]) == []
    assert all(line[2].isdigit() for line in lines)


def programs(folder: Path) -> ConfigParser:
    """What supervisor reads of a folder; semicolons begin comments."""
    parser = ConfigParser(interpolation=None, comment_prefixes=(";",))
    parser.read(folder / "program.conf")
    return parser


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_each_program_of_a_service_is_in_its_folder(service: Service) -> None:
    """What a release can enable is there to be started, and nothing is there that none enables."""
    named = {f"program:{name}" for state in CASES.values() for name in service.programs(state)}
    assert named == set(programs(IMAGE / "services" / service.name).sections())


def test_each_program_is_declared_once() -> None:
    """Names, and the order in which supervisor starts and stops."""
    parsers = [programs(folder) for folder in folders()]
    assert twice([name for parser in parsers for name in parser.sections()]) == []
    assert twice([parser[name]["priority"] for parser in parsers for name in parser.sections()]) == []


INSTALLED = "/usr/local/lib/mail-agent/services/"
"""Where the image has what is in image/services."""


def test_what_a_program_runs_is_there() -> None:
    """A command in a service's folder is a script in this very folder."""
    for folder in folders():
        for section in programs(folder).sections():
            script, *_ = programs(folder)[section]["command"].split()
            if script.startswith(INSTALLED):
                path = IMAGE / "services" / script.removeprefix(INSTALLED)
                assert path.parent == folder
                assert path.read_text().startswith("#!/bin/")
