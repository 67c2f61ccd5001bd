"""Makes the program of this process that of another image."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

import controlplane
from controlplane.errors import Unavailable
from controlplane.model import State
from renderers import release as nodes
from renderers.release import NodeTree
from renderers.service import Complaint, RenderedFile
from tests.daemon.site import Site

MAIN_CF = "etc/postfix/main.cf"
NEXT = "9.1.0"


class Images:
    """Makes the program of this process another one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._patch = monkeypatch
        self._render = nodes.render
        self.version = controlplane.__version__

    def is_(self, version: str = "", line: bytes = b"") -> None:
        """From here on this version renders, with a line more in a file."""
        if version:
            self._patch.setattr(controlplane, "__version__", version)

        def render(state: State, node: str, known: NodeTree | None = None) -> NodeTree:
            tree = self._render(state, node)
            file = tree.files[MAIN_CF]
            assert isinstance(file, RenderedFile)
            changed = replace(file, content=file.content + line)
            return replace(tree, files={**tree.files, MAIN_CF: changed}, made=None)

        self._patch.setattr(nodes, "render", render)

    def refuses(self, *complaints: Complaint) -> None:
        """From here on the renderers complain."""
        self._patch.setattr(nodes, "complaints", lambda *_: list(complaints))


def restart(site: Site) -> None:
    """Stop the daemon and start it again, as the image that is now."""
    site.stop()
    site.start()


def changes(site: Site, kind: str = "renderer.changed") -> list[dict[str, Any]]:
    """The events of a kind as `mailctl log` has them."""
    return [entry for entry in site.ask("log")["entries"] if entry["kind"] == kind]


@contextmanager
def failing(
    patch: pytest.MonkeyPatch, owner: type[Any], name: str, when: Callable[..., bool]
) -> Iterator[None]:
    """A method that finds no room on the volume, where `when` says so of its arguments."""
    real = getattr(owner, name)

    def method(self: Any, *arguments: Any, **others: Any) -> Any:
        if when(*arguments):
            raise Unavailable("No space left on device")
        return real(self, *arguments, **others)

    with patch.context() as patched:
        patched.setattr(owner, name, method)
        yield
