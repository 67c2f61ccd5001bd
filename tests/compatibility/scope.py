"""What the page speaks of: every setting, file, command and guide, with its state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from controlplane.cli.reference import walk
from controlplane.cli.setup import program
from controlplane.settings.catalog import SETTINGS, SettingSpec
from controlplane.statefiles.documented import CONFIG_FILES, documented
from tests.compatibility.guides import GUIDES
from tests.compatibility.marks import Shown

FLIP = "renderers/test_flip.py::test_flip"
"""Shows of each setting with consumers that these, and no other service, read it."""

LATER_AREAS: Mapping[str, str] = {
    "Filters and bans": "the classic filters",
    "SpamAssassin": "the classic filters",
    "SRS": "SRS",
    "Reports": "reports",
    "Fetchmail and Getmail": "fetching mail from elsewhere",
    "OAuth 2": "OAuth 2",
    "LDAP": "LDAP",
    "Dovecot with LDAP": "LDAP",
    "saslauthd": "saslauthd",
}
LATER_SETTINGS: Mapping[str, str] = {
    "ENABLE_FAIL2BAN": "Fail2Ban",
    "FAIL2BAN_BLOCKTYPE": "Fail2Ban",
    "ENABLE_MTA_STS": "MTA-STS",
    "ENABLE_OPENDKIM": "DKIM",
    "ENABLE_OPENDMARC": "DMARC",
    "ENABLE_POLICYD_SPF": "SPF",
    "RSPAMD_LEARN": "the training of filters",
}
CORE = ("LOGROTATE_INTERVAL", "LOGROTATE_COUNT")
"""Settings that belong to the mail core, in an area that comes later."""

LATER_COMMANDS: Mapping[str, str] = {
    "setup config dkim": "DKIM",
    "setup fail2ban": "Fail2Ban",
    "setup fail2ban ban": "Fail2Ban",
    "setup fail2ban unban": "Fail2Ban",
    "setup fail2ban log": "Fail2Ban",
    "setup fail2ban status": "Fail2Ban",
    "setup debug fail2ban": "Fail2Ban",
    "setup debug fetchmail": "fetching mail from elsewhere",
    "setup debug getmail": "fetching mail from elsewhere",
}
COMMANDS = (
    *(f"setup email {word}" for word in ("add", "update", "del", "list")),
    *(f"setup email restrict {word}" for word in ("add", "del", "list")),
    *(f"setup alias {word}" for word in ("add", "del", "list")),
    *(f"setup quota {word}" for word in ("set", "del")),
    *(f"setup dovecot-master {word}" for word in ("add", "update", "del", "list")),
    *(f"setup relay {word}" for word in ("add-auth", "add-domain", "exclude-domain")),
    *(f"setup debug {word}" for word in ("login", "show-mail-logs")),
    "setup help",
    *LATER_COMMANDS,
)
"""The commands that scripts know."""


class Entry(NamedTuple):
    """A row of the page: `state` is "supported", or why it is not, `tests` are those that show it."""

    name: str
    about: str
    state: str
    tests: tuple[str, ...]

    @property
    def supported(self) -> bool:
        """Whether the server does what is documented."""
        return self.state.startswith("supported")


OWED = "later"
"""The state of what belongs to the mail core, and is not there or not shown: nothing, in the end."""


def settings(shown: Shown) -> Iterator[tuple[str, list[Entry]]]:
    """The settings of each area, by its title."""
    for area in dict.fromkeys(spec.area for spec in SETTINGS.values()):
        yield area, [_setting(spec, shown) for spec in SETTINGS.values() if spec.area == area]


def _setting(spec: SettingSpec, shown: Shown) -> Entry:
    tests = (*shown.get(spec.name, ()), *([FLIP] if spec.consumers else []))
    if not spec.supported:
        reason = "" if spec.name in CORE else LATER_SETTINGS.get(spec.name) or LATER_AREAS.get(spec.area, "")
        return Entry(spec.name, "", f"{OWED}, with {reason}" if reason else OWED, tests)
    pending = ", ".join(f"`{value}`" for value in spec.pending)
    return Entry(spec.name, "", f"supported; later: {pending}" if pending else "supported", tests)


def files(shown: Shown) -> list[Entry]:
    """Every documented file of the config volume."""
    known = _by_file(shown)
    return [_entry(file.name, file.what, file.later, "", known.get(file.name, ())) for file in CONFIG_FILES]


def commands(shown: Shown) -> list[Entry]:
    """Every documented command."""
    there = existing()
    return [
        _entry(name, "", LATER_COMMANDS.get(name, "") if name not in there else "", "", shown.get(name, ()))
        if name in there or name in LATER_COMMANDS
        else Entry(name, "", OWED, ())
        for name in COMMANDS
    ]


def guides(shown: Shown) -> list[Entry]:
    """Every guide."""
    return [_entry(g.name, g.about, g.later, g.not_applicable, shown.get(g.name, ())) for g in GUIDES]


def existing() -> set[str]:
    """The commands that `setup` has, those aside that say themselves that they come later."""
    return {
        " ".join(path)
        for path, command in walk(program, ["setup"])
        if not hasattr(command, "table") and not hasattr(command, "later")
    }


def announced() -> dict[str, str]:
    """The commands that `setup` has and that come later, with what."""
    return {
        " ".join(path): str(command.later)
        for path, command in walk(program, ["setup"])
        if hasattr(command, "later")
    }


def unknown(shown: Shown) -> list[str]:
    """Names in marks that are nothing on the page."""
    known = {*SETTINGS, *COMMANDS, *existing(), *(guide.name for guide in GUIDES)}
    return [name for name in shown if name not in known and _file(name) is None]


def entries(shown: Shown) -> list[Entry]:
    """All rows of the page."""
    return [
        *(entry for _, rows in settings(shown) for entry in rows),
        *files(shown), *commands(shown), *guides(shown),
    ]  # fmt: skip


def _entry(name: str, about: str, later: str, not_applicable: str, tests: tuple[str, ...]) -> Entry:
    if not_applicable:
        return Entry(name, about, f"not applicable: {not_applicable}", tests)
    if later:
        return Entry(name, about, f"{OWED}, with {later}", tests)
    return Entry(name, about, "supported" if tests else OWED, tests)


def _by_file(shown: Shown) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name, tests in shown.items():
        if file := _file(name):
            found[file] = tuple(dict.fromkeys([*found.get(file, ()), *tests]))
    return found


def _file(name: str) -> str | None:
    """The documented file that a mark names: as the table has it, without its /, or an example of it."""
    if name in {file.name for file in CONFIG_FILES}:
        return name
    if name.endswith(".sh") and "/" not in name and name != "user-patches.sh":
        return None
    found = documented(f"{name}/") or documented(name)
    return found.name if found else None
