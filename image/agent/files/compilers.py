"""postmap(1) and sievec(1), always on files beside the live ones."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from agent.commands import Ran, run
from agent.errors import Failed
from agent.files.maps import DEADLINE, Maps
from agent.files.regions import Regions
from agent.files.staging import cool, live_name, product
from agent.paths import ASIDE
from wire.manifest import TABLES, Compile

SIEVEC = ("sievec", "-o", "mail_plugins=")
"""Without plugins: one that cannot start now would keep every release away, also the one that mends it."""
SIEVEC_DEADLINE = 20.0
ZONES = Path("/usr/share/zoneinfo")


class Compiler(Protocol):
    """What compiles staged sources."""

    def __call__(
        self,
        asides: Iterable[tuple[Path, Compile, str]],
        scratch: Path,
        known: Mapping[Path, Regions] = ...,
        /,
    ) -> None:
        """As `Compilers` does."""
        ...


class Compilers:
    """The compilers of one node, and what they remember of the maps that they made."""

    def __init__(self) -> None:
        self._maps = Maps()

    def __call__(
        self,
        asides: Iterable[tuple[Path, Compile, str]],
        scratch: Path,
        known: Mapping[Path, Regions] = MappingProxyType({}),
    ) -> None:
        """Compile staged sources: (aside file, compiler, service) each. Raises Failed with path and line.

        `known` says of some where they differ from the live ones.
        """
        rows = list(asides)
        maps = [(path, service) for path, compiler, service in rows if compiler == Compile.POSTMAP]
        if maps:
            paths = [path for path, _ in maps]
            _judge(self._maps.compile(paths, minimal_config(scratch), known), paths, maps[0][1])
        for path, compiler, service in rows:
            if compiler in TABLES and compiler != Compile.POSTMAP:
                _judge(_postmap_as(compiler, path, scratch), [path], service)
            if compiler == Compile.SIEVE:
                _sievec(path, service)
            if compiler == Compile.ZONE:
                _link_zone(path, service)
            elif compiler:
                # postmap gives a map its source's permissions and owner only where it may: say it plainly.
                product(path, compiler).chmod(path.stat().st_mode & 0o777)


def _judge(ran: Ran, paths: list[Path], service: str) -> None:
    if ran.code:
        raise Failed(service, f"postmap: {last_line(ran.output)}", *locate(ran.output, paths))


def _postmap_as(compiler: Compile, path: Path, scratch: Path) -> Ran:
    product(path, compiler).unlink(missing_ok=True)
    return run(["postmap", "-c", str(minimal_config(scratch)), f"{TABLES[compiler][0]}:{path}"], DEADLINE)


def minimal_config(scratch: Path) -> Path:
    """An empty Postfix configuration: the live one may be the broken thing that is being replaced."""
    folder = scratch / "postmap-config"
    folder.mkdir(parents=True, exist_ok=True)
    main = folder / "main.cf"
    if not main.exists():
        main.write_text("compatibility_level = 3.6\n")
        cool(main)
    return folder


def _link_zone(path: Path, service: str) -> None:
    zone = ZONES / path.read_text().strip()
    if not zone.is_file():
        raise Failed(service, f"{zone.relative_to(ZONES)} is no time zone", _live(path), 1)
    link = product(path, Compile.ZONE)
    link.unlink(missing_ok=True)
    link.symlink_to(zone)


def renew_sieve(path: Path, service: str) -> None:
    """Compile a live script: Dovecot refuses a binary of a script elsewhere, or of other Sieve settings.

    It would compile the script at each delivery then, and not be allowed to keep the result.
    """
    live, aside = product(path, Compile.SIEVE), path.with_name(f"{ASIDE}{path.stem}.svbin")
    _sievec(path, service, aside)
    aside.chmod(path.stat().st_mode & 0o777)
    aside.replace(live)


def _sievec(path: Path, service: str, binary: Path | None = None) -> None:
    words = [*SIEVEC, str(path), str(binary or product(path, Compile.SIEVE))]
    ran = run(words, SIEVEC_DEADLINE)
    if ran.code:
        match = re.search(r"line (\d+): error: (.*)", ran.output)
        line, text = (int(match[1]), match[2]) if match else (0, last_line(ran.output))
        raise Failed(service, f"sievec: {text}", _live(path), line)


def locate(output: str, paths: list[Path]) -> tuple[str, int]:
    """The first (target path, line) that a tool's output names, ("", 0) when none."""
    for path in paths:
        if match := re.search(re.escape(str(path)) + r",? line (\d+)", output):
            return _live(path), int(match[1])
    return "", 0


def last_line(output: str) -> str:
    """The last line with text: where tools say why they gave up."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1] if lines else "no output"


def _live(path: Path) -> str:
    return str(path.with_name(live_name(path))).lstrip("/")
