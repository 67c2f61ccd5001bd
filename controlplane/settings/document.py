"""Writes what is derived from the settings: the reference page and the annotated mailserver.env.

`python -m controlplane.settings.document` writes both, `--check` only tells whether they are fresh.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from inspect import cleandoc
from pathlib import Path
from textwrap import wrap

from controlplane.settings import AREAS
from controlplane.settings.catalog import SETTINGS, SettingSpec
from controlplane.settings.field import Area
from controlplane.settings.other_names import SUCCESSORS

ROOT = Path(__file__).parents[2]
FIRST_START = {"SSL_TYPE": "self-signed", "ENABLE_RSPAMD": "1"}
"""What a new state repository sets: as few as give a server to try out."""
WIDTH = 100

_PAGE_HEAD = """\
# Settings

<!-- written by `python -m controlplane.settings.document`; a test holds it fresh -->

They stand in `mailserver.env` on `main`, one `NAME=value` a line. A value with white space at an end goes
into quotes, `'` or `"`; without quotes, white space and a `#` begin a comment. An empty value is the default.
What the container's environment sets goes before `main`; `mailctl status` shows it as pinned. A push with a
name that is not on this page, or with a value that does not fit, is refused. *Not supported yet* means: the
setting is checked and recorded, and has no effect so far. What such a setting would turn on is off, also
where its documented default is on (`ENABLE_AMAVIS=1`): turning it off is therefore not reported, turning
it on is.
[What is there and what comes later](compatibility.md) is one table.

`mailctl explain NAME` shows the same for one setting, and its value in effect.
"""
_OTHER_NAMES = """\
## Names that are no settings

Earlier and later versions of the reference know them, or people write them who look for a setting by what
it does. A push is told the same; an import makes comments of them. `DISABLE_X=1` is `ENABLE_X=0`.
"""
_ENV_HEAD = """\
# The settings of this mail server: NAME=value, one a line. Remove the # before a line to change it.
# What stands behind each # is the default. Quotes keep white space at the ends of a value.
# A push with an unknown name or a value that does not fit is refused.
"""


def reference_page() -> str:
    """The text of docs/reference/settings.md."""
    contents = [f"- [{area.title}](#{_anchor(area.title)}): {_intro(area)}" for area in AREAS]
    parts = [_PAGE_HEAD, "\n".join(contents) + "\n"]
    for area in AREAS:
        parts.append(f"## {area.title}\n\n{_intro(area)}\n")
        parts += ["\n".join(_section(spec)) + "\n" for spec in _settings_of(area)]
    return "\n".join([*parts, _OTHER_NAMES, "\n".join(_other_names()) + "\n"])


def example_env() -> str:
    """The text of state-repo-template/mailserver.env."""
    parts = [_ENV_HEAD]
    for area in AREAS:
        title = f"# ==== {area.title} "
        parts.append("\n".join([title.ljust(WIDTH, "="), *_commented(_intro(area))]) + "\n")
        parts += ["\n".join(_example(spec)) + "\n" for spec in _settings_of(area)]
    return "\n".join(parts)


def outputs() -> dict[Path, str]:
    """Every derived file and the text that it should have."""
    return {
        ROOT / "docs/reference/settings.md": reference_page(),
        ROOT / "state-repo-template/mailserver.env": example_env(),
    }


def _settings_of(area: type[Area]) -> list[SettingSpec]:
    return [spec for spec in SETTINGS.values() if spec.area == area.title]


def _intro(area: type[Area]) -> str:
    return cleandoc(area.__doc__ or "")


def _anchor(title: str) -> str:
    return title.lower().replace(" ", "-")


def _section(spec: SettingSpec) -> Iterator[str]:
    yield f"### {spec.name}\n"
    yield f"{spec.doc}\n"
    yield f"- Value: {spec.kind}{' (secret)' if spec.secret else ''}"
    yield f"- Default: {spec.default_text if spec.default_from or not spec.default else f'`{spec.default}`'}"
    if spec.requires:
        yield f"- Has an effect, for example, with: {', '.join(_needs(spec))}"
    if spec.consumers:
        yield f"- Read by: {', '.join(spec.consumers)}"
    for value, risk in spec.risks.items():
        yield f"- Careful: {f'`{value}`' if value else 'empty'} {risk}"
    if state := _support(spec):
        yield f"- *{state}*"


def _other_names() -> Iterator[str]:
    yield "| name | what to do |"
    yield "| --- | --- |"
    for name, (setting, cure) in SUCCESSORS.items():
        yield f"| `{name}` | {cure or f'write `{setting}`'} |"


def _needs(spec: SettingSpec) -> Iterator[str]:
    for name, value in spec.requires.items():
        # of a free text any will do: the declared one is only a sample
        yield f"`{name}={value}`" if SETTINGS[name].values else f"`{name}`"


def _support(spec: SettingSpec) -> str:
    if not spec.supported:
        return "Not supported yet"
    return f"Not supported yet: {', '.join(spec.pending)}" if spec.pending else ""


def _example(spec: SettingSpec) -> Iterator[str]:
    yield from _commented(spec.doc)
    default = f" Default: {spec.default_text}." if spec.default_from else ""
    state = f" {_support(spec)}." if _support(spec) else ""
    yield from _commented(f"Value: {spec.kind}.{default}{state}")
    first = FIRST_START.get(spec.name)
    yield f"#{spec.name}={spec.default}" if first is None else f"{spec.name}={first}"


def _commented(text: str) -> Iterator[str]:
    for paragraph in text.split("\n\n"):
        yield from wrap(paragraph, WIDTH, initial_indent="# ", subsequent_indent="# ")


def main(arguments: Sequence[str]) -> int:
    """Write the files, or with --check compare them; 1 where one is stale."""
    stale = [path for path, text in outputs().items() if not path.exists() or path.read_text("utf-8") != text]
    if "--check" in arguments:
        for path in stale:
            sys.stderr.write(
                f"stale: {path.relative_to(ROOT)}; run python -m controlplane.settings.document\n"
            )
        return 1 if stale else 0
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(outputs()[path], "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
