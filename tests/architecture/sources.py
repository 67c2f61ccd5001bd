"""The project's own Python files and what they import, read without running them."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("wire", "controlplane", "renderers", "hooks", "image/agent", "image/services")


@cache
def tracked() -> tuple[Path, ...]:
    """Every file that git knows, and new ones it does not ignore; all regular files where there is no git."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
        timeout=30,
    )
    names = listed.stdout.decode().split("\0") if listed.returncode == 0 else []
    paths = [ROOT / name for name in names if name] or list(ROOT.rglob("*"))
    return tuple(sorted(path for path in paths if path.is_file()))


@cache
def modules() -> dict[str, Path]:
    """Module name → file of everything that is shipped, hooks' Python scripts without suffix included."""
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*")):
            script = package == "hooks" and path.is_file() and b"python" in path.read_bytes()[:32]
            if path.suffix == ".py" or script:
                name = path.relative_to(ROOT).with_suffix("").as_posix().removeprefix("image/")
                found[name.replace("/", ".").removesuffix(".__init__")] = path
    return found


@cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imports(path: Path) -> Iterator[str]:
    """The dotted names of all modules (or names in them) that a file imports, inside functions too."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            # `from controlplane import git` imports controlplane.git; names of no module do no harm.
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
