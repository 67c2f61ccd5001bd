"""Everything that the parameters name must be there, by what each parameter takes (postconf(5))."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Set
from itertools import pairwise
from typing import NamedTuple

from services.postfix.endpoints import endpoint, nobody_there, wrong_servers
from services.postfix.named_files import FILE, FOLDER, wrong_file, wrong_folder
from services.postfix.restrictions import is_list, unknown_restrictions
from services.postfix.surroundings import Surroundings
from services.postfix.table_files import wrong_cache, wrong_tables
from services.postfix.tables import words
from services.postfix.transports import wrong_results, wrong_transport

Judge = Callable[[str, str, Surroundings], Iterator[str]]


class Setting(NamedTuple):
    """A parameter as a program of Postfix sees it, and where it is set."""

    path: str
    """The rendered file, main.cf or master.cf."""
    line: int
    name: str
    value: str
    """Expanded."""
    raw: str = ""
    """As it is written."""
    service: str = ""
    """The service that alone sees it so, as "smtp/inet"; empty for all."""


def _milters(name: str, value: str, about: Surroundings) -> Iterator[str]:
    return wrong_servers(name, list(words(value)), about)


def _proxy_filter(name: str, value: str, about: Surroundings) -> Iterator[str]:
    """Host and port may stand alone (postconf(5), smtpd_proxy_filter)."""
    if value:
        yield from wrong_servers(name, [value if endpoint(value) else f"inet:{value}"], about)


def _next_hop(name: str, value: str, about: Surroundings) -> Iterator[str]:
    """Where all other mail goes: a host, which is of interest with a port of this machine."""
    for word in words(value):
        server = endpoint(f"inet:{word}")
        if server and (text := nobody_there(server, about)):
            yield f"{name}: {text}"


def _service(name: str, value: str, about: Surroundings) -> Iterator[str]:
    service = value.rpartition("/")[2]
    if service and not any(about.has_service(service, kind) for kind in ("unix", "unix-dgram", "pass")):
        yield f"{name}: {service} is not a service of master.cf"


def _maps(name: str, value: str, about: Surroundings) -> Iterator[str]:
    """Tables alone, so that another word is a table that lacks its type (postmap(1))."""
    for word in words(value):
        if ":" not in word:
            yield f"{name}: {word} is not a table: write type:{word}"
    yield from _named_types(name, value, about)
    yield from wrong_tables(name, value, about)


def _named_types(name: str, value: str, about: Surroundings) -> Iterator[str]:
    for word in words(value):
        kind = word.removeprefix("proxy:").partition(":")[0]
        if re.fullmatch(r"\w+", kind) and ":" in word and kind not in about.types and "/" not in word:
            yield f"{name}: {kind} is not a table type (postconf -m lists them)"


def _patterns(name: str, value: str, about: Surroundings) -> Iterator[str]:
    """A list whose words that begin with a slash are files with more words (postconf(5), mynetworks)."""
    for word in words(value):
        path = word.removeprefix("!")
        if path.startswith("/") and (lacks := about.lacks_file(path)):
            yield f"{name}: {lacks}"
    yield from wrong_tables(name, value, about)


def _filters(name: str, value: str, about: Surroundings) -> Iterator[str]:
    yield from _maps(name, value, about)
    yield from wrong_results(name, value, about)


def _content_filter(name: str, value: str, about: Surroundings) -> Iterator[str]:
    if value and ":" not in value:
        yield f"{name}: {value} is not transport:destination"
    else:
        yield from wrong_transport(name, value, about)


KINDS: tuple[tuple[re.Pattern[str], Judge], ...] = (
    # Read by newaliases(1) alone, and lists of tables that are found where they are used.
    (re.compile(r"alias_database\Z|proxy_(read|write)_maps\Z"), lambda *_: iter(())),
    (re.compile(r"\w+_cache_(map|database)\Z|address_verify_map\Z|\w+_cache_name\Z"), wrong_cache),
    (re.compile(r"\w*transport_maps\Z|\w+_checks\Z"), _filters),
    (re.compile(r"\w+_maps\Z"), _maps),
    (re.compile(r"content_filter\Z"), _content_filter),
    (re.compile(r"relayhost\Z|\w+_fallback_relay\Z"), _next_hop),
    (re.compile(r"\w+_transport\Z"), wrong_transport),
    (re.compile(r"smtpd_proxy_filter\Z"), _proxy_filter),
    (re.compile(r"\w+_milters\Z"), _milters),
    (re.compile(r"\w+_service_name\Z"), _service),
    (FOLDER, wrong_folder),
    (FILE, wrong_file),
    (re.compile(r"mynetworks\Z|mydestination\Z|\w+_domains\Z|\w+_networks\Z|\w+_hosts\Z"), _patterns),
)
"""The first that fits a parameter's name says what it names; one that none fits may name tables."""


def wrong_references(setting: Setting, about: Surroundings, classes: Set[str]) -> Iterator[str]:
    """What a setting names that is not there, cannot be opened, or is of another kind."""
    if is_list(setting.name, classes):
        yield from _restrictions(setting, about, classes)
        return
    for pattern, judge in KINDS:
        if pattern.match(setting.name):
            yield from judge(setting.name, setting.value, about)
            return
    yield from wrong_tables(setting.name, setting.value, about)


def _restrictions(setting: Setting, about: Surroundings, classes: Set[str]) -> Iterator[str]:
    name, value = setting.name, setting.value
    for bad in unknown_restrictions(name, value, classes):
        yield f"{name}: {bad} is not a restriction"
    yield from wrong_tables(name, value, about)
    found = list(words(value))
    after = list(pairwise(found))
    yield from wrong_servers(name, [arg for word, arg in after if word == "check_policy_service"], about)
    for word, table in after:
        if re.match(r"check_\w+_access\Z", word):
            yield from wrong_results(name, table, about)


def sasl_server(path: str, about: Surroundings) -> Iterator[str]:
    """What is wrong with Dovecot's socket for log-ins (postconf(5), smtpd_sasl_path)."""
    word = path if endpoint(path) else f"unix:{path}"
    yield from wrong_servers("smtpd_sasl_path", [word], about)
