"""All documented files of the config volume, by path below config/, and what each is for.

The files with a format of their own are parsed by the modules beside this one, the others are kept
verbatim for the service that reads them. Whatever is not here is kept too, and nothing reads it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from controlplane.statefiles import rspamd_files


@dataclass(frozen=True)
class ConfigFile:
    """A documented file, or a folder if the name ends in /; `<…>` in it stands for any text.

    `later` says with what part of the server it begins to have an effect; empty: it has one.
    """

    name: str
    what: str
    later: str = ""

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Matches the paths that this entry covers."""
        parts = re.split(r"(<[^>]+>)", self.name)
        text = "".join(r"[^/]+" if part.startswith("<") else re.escape(part) for part in parts)
        return re.compile(text + ("(?:.+)?" if self.name.endswith("/") else ""))


_LDAP, _CLASSIC, _DKIM = "LDAP", "the classic filters", "DKIM"
_FETCHING, _BANS = "fetching mail from elsewhere", "Fail2Ban"

CONFIG_FILES = (
    ConfigFile("postfix-accounts.cf", "accounts"),
    ConfigFile("postfix-virtual.cf", "aliases"),
    ConfigFile("postfix-regexp.cf", "aliases by regular expressions"),
    ConfigFile("postfix-aliases.cf", "aliases of the system's own users"),
    ConfigFile("dovecot-quotas.cf", "quotas of accounts"),
    ConfigFile("dovecot-masters.cf", "master accounts"),
    ConfigFile("postfix-send-access.cf", "who may not send"),
    ConfigFile("postfix-receive-access.cf", "who may not receive"),
    ConfigFile("postfix-relaymap.cf", "relay hosts by sender"),
    ConfigFile("postfix-sasl-password.cf", "log-ins at relay hosts"),
    ConfigFile("postfix-main.cf", "parameters for Postfix"),
    ConfigFile("postfix-master.cf", "services of Postfix"),
    ConfigFile("dovecot.cf", "configuration for Dovecot"),
    ConfigFile("before.dovecot.sieve", "the Sieve script before everybody's own"),
    ConfigFile("after.dovecot.sieve", "the Sieve script after everybody's own"),
    ConfigFile("<address>.dovecot.sieve", "the Sieve script of an account"),
    ConfigFile("sieve-filter/", "programs that Sieve scripts may filter through"),
    ConfigFile("sieve-pipe/", "programs that Sieve scripts may pipe to"),
    ConfigFile("user-patches.sh", "a script that changes what was rendered"),
    ConfigFile("dhparams.pem", "Diffie-Hellman parameters"),
    ConfigFile("ssl/", "certificates and keys"),
    ConfigFile("rspamd/custom-commands.conf", "short commands for Rspamd's modules"),
    ConfigFile("rspamd/override.d/", "configuration for Rspamd"),
    ConfigFile("rspamd/dkim/", "keys with which Rspamd signs", _DKIM),
    ConfigFile("opendkim/", "keys and tables of OpenDKIM", _DKIM),
    ConfigFile("ldap-users.cf", "the LDAP query for mailboxes", _LDAP),
    ConfigFile("ldap-groups.cf", "the LDAP query for groups", _LDAP),
    ConfigFile("ldap-aliases.cf", "the LDAP query for aliases", _LDAP),
    ConfigFile("ldap-domains.cf", "the LDAP query for domains", _LDAP),
    ConfigFile("ldap-senders.cf", "the LDAP query for senders", _LDAP),
    ConfigFile("amavis.cf", "configuration for Amavis", _CLASSIC),
    ConfigFile("spamassassin-rules.cf", "rules for SpamAssassin", _CLASSIC),
    ConfigFile("whitelist_clients.local", "clients that are not greylisted"),
    ConfigFile("whitelist_recipients", "recipients without greylisting"),
    ConfigFile("fail2ban-fail2ban.cf", "configuration for Fail2Ban", _BANS),
    ConfigFile("fail2ban-jail.cf", "jails of Fail2Ban", _BANS),
    ConfigFile("fetchmail.cf", "accounts elsewhere, for Fetchmail", _FETCHING),
    ConfigFile("getmail-<name>.cf", "accounts elsewhere, for Getmail", _FETCHING),
    ConfigFile("gitops/authorized_keys", "keys of those who may push over SSH"),
)
"""In the order of docs/reference/compatibility.md; the first that matches a path is meant."""


def passed_over(path: str) -> bool:
    """Whether the file lies in a documented folder whose reader looks for files of other names."""
    return (
        path.startswith(rspamd_files.FOLDER)
        and path.removeprefix(rspamd_files.FOLDER) not in rspamd_files.NAMES
    )


def neighbours(path: str) -> list[str]:
    """The names that are looked for in the folder of a path; none where every name counts."""
    return sorted(rspamd_files.NAMES) if passed_over(path) else []


def documented(path: str) -> ConfigFile | None:
    """The documented file at this path below config/, or the documented folder around it; else None."""
    return next((file for file in CONFIG_FILES if file.pattern.fullmatch(path)), None)
