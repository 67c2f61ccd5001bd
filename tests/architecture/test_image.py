"""The image declares packages, accounts, programs and folders: each once, for a service that exists."""

from __future__ import annotations

import re
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
    """The folders with declarations: the base, then one for each service."""
    services = sorted(path for path in (IMAGE / "services").iterdir() if path.is_dir())
    return [IMAGE / "base", *(path for path in services if path.name != "__pycache__")]


def declared(name: str) -> list[list[str]]:
    """The fields of each line of all files of this name, without comments."""
    files = [folder / name for folder in folders() if (folder / name).is_file()]
    lines = [line for file in files for line in file.read_text().splitlines()]
    return [line.split() for line in lines if line and not line.startswith("#")]


def twice(values: list[str]) -> list[str]:
    """Those that occur more than once."""
    return [value for value, count in Counter(values).items() if count > 1]


def test_each_folder_is_a_service() -> None:
    """A folder in the image has the name of a service in `renderers`."""
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
    """No two programs share a name, or a place in the order in which supervisor starts and stops them."""
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


KINDS = {"d", "D", "Z", "f", "C", "L", "L+", "R", "r"}
"""Kinds of lines (tmpfiles.d(5)) whose meaning the build or the start knows."""


def test_each_folder_is_declared_once() -> None:
    """One line for each path; a `Z` line names the owner that the folder's own line names."""
    lines = declared("folders.conf")
    assert {kind for kind, *_ in lines} <= KINDS
    assert twice([path for kind, path, *_ in lines if kind != "Z"]) == []
    assert twice([path for kind, path, *_ in lines if kind == "Z"]) == []
    owners = {path: line[3:5] for line in lines if line[0] == "d" for path in line[1:2]}
    assert all(owners[line[1]] == line[3:5] for line in lines if line[0] == "Z")


def test_links_into_the_state_volume_lead_to_declared_folders() -> None:
    """The folder that a link leads to exists before the service starts."""
    lines = declared("folders.conf")
    targets = {line[6] for line in lines if line[0] == "L+" and line[6].startswith("/var/mail-state")}
    assert targets
    assert targets <= {path for kind, path, *_ in lines if kind == "d"}


def test_what_is_linked_or_copied_from_a_folder_is_there() -> None:
    """The image has our own folders below /usr/local/lib/mail-agent."""
    place = INSTALLED.removesuffix("services/")
    sources = [line[6] for line in declared("folders.conf") if len(line) > 6 and line[6].startswith(place)]
    assert sources
    assert [path for path in sources if not (IMAGE / path.removeprefix(place)).is_file()] == []


OF_THE_DAEMON = {"dovenull"}
"""Accounts that only a daemon's compiled defaults name (Dovecot's default_login_user)."""


def test_each_account_is_used() -> None:
    """Another file of its folder, or its renderer, names each account."""
    for folder in folders():
        accounts = folder / "users.conf"
        names = (
            [line.split()[1] for line in accounts.read_text().splitlines() if line[0] in "ug"]
            if accounts.exists()
            else []
        )
        mine = [
            path
            for path in folder.iterdir()
            if path.is_file() and path.name not in ("users.conf", "packages")
        ]
        theirs = [
            path
            for path in (ROOT / "renderers" / folder.name).rglob("*")
            if path.suffix != ".pyc" and path.is_file()
        ]
        words = set(re.findall(r"[\w-]+", "\n".join(path.read_text() for path in mine + theirs)))
        assert set(names) - OF_THE_DAEMON <= words


def test_each_owner_is_an_account() -> None:
    """Of the image's own, or one that every Debian has."""
    accounts = {line[1] for line in declared("users.conf")} | {"root", "adm"}
    owners = {name for line in declared("folders.conf") for name in line[3:5]} - {"-"}
    assert owners <= accounts
