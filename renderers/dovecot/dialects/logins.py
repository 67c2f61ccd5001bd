"""passdb and userdb: what their `args` and fields say (doc.dovecot.org, "Authentication")."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from renderers.dovecot.dialects import userfields
from renderers.dovecot.dialects.fates import Around, Rewrite, block
from renderers.dovecot.dialects.syntax import Line, written
from renderers.dovecot.dialects.values import expanded
from renderers.dovecot.dialects.variables import Untranslatable

_GONE = {
    "checkpassword": "lua, or a passwd-file",
    "shadow": "pam",
    "bsdauth": "pam",
    "nss": "passwd",
    "vpopmail": "sql",
    "sia": "pam",
    "dict": "lua or sql",
}
_PAM = {"session": "pam_session", "setcred": "pam_setcred", "failure_show_msg": "pam_failure_show_msg"}
_IN_FILES = {
    "ldap": "passdb_ldap_filter, ldap_uris, ldap_base, ldap_auth_dn and fields { }",
    "sql": "passdb_sql_query, userdb_sql_query and a mysql, pgsql or sqlite block",
    "oauth2": "oauth2 { }",
}


def driver(line: Line, _around: Around) -> list[str]:
    """Which kind of database it is."""
    if line.value in _GONE:
        raise Untranslatable(f"2.4 has no driver {line.value}", f"the nearest is {_GONE[line.value]}")
    return [f"driver = {line.value}"]


def arguments(line: Line, around: Around) -> list[str]:
    """`args`, whose meaning is the driver's."""
    found = line.within.get("driver") if line.within else None
    name = found.value if found else ""
    if not line.value:
        return []
    if name in _IN_FILES:
        cure = f"write what {line.value} says as settings in the block: {_IN_FILES[name]} (docs/dovecot.md)"
        raise Untranslatable(f"2.4 reads no file of settings for {name}", cure)
    writers = {"passwd-file": _passwd_file, "static": _static, "lua": _lua, "pam": _pam, "passwd": _passwd}
    if name not in writers:
        raise Untranslatable(
            f"args of the driver {name or '(none)'} have no one form in 2.4", "write its settings"
        )
    return list(writers[name](line, around))


def fields(suffix: str) -> Rewrite:
    """`default_fields` (`:default`) and `override_fields`."""

    def write(line: Line, _around: Around) -> list[str]:
        return _fields(line.value, suffix)

    return write


def _fields(text: str, suffix: str = "") -> list[str]:
    given = userfields.words(text)
    named = ((name if ":" in name else name + suffix, value) for name, value in given)
    rows = [f"{name} = {written(expanded(value, 'userdb_fields'))}" for name, value in named]
    return block("fields", *rows) if rows else []


def _passwd_file(line: Line, _around: Around) -> Iterator[str]:
    found = re.fullmatch(r"((?:\w+=\S+\s+)*)(\S+)", line.value)
    if not found:
        raise Untranslatable(f"{line.value} names no list of users", "write its path")
    passdb = line.within is not None and line.within.kind == "passdb"
    for word in found[1].split():
        key, _, given = word.partition("=")
        if key == "scheme" and not passdb:
            continue  # nobody's password is compared with what a userdb says
        if key == "scheme":
            yield f"default_password_scheme = {given}"
        elif key == "username_format":
            yield f"auth_username_format = {expanded(given, 'auth_username_format')}"
        else:
            raise Untranslatable(
                f"{key} of a passwd-file has no setting in 2.4", "leave it out, if it may be"
            )
    yield f"passwd_file_path = {written(expanded(found[2], 'passwd_file_path'))}"


def _static(line: Line, _around: Around) -> Iterator[str]:
    rest = []
    passdb = line.within is not None and line.within.kind == "passdb"
    for word in line.value.split():
        key, _, given = word.partition("=")
        if key == "password" and passdb:
            yield f"static_password = {written(given)}"
        elif key == "allow_all_users":
            yield f"static_allow_all_users = {given}"
        else:
            rest.append(word)
    yield from _fields(" ".join(rest))


def _lua(line: Line, around: Around) -> Iterator[str]:
    own = []
    for word in line.value.split():
        key, _, given = word.partition("=")
        if key == "file":
            yield f"lua_file = {given}"
        elif key == "blocking":
            yield f"use_worker = {given}"
        else:
            own.append(f"{key} = {given}")
    if own:
        yield from block("lua_settings", *own)
    changed = (
        "the script meets 2.4's functions: see dovecot.http and auth_passdb_init in doc.dovecot.org, Lua"
    )
    around.notices.append((line.number, changed))


def _pam(line: Line, _around: Around) -> Iterator[str]:
    for word in line.value.split():
        key, equals, given = word.partition("=")
        if key in _PAM:
            yield f"{_PAM[key]} = {given or 'yes'}"
        elif key == "max_requests":
            yield f"pam_max_requests = {given}"
        elif key == "blocking":
            yield f"use_worker = {given}"
        elif equals:
            raise Untranslatable(f"{key} of pam has no setting in 2.4", "leave it out, if it may be")
        else:
            yield f"pam_service_name = {expanded(word.replace('*', '%s'), 'passdb_pam_service_name')}"


def _passwd(line: Line, _around: Around) -> Iterator[str]:
    rest = []
    for word in line.value.split():
        key, _, given = word.partition("=")
        if key == "blocking":
            yield f"use_worker = {given}"
        else:
            rest.append(word)
    yield from chain(_fields(" ".join(rest)))
