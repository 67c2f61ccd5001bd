"""Writes docs/reference/compatibility.md: what is there of the documented settings, files and commands.

`python -m controlplane.settings.compatibility` writes it, `--check` only tells whether it is fresh.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from controlplane.settings import AREAS
from controlplane.settings.catalog import SETTINGS, SettingSpec

PAGE = Path(__file__).parents[2] / "docs/reference/compatibility.md"

FILES: Mapping[str, bool] = {
    "postfix-accounts.cf": True,
    "postfix-virtual.cf": True,
    "postfix-regexp.cf": True,
    "postfix-main.cf": True,
    "postfix-master.cf": True,
    "dovecot.cf": True,
    "before.dovecot.sieve": True,
    "after.dovecot.sieve": True,
    "<address>.dovecot.sieve": True,
    "rspamd/custom-commands.conf": True,
    "rspamd/override.d/": True,
    "ssl/": True,
    "gitops/authorized_keys": True,
    "dovecot-quotas.cf": False,
    "dovecot-masters.cf": False,
    "postfix-aliases.cf": False,
    "postfix-send-access.cf": False,
    "postfix-receive-access.cf": False,
    "postfix-sasl-password.cf": False,
    "postfix-relaymap.cf": False,
    "sieve-filter/": False,
    "sieve-pipe/": False,
    "opendkim/": False,
    "rspamd/dkim/": False,
    "ldap-users.cf": False,
    "ldap-groups.cf": False,
    "ldap-aliases.cf": False,
    "ldap-domains.cf": False,
    "whitelist_clients.local": False,
    "spamassassin-rules.cf": False,
    "fail2ban-fail2ban.cf": False,
    "fail2ban-jail.cf": False,
    "amavis.cf": False,
    "fetchmail.cf": False,
    "user-patches.sh": False,
}
"""Files of the config volume, `config/` on `main`, and whether anything reads them yet."""

COMMANDS: Mapping[str, bool] = {
    "setup email add": True,
    "setup email update": True,
    "setup email del": True,
    "setup email list": True,
    "setup email restrict": False,
    "setup alias add": True,
    "setup alias del": True,
    "setup alias list": True,
    "setup quota set": False,
    "setup quota del": False,
    "setup dovecot-master add": False,
    "setup dovecot-master update": False,
    "setup dovecot-master del": False,
    "setup dovecot-master list": False,
    "setup config dkim": False,
    "setup relay add-auth": False,
    "setup relay add-domain": False,
    "setup relay exclude-domain": False,
    "setup fail2ban": False,
    "setup debug": False,
    "setup help": True,
}
"""The commands that scripts know, and whether they are there yet."""

HEAD = """\
# Compatibility

<!-- written by `python -m controlplane.settings.compatibility`; a test holds it fresh -->

What a person who knows containers of this kind finds here already, and what comes later. A setting that
comes later is checked and recorded, has no effect, and whoever sets it is told so. A file that comes later is
kept as it is. What is not there is *off*: a filter whose documented default is on (`ENABLE_AMAVIS`,
`ENABLE_OPENDKIM`, …) does not run yet, and turning it off asks for nothing.
"""


def page() -> str:
    """The text of the page."""
    parts = [HEAD, *_counted("Commands", COMMANDS), *_counted("Files of the config volume", FILES)]
    parts.append("\n".join(_settings()))
    return "\n".join(parts) + "\n"


def _counted(title: str, rows: Mapping[str, bool]) -> Iterator[str]:
    yield f"## {title}\n"
    yield "| | |\n|---|---|"
    cells = [f"| `{name}` | {'supported' if there else 'later'} |" for name, there in rows.items()]
    yield "\n".join(cells) + "\n"


def _settings() -> Iterator[str]:
    yield "## Settings\n"
    yield "[Their reference](settings.md) says what each does."
    for area in AREAS:
        yield f"\n### {area.title}\n\n| | |\n|---|---|"
        for spec in SETTINGS.values():
            if spec.area == area.title:
                yield f"| `{spec.name}` | {_state(spec)} |"


def _state(spec: SettingSpec) -> str:
    if not spec.supported:
        return "later"
    values = ", ".join(f"`{value}`" for value in spec.pending)
    return f"supported; later: {values}" if values else "supported"


def main(arguments: Sequence[str]) -> int:
    """Write the page, or with --check compare it; 1 where it is stale."""
    fresh = PAGE.exists() and PAGE.read_text("utf-8") == page()
    if "--check" in arguments:
        if not fresh:
            sys.stderr.write(f"stale: {PAGE.name}; run python -m controlplane.settings.compatibility\n")
        return 0 if fresh else 1
    PAGE.write_text(page(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
