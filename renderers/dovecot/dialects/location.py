"""`mail_location` of 2.3, which 2.4 splits into settings (doc.dovecot.org, "Mail Location Settings")."""

from __future__ import annotations

import re
from collections.abc import Iterator

from renderers.dovecot.dialects.fates import Around
from renderers.dovecot.dialects.syntax import Line, written
from renderers.dovecot.dialects.values import expanded
from renderers.dovecot.dialects.variables import Untranslatable

_DRIVERS = {"dbox": "sdbox"}
_KNOWN = frozenset(["maildir", "mbox", "sdbox", "mdbox", "imapc", "pop3c", "virtual", "cydir"])
_KEYS = {
    "ALT": "mail_alt_path",
    "BROKENCHAR": "mailbox_list_visible_escape_char",
    "CONTROL": "mail_control_path",
    "DIRNAME": "mailbox_directory_name",
    "FULLDIRNAME": "mailbox_directory_name",
    "INBOX": "mail_inbox_path",
    "INDEX": "mail_index_path",
    "INDEXPVT": "mail_index_private_path",
    "LAYOUT": "mailbox_list_layout",
    "LISTINDEX": "mailbox_list_index_prefix",
    "MAILBOXDIR": "mailbox_root_directory_name",
    "SUBSCRIPTIONS": "mailbox_subscriptions_filename",
    "VOLATILEDIR": "mail_volatile_path",
}
_FLAGS = {
    "ITERINDEX": "mailbox_list_iter_from_index_dir = yes",
    "KEEP-NOSELECT": "mailbox_list_drop_noselect = no",
    "NO-FS-VALIDATION": "mailbox_list_validate_fs_names = no",
    "NO-NOSELECT": "mailbox_list_drop_noselect = yes",
    "UTF-8": "mailbox_list_utf8 = yes",
}
FORM = "`mail_driver`, `mail_path`; `INDEX=` → `mail_index_path`, `CONTROL=` → `mail_control_path`, …"


def location(line: Line, _around: Around) -> Iterator[str]:
    """The lines for a location: `maildir:~/Maildir:INDEX=/var/index/%u`."""
    return of_value(line.value)


def of_value(value: str) -> Iterator[str]:
    """The same, from the value alone."""
    for name, text in settings(value):
        yield f"{name} = {written(expanded(text, name))}"


def settings(value: str) -> Iterator[tuple[str, str]]:
    """The settings of 2.4, with variables as they were."""
    driver, *rest = [part.replace("\0", ":") for part in value.replace("::", "\0").split(":")]
    driver = _DRIVERS.get(driver, driver)
    if driver not in _KNOWN or not rest or not rest[0]:
        cure = "name the format: mail_location = maildir:/var/mail/%d/%n"
        raise Untranslatable("2.4 does not find out the format and place of mail by itself", cure)
    yield "mail_driver", driver
    yield "mail_path", rest[0]
    for option in rest[1:]:
        key, equals, text = option.partition("=")
        if equals and text and key in _KEYS:
            yield _KEYS[key], text
            if key == "DIRNAME":
                yield "mailbox_directory_name_legacy", "yes"
        elif option in _FLAGS:
            name, _, text = _FLAGS[option].partition(" = ")
            yield name, text
        elif not re.fullmatch(r"\s*", option):
            raise Untranslatable(f"{option} of {value} has no setting in 2.4", "leave it out, if it may be")
