"""The lookup tables: who has a mailbox, which domains are ours, what goes where.

All are lmdb sources (postmap(1)): replacing them needs no reload, the domains aside. 100,000 rows are
ordinary here, so a row costs one string and no call.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from controlplane.model import COMMON_SIGNS, Desired
from controlplane.ordered import differing
from renderers.tables import patch_sorted
from renderers.text import lines


def destinations(desired: Desired, hostname: str, domain: str) -> tuple[str, ...]:
    """mydestination: the names whose mail is local, without those that have mailboxes or are bare domains.

    A domain must not be local and virtual at once (VIRTUAL_README). Mail to the host's own name is
    local unless accounts live there, or the name is itself a mail domain (example.test).
    """
    names = [f"localhost.{domain}", "localhost"]
    if domain != hostname:
        names.insert(0, hostname)
    return tuple(name for name in dict.fromkeys(names) if name not in desired.domains)


def domains(desired: Desired, local: Iterable[str]) -> list[str]:
    """The domains that we accept mail for: those of accounts and aliases, except the `local` names."""
    found = desired.domains | desired.alias_domains
    return sorted(found.difference(local, ("",)))


def vhost(desired: Desired, local: Iterable[str]) -> bytes:
    """/etc/postfix/vhost: the virtual mailbox domains, without the `local` names."""
    return lines(f"{domain}\tOK" for domain in domains(desired, local))


def vmailbox(desired: Desired) -> bytes:
    """/etc/postfix/vmailbox: every account with its folder below /var/mail."""
    return lines(map(_mailbox, sorted(desired.accounts)))


def _mailbox(address: str) -> str:
    user, _, domain = address.rpartition("@")
    return f"{address}\t{domain}/{user}/"


def update_vmailbox(content: bytes, before: Desired, after: Desired) -> bytes | None:
    """The same from what it was before; None where too much differs."""
    gone, come = differing(before.accounts, after.accounts)
    return patch_sorted(content, dict.fromkeys(gone) | {address: _mailbox(address) for address in come})


def virtual(desired: Desired, tagged: Iterable[str] = ()) -> bytes:
    """/etc/postfix/virtual: the aliases (virtual(5)).

    `tagged` accounts lead to themselves there, or an alias of the name before the tag would have their mail.
    """
    rows = {alias.source: ",".join(alias.targets) for alias in desired.aliases.values()}
    rows = {**{address: address for address in tagged}, **rows}
    return lines(f"{source}\t{targets}" for source, targets in sorted(rows.items()))


def update_virtual(content: bytes, before: Desired, after: Desired, tagged: Iterable[str]) -> bytes | None:
    """The same from what it was before, with the same `tagged`; None where too much differs."""
    gone, come = differing(before.aliases, after.aliases)
    rows: dict[str, str | None] = dict.fromkeys(gone)
    rows |= {address: f"{address}\t{address}" for address in tagged if address in rows}
    rows |= {alias.source: f"{alias.source}\t{','.join(alias.targets)}" for alias in come.values()}
    return patch_sorted(content, rows)


def tagged(desired: Desired, delimiters: str) -> list[str]:
    """The accounts whose own name contains the delimiter (postconf(5)), so that a part looks like a tag."""
    if not delimiters:
        return []
    common = any(sign.isalnum() or sign in COMMON_SIGNS for sign in delimiters)
    accounts = desired.accounts if common else desired.oddly_named
    together = "\n".join(accounts)  # one search rules out most signs
    found = [sign for sign in delimiters if sign in together]
    anywhere = {address for sign in found for address in accounts if sign in address}
    begins_tag = re.compile(f"[{re.escape(delimiters)}][^@]*@")
    return sorted(address for address in anywhere if begins_tag.search(address))


def exact_delivery(tagged: Iterable[str]) -> bytes:
    """Routes (transport(5)) around LMTP, where Dovecot would take a part of the name for a tag."""
    return lines(f"{address}\tlda:" for address in tagged)


def asked_about(restriction: str, recipients: Iterable[str]) -> bytes:
    """Recipients to whom a restriction applies (access(5))."""
    return lines(f"{recipient}\t{restriction}" for recipient in sorted(recipients))


def regexp(desired: Desired) -> bytes:
    """/etc/postfix/regexp: the aliases by pattern, in their order (pcre_table(5))."""
    return lines(f"{alias.pattern} {','.join(alias.targets)}" for alias in desired.regexps.values())


def sender_login(desired: Desired) -> bytes:
    """/etc/postfix/sender_login: as which logins an address may be used to send (SPOOF_PROTECTION).

    An account is its own; an alias belongs to every account that it leads to, over other aliases too.
    """
    owners = {address: address for address in desired.accounts}
    for source in desired.aliases:
        logins = _reached(source, desired)
        if logins:
            own = (source,) if source in owners else ()
            owners[source] = ",".join(sorted(logins.union(own)))
    return lines(f"{address}\t{logins}" for address, logins in sorted(owners.items()))


def _reached(source: str, desired: Desired) -> set[str]:
    """The accounts behind an alias; a loop of aliases ends where it began."""
    targets = {target.lower() for target in desired.aliases[source].targets}
    if desired.aliases.keys().isdisjoint(targets):  # most aliases: straight to their accounts
        return {target for target in (*targets, source) if target in desired.accounts}
    logins: set[str] = set()
    seen: set[str] = set()
    open_ends = [source]
    while open_ends:
        address = open_ends.pop()
        if address in seen:
            continue
        seen.add(address)
        if address in desired.accounts:
            logins.add(address)
        alias = desired.aliases.get(address)
        if alias:
            open_ends.extend(target.lower() for target in alias.targets)
    return logins


def access(actions: Mapping[str, str]) -> bytes:
    """A table of access(5): what is done with mail from or to an address."""
    return lines(f"{address}\t{action}" for address, action in sorted(actions.items()))
