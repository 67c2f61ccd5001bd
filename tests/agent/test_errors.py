"""The tree of errors as it is drawn."""

from __future__ import annotations

import builtins
import importlib
import inspect
import re

from agent import errors
from tests.architecture.sources import modules

ROW = re.compile(r"^(?P<depth>(?:[│ ]   )*)(?:[├└]── )?(?P<name>[A-Z]\w+)(?:  .*)?$")


def drawn() -> dict[str, str]:
    """Each error of the drawing with the one that it hangs from, "" for a root."""
    found: dict[str, str] = {}
    way: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        if match := ROW.match(line):
            depth = len(match["depth"]) // 4 + ("── " in line)
            way = [*way[:depth], match["name"]]
            found[match["name"]] = way[-2] if depth else ""
    return found


def test_the_tree_is_as_drawn() -> None:
    """Every exception class of the agent and its services hangs where the drawing has it."""
    found: dict[str, str] = {}
    for name in modules():
        if name.split(".")[0] in ("agent", "services") and name != "agent.__main__":
            for cls in vars(importlib.import_module(name)).values():
                if inspect.isclass(cls) and issubclass(cls, BaseException) and cls.__module__ == name:
                    found[cls.__name__] = cls.__bases__[0].__name__
    roots = {name for name in found.values() if hasattr(builtins, name)} - {"Exception"}
    expected = {name: "" if above == "Exception" else above for name, above in found.items()}
    assert drawn() == expected | dict.fromkeys(roots, "")
