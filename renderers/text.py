"""How values become text: one jinja2 environment for all templates, and the quoting of each format.

Values with control characters are refused here whatever made them: they could end a line of a
configuration file and begin another.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

import jinja2

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\x85\u2028\u2029]")
_CONTROL_IN_LINES = bytes({*range(0x20), 0x7F} - {ord("\t"), ord("\n")})

_ROOT = Path(__file__).parent


class Unprintable(ValueError):
    """A value that would break out of its place in a file; never made by parsed input."""


def one_line(value: object) -> str:
    """`value` as text of one line; raises Unprintable for control characters and for other types.

    Truth values are refused too: each format spells them its own way, which is the caller's to choose.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Unprintable(f"{type(value).__name__} has no spelling in a configuration file")
    text = str(value)
    if _CONTROL.search(text):
        raise Unprintable(f"control character in {text!r}")
    return text


def lines(rows: Iterable[str]) -> bytes:
    """Rows as a file, each with a newline; checked together, as there may be 100,000 of them."""
    collected = list(rows)
    text = "\n".join(collected) + "\n" if collected else ""
    encoded = text.encode()
    if text.count("\n") != len(collected) or len(encoded.translate(None, _CONTROL_IN_LINES)) < len(encoded):
        raise Unprintable("control character in a row of a map")
    return encoded


def postfix(value: object) -> str:
    """For the right side of a line of main.cf: `$` starts a name there (postconf(5))."""
    return one_line(value).replace("$", "$$")


def quoted(value: object) -> str:
    """In double quotes with backslashes, as Dovecot's configuration and Sieve (RFC 5228 2.4.2) read it."""
    return '"' + one_line(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def ucl(value: object) -> str:
    """A string of Rspamd's configuration language, which reads JSON strings."""
    return json.dumps(one_line(value), ensure_ascii=False)


_environment = jinja2.Environment(
    loader=jinja2.FileSystemLoader(_ROOT),
    undefined=jinja2.StrictUndefined,
    finalize=one_line,
    autoescape=False,  # noqa: S701  # no HTML here: `finalize` and the quoting filters guard the formats
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
_environment.filters.update(postfix=postfix, quoted=quoted, ucl=ucl)


def fill(template: str, **values: object) -> str:
    """The text of a template (a path below renderers/); an undefined name is an error."""
    return _environment.get_template(template).render(**values)
