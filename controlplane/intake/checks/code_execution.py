"""Finds what a change runs as root or executes as code; every plan shows it, so that a review sees it.

The one table of such places; docs/usage.md shows it to people.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from controlplane.events import Event, OverrideChanged
from controlplane.intake.plan import Notice
from controlplane.model import Override
from controlplane.sealing import is_sealed

MOST_LINES = 5
"""The most lines of a file to name; the rest is counted."""


class Rule(NamedTuple):
    """Files (by path below config/) and which of their lines run something: all, or matches of `line`."""

    path: str
    what: str
    line: str = ""


RULES = (
    Rule(r"user-patches\.sh", "runs as root in the container"),
    Rule(
        r"gitops/authorized_keys", "whoever holds one of these keys can push, and so is root in the container"
    ),
    Rule(r"sieve-(?:pipe|filter)/.+", "a program that mail starts through Sieve"),
    Rule(r".*\.sieve", "starts programs through Sieve", r"vnd\.dovecot\.(?:pipe|filter|execute)"),
    Rule(r"(?:rspamd/.*|dovecot.*)\.lua|rspamd/lua.*", "Lua code"),
    Rule(r"rspamd/.*", "Lua code", r"\b(?:lua\w*|condition|callback)\b\s*[=:\"]|\bfunction\s*\(|\.lua\b"),
    Rule(
        r"(?:dovecot.*|.*\.conf(?:\.ext)?)",
        "runs as root",
        r"^\s*user\s*=\s*(?:root\b|0\b|$)|\bdrop_priv_\w+\s*=\s*no",
    ),
    Rule(
        r"(?:dovecot.*|.*\.conf(?:\.ext)?)",
        "starts a program",
        r"^\s*(?:executable|\w*_?exec|script|program)\s*=|\b(?:driver\s*=\s*checkpassword)|^\s*type\s*=\s*script"
        r"|\bsieve_\w+_(?:bin|socket)_dir\b|\bsieve_extprograms\b|\bfts_decoder\b|\bexecute\b",
    ),
    Rule(r"dovecot.*", "Lua code", r"\bdriver\s*=\s*lua\b|\blua_file\b|\.lua\b|^\s*(?:pass|user)db\s+lua\b"),
    Rule(
        r"dovecot.*",
        "loads code or other files",
        r"^\s*(?:mail_plugin_dir|mail_plugins|auth_plugins|!include\w*)\b",
    ),
    Rule(r"postfix-master\.cf", "runs as root", r"\buser=(?:root|0)\b"),
    Rule(
        r"postfix-master\.cf",
        "starts a program",
        r"\b(?:pipe|spawn)\s*$|\bargv=|/command\s*=|\b(?:pipe|spawn)(?=\s+(?:flags|user|argv|-))",
    ),
    Rule(
        r"postfix-master\.cf",
        "adds or replaces a service",
        r"^[^\s#=]+\s+(?:inet|unix|unix-dgram|fifo|pass)\s",
    ),
    Rule(
        r"postfix-master\.cf",
        "leaves its chroot or changes who may connect",
        r"/(?:chroot|unprivileged|private)\s*=",
    ),
    Rule(
        r"postfix-ma(?:in|ster)\.cf",
        "hands mail to another program",
        r"\b(?:content_filter|mailbox_command\w*|mailbox_transport\w*|fallback_transport\w*|virtual_transport"
        r"|local_transport|default_transport|transport_maps|check_policy_service|(?:non_)?smtpd_milters)\b|\bpipe:",
    ),
    Rule(
        r"postfix-main\.cf",
        "changes what Postfix runs, and as whom",
        r"^\s*(?:command_directory|daemon_directory|shlib_directory|mail_owner|setgid_group|default_privs"
        r"|(?:import|export)_environment|allow_mail_to_(?:commands|files))\b",
    ),
    Rule(r"postfix-(?:aliases|virtual|regexp)\.cf", "starts a program", r"[\s\":,]\|"),
    Rule(
        r"postfix-(?:aliases|virtual|regexp)\.cf",
        "reads or writes a file",
        r":include:|[:,\s]\s*\"?/[^\s/]+/[^\s]*\"?\s*(?:,|$)(?<!/)",
    ),
    Rule(r"amavis\.cf", "Perl code that Amavis runs"),
    Rule(r"spamassassin-rules\.cf", "loads code", r"^\s*(?:loadplugin|tryplugin)\b"),
    Rule(r"fail2ban-.*\.cf", "commands that Fail2Ban runs as root", r"^\s*(?:action\w*|ignorecommand)\s*="),
    Rule(r"fetchmail\.cf", "starts a program", r"\b(?:mda|plugin|plugout|preconnect|postconnect)\b"),
    Rule(
        r"getmail-.*\.cf",
        "starts a program",
        r"(?i)\b(?:MDA_external|Filter_(?:external|classifier)|password_command)\b",
    ),
    Rule(r"(?:.*/)?cron(?:tab|\.\w+)?(?:/.*)?", "commands that cron runs, as root unless it says otherwise"),
)


def marks(before: Mapping[str, Override], events: Iterable[Event]) -> Iterator[Notice]:
    """A notice per file that adds something to run compared with `before`, the overrides so far."""
    for event in events:
        if isinstance(event, OverrideChanged):
            old = before.get(event.path)
            told = "; ".join(_told(event.path, old.content if old else b"", event.content))
            if told:
                yield Notice(event.subject, told, executes=True)


def _told(path: str, old: bytes, new: bytes) -> Iterator[str]:
    rules = [rule for rule in RULES if re.fullmatch(rule.path, path)]
    if rules and is_sealed(new):
        yield "sealed as a whole, so nobody sees what it may run"
        return
    known = set(_lines(old)) if old and not is_sealed(old) else set()
    lines = [(number, line) for number, line in enumerate(_lines(new), 1) if line not in known]
    for rule in rules:
        if not rule.line:
            yield rule.what
            continue
        found = [n for n, line in lines if not line.lstrip().startswith("#") and re.search(rule.line, line)]
        if found:
            named = ", ".join(str(number) for number in found[:MOST_LINES])
            more = f" and {len(found) - MOST_LINES} more" if len(found) > MOST_LINES else ""
            yield f"{rule.what} (line{'s' if len(found) > 1 else ''} {named}{more})"


def _lines(content: bytes) -> list[str]:
    return content.decode(errors="replace").splitlines()
