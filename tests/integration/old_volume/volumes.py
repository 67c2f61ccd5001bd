"""Puts the content of volumes into an archive, and back."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator, Mapping

import docker
from docker.models.containers import Container

NAMES = {"/var/mail": "mail", "/var/mail-state": "state", "/tmp/docker-mailserver": "config"}
"""Folders of the archive, by where each volume is mounted."""


def packed(engine: docker.DockerClient, image: str, volumes: Mapping[str, str]) -> bytes:
    """All files of the volumes (names by place), owners and times included, as tar.xz. Nobody may run."""
    made = io.BytesIO()
    with (
        tarfile.open(fileobj=made, mode="w:xz", preset=9) as archive,
        _beside(engine, image, volumes) as beside,
    ):
        for place, name in NAMES.items():
            for member, content in _members(beside.container, place):
                _rename(member, "/".join([name, *member.name.split("/")[1:]]))
                archive.addfile(member, content)
    return made.getvalue()


def unpack(engine: docker.DockerClient, image: str, volumes: Mapping[str, str], archive: bytes) -> None:
    """Fill empty volumes with what was packed."""
    with _beside(engine, image, volumes) as beside:
        for place, name in NAMES.items():
            part = io.BytesIO()
            with (
                tarfile.open(fileobj=io.BytesIO(archive)) as whole,
                tarfile.open(fileobj=part, mode="w") as wanted,
            ):
                for member in whole:
                    first, _, rest = member.name.partition("/")
                    _rename(member, rest)
                    if first == name and rest:
                        wanted.addfile(member, whole.extractfile(member) if member.isreg() else None)
            beside.container.put_archive(place, part.getvalue())


def files(
    engine: docker.DockerClient, image: str, volumes: Mapping[str, str], place: str
) -> dict[str, bytes]:
    """The regular files of one volume, by path below it."""
    with _beside(engine, image, volumes) as beside:
        return {
            member.name.partition("/")[2]: content.read()
            for member, content in _members(beside.container, place)
            if content is not None
        }


class _beside:  # noqa: N801  # reads as a function
    """A container that never runs, through which the engine reads and writes volumes."""

    def __init__(self, engine: docker.DockerClient, image: str, volumes: Mapping[str, str]) -> None:
        mounts = {name: {"bind": place, "mode": "rw"} for name, place in volumes.items()}
        self.container: Container = engine.containers.create(image, volumes=mounts)

    def __enter__(self) -> _beside:
        return self

    def __exit__(self, *_: object) -> None:
        self.container.remove(force=True)


def _rename(member: tarfile.TarInfo, name: str) -> None:
    member.name = name
    member.pax_headers = {}  # a long name stands there as well, and would have priority


def _members(container: Container, place: str) -> Iterator[tuple[tarfile.TarInfo, io.BytesIO | None]]:
    """Files, folders and links of a folder; a second name of a file becomes a copy, sockets are left out."""
    stream, _ = container.get_archive(place)
    with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as archive:
        for member in archive:
            if member.isreg() or member.islnk():
                read = archive.extractfile(member)
                assert read is not None
                content = read.read()
                member.type, member.linkname, member.size = tarfile.REGTYPE, "", len(content)
                yield member, io.BytesIO(content)
            elif member.isdir() or member.issym():
                yield member, None
