"""Renders the files of `config/` that other files name at their place on the config volume.

They are part of the release: planned, checked, put in place before what names them, put back with it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from controlplane.model import Override, State
from controlplane.sealing import holds_sealed
from renderers.referenced.names import Mention, matching, mentions, values_of
from renderers.service import Check, Complaint, Origin, Part, Plain, RenderedFile
from wire.config_folder import place_of
from wire.manifest import Action, Compile
from wire.private_keys import find_pem

CERTIFICATES = "ssl/"
LARGEST = 1 << 20
"""Bytes of a file that is searched for names of others."""


@dataclass(slots=True)
class _Named:
    """A file that is named: by which services' files, and what has to be compiled of it."""

    services: set[str] = field(default_factory=set)
    tables: set[Compile] = field(default_factory=set)


@dataclass(frozen=True)
class Referenced(Plain):
    """No daemon: the files belong to the services whose files name them."""

    readers: Mapping[str, Sequence[str]]
    """Files below config/ (fnmatch(3) patterns) that each service reads, and that may name others."""
    name = "referenced"

    def programs(self, _state: State) -> tuple[str, ...]:
        """None: others read the files."""
        return ()

    @property
    def parts(self) -> tuple[Part, ...]:
        """All files together."""
        return (Part(("overrides",), self.render),)

    @property
    def checks(self) -> tuple[Check, ...]:
        """Names of files that are removed, and tables that two types would compile to different files."""
        return (Check(("overrides",), self._wrong),)

    def render(self, state: State) -> Iterable[RenderedFile]:
        """Every file that is named, as `main` has it.

        What holds sealed values is left out: the volume never holds them in the clear. So are private keys,
        and certificates: an older one must not come back beside a newer key.
        """
        overrides = state.desired.overrides
        for path, named in sorted(self._named(overrides).items()):
            content = overrides[path].content
            if not path.startswith(CERTIFICATES) and not holds_sealed(content) and not find_pem(content):
                yield RenderedFile(
                    place_of(path),
                    content,
                    Action.RELOAD,
                    mode=0o755 if overrides[path].executable else 0o644,
                    compile=min(named.tables, default=Compile.NOTHING),
                    origins=(Origin(1, f"config/{path}"),),
                    readers=tuple(sorted(named.services)),
                )

    def _named(self, overrides: Mapping[str, Override]) -> dict[str, _Named]:
        """What is named, by files that are named as well; each service is told of all that it reads."""
        found: dict[str, _Named] = {}
        todo = [(path, service) for path in overrides for service in self._readers(path)]
        values = self._values(overrides, todo)
        seen = set(todo)
        while todo:
            source, service = todo.pop()
            for mention, path in _names(overrides[source], overrides, values[service]):
                named = found.setdefault(path, _Named())
                named.services.add(service)
                named.tables |= {mention.table} - {Compile.NOTHING}
                if (path, service) not in seen:
                    seen.add((path, service))
                    todo.append((path, service))
        return found

    def _values(
        self, overrides: Mapping[str, Override], read: Iterable[tuple[str, str]]
    ) -> dict[str, dict[str, str]]:
        """What the files of each service set: a parameter of main.cf counts in master.cf."""
        values: dict[str, dict[str, str]] = {service: {} for service in self.readers}
        for path, service in read:
            values[service] |= values_of(_text(overrides[path]))
        return values

    def _readers(self, path: str) -> Iterator[str]:
        for service, patterns in self.readers.items():
            if any(fnmatchcase(path, pattern) for pattern in patterns):
                yield service

    def _wrong(self, state: State, before: State | None) -> Iterator[Complaint]:
        overrides = state.desired.overrides
        named = self._named(overrides)
        for path in sorted(path for path, each in named.items() if len(each.tables) > 1):
            kinds = " and ".join(sorted(named[path].tables))
            message = f"is named as a table of two types ({kinds})"
            yield Complaint(f"config/{path}", 0, message, "name it by one of them everywhere")
        gone = before.desired.overrides.keys() - overrides.keys() if before else ()
        if gone:
            sources = {p for p in overrides if p in named or any(True for _ in self._readers(p))}
            yield from _dangling(overrides, sorted(sources), gone)


def _text(override: Override) -> str:
    content = override.content
    return "" if len(content) > LARGEST or b"\0" in content else content.decode("utf-8", "replace")


def _names(
    source: Override, paths: Collection[str], known: Mapping[str, str]
) -> Iterator[tuple[Mention, str]]:
    text = _text(source)
    for mention in mentions(text, known) if text else ():
        for path in matching(mention, text, paths):
            if path != source.path:
                yield mention, path


def _dangling(
    overrides: Mapping[str, Override], sources: Iterable[str], gone: Collection[str]
) -> Iterator[Complaint]:
    """Lines that name a file which this change removes."""
    for source in sources:
        found = [each for each in mentions(_text(overrides[source])) if each.path in gone]
        optional = {each.path for each in found if each.optional}
        for mention in found:
            if mention.path not in optional:
                message = f"names config/{mention.path}, which is removed"
                cure = "take this line away in the same change, or keep the file"
                yield Complaint(f"config/{source}", mention.line, message, cure)
