"""Finds where programs other than the control plane read passwords from files of `main`.

A text is first brought into a shape of the same length: comments are blank, and lines that go on are one
line. So what is found there has its offsets in the text itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import NamedTuple

from controlplane.statefiles.secret_words import NAME, NO_SECRET, Found, is_secret, plain_schemes, within

Scan = Callable[[str], Iterator[Found]]


class Reader(NamedTuple):
    """How the files of some paths are read. `cure` is what to do if secrets cannot be sealed in them."""

    paths: tuple[str, ...]
    scan: Scan
    cure: str = ""


_QUOTED = r"\"(?:\\.|[^\"\\\n])*+\"?|'(?:\\.|[^'\\\n])*+'?"
_HASH_COMMENT = re.compile(rf"{_QUOTED}|(?P<comment>(?<!\S)\#[^\n]*)")
_UCL_COMMENT = re.compile(
    rf"{_QUOTED}|(?P<comment>(?<!\S)(?:\#|--)[^\n]*)|(?<!\S)/\*(?:(?P<block>.*?)\*/|.*)", re.DOTALL
)
_LINE_COMMENT = re.compile(r"(?P<comment>^[^\S\n]*\#[^\n]*)", re.MULTILINE)
_INI_COMMENT = re.compile(r"(?P<comment>^[^\S\n]*[#;][^\n]*)", re.MULTILINE)
_BACKSLASH = re.compile(r"\\\r?\n")


def _shape(text: str, comment: re.Pattern[str]) -> str:
    """The text with its comments blanked; offsets stay."""

    def blank(found: re.Match[str]) -> str:
        silent = any(found.groupdict().values())
        return re.sub(r"[^\n]", " ", found[0]) if silent else found[0]

    return comment.sub(blank, text)


def _joined(view: str) -> str:
    """The text with continuation lines joined to the lines before them; offsets stay."""

    def join(blanks: re.Match[str]) -> str:
        inside = "\n" in blanks[0] and blanks[0][-1] != "\n" and blanks.start() > 0
        return " " * len(blanks[0]) if inside else blanks[0]

    return re.sub(r"\s+", join, view)


_VALUE = r"(?P<quote>[\"']?)(?P<value>\S(?:[^\n]*?\S)?)(?P=quote)[^\S\n]*$"
_SETTING = re.compile(
    rf"(?m)^[^\S\n]*(?:[\w@:/-]+[^\S\n]*\{{[^\S\n]*)*(?P<name>[\w./@:-]+)[^\S\n]*=[^\S\n]*{_VALUE}"
)
_SECRET_NAME = re.compile(rf"(?i)(?:.*/)?(?P<name>{NAME})")
_TEMPLATES = re.compile(r"(?i).*(?:_attrs|_query|_filter)")
"""Settings of Dovecot that name the fields of a query, `userPassword=password`, and hold none."""


def _settings(view: str, kind: str) -> Iterator[Found]:
    """`name = value` to the end of the line."""
    for found in _SETTING.finditer(view):
        if names_secret(found["name"]):
            if is_secret(found["value"], kind):
                yield Found(*found.span("value"))
        elif not _TEMPLATES.fullmatch(found["name"]):
            yield from within(view, *found.span("value"), kind)


def _values(pattern: re.Pattern[str], view: str, kind: str) -> Iterator[Found]:
    """What the pattern finds as `value` and that is a secret for this kind of reader."""
    for found in pattern.finditer(view):
        if is_secret(found["value"], kind):
            yield Found(*found.span("value"))


def _within_lines(view: str, kind: str) -> Iterator[Found]:
    for line in re.finditer(r"[^\n]+", view):
        yield from within(view, *line.span(), kind)


def names_secret(name: str) -> bool:
    """Whether a reader that has a setting of this name takes a secret there."""
    return _SECRET_NAME.fullmatch(name) is not None and not NO_SECRET.fullmatch(name)


def _dovecot(text: str) -> Iterator[Found]:
    """dovecot.conf(5): `#` starts a comment, a backslash at the end of a line takes the next one to it."""
    return _settings(_BACKSLASH.sub(lambda end: " " * len(end[0]), _shape(text, _HASH_COMMENT)), "dovecot")


def _dovecot_literal(text: str) -> Iterator[Found]:
    """What auth drivers read by themselves (LDAP, SQL): written alike, but nothing in it is a reference."""
    view = _BACKSLASH.sub(lambda end: " " * len(end[0]), _shape(text, _HASH_COMMENT))
    return _settings(view, "literal")


def _table(text: str) -> Iterator[Found]:
    """ldap_table(5), mysql_table(5), pgsql_table(5): parameters as in main.cf, taken as they are."""
    return _settings(_joined(_shape(text, _LINE_COMMENT)), "literal")


def _ini(text: str) -> Iterator[Found]:
    """Python's configparser: `name = value` or `name: value`, more of it on indented lines."""
    view = _joined(_shape(text, _INI_COMMENT))
    view = re.sub(r"(?m)^([^\S\n]*[\w.-]+[^\S\n]*):", r"\1=", view)
    yield from _settings(view, "ini")


_MAPS = re.compile(r"sasl_password_maps\s*=\s*(?P<value>[^\n]*)")
_STATIC = re.compile(
    r"\b(?:static|inline|randmap|regexp|pcre|cidr):\s*(?P<value>(?:\{[^\n]*\}|\{?[^\s{},]*:[^\s{},]+))"
)
_PARAMETER = re.compile(r"\$[{(]?(?P<name>\w+)")
_OPTION = re.compile(rf"(?i)(?<!\S)-o\s*\{{?\s*(?P<name>{NAME})\s*=\s*(?P<value>[^\s{{}}]+)")
_ARGUMENTS = re.compile(r"(?<=argv=)[^\n]+")
_CLIENT_LOGIN = re.compile(
    r"(?<!\S)(?:(?:-u\s*|--(?:proxy-)?user[= ])(?P<quote>[\"']?)[^\s:\"'/]+:(?P<value>[^\s\"']+)(?P=quote)"
    r"|(?P<header>[\"']?Authorization:\s*(?:Basic|Bearer)\s+)(?P<token>[^\s\"']+))"
)
"""curl(1): `-u user:password`, and the header that says the same."""
_COMMAND_LINE = re.compile(
    rf"(?i)(?<!\S)--?(?:{NAME})[= ](?P<quote>[\"']?)(?P<value>[^\s\"'-][^\s\"']*)(?P=quote)"
)


def _postfix(text: str) -> Iterator[Found]:
    """postconf(5), master(5): static and inline tables with a log-in, passwords of databases, URLs."""
    view = _joined(_shape(text, _LINE_COMMENT))
    seen = [Found(*span) for span in _logins_of_maps(view)]
    yield from seen
    for place in _settings(view, "literal"):
        if not any(found.start <= place.start < found.end for found in seen):
            yield place
    yield from _values(_COMMAND_LINE, view, "dovecot")
    yield from _values(_OPTION, view, "literal")
    for command in _ARGUMENTS.finditer(view):
        yield from within(view, *command.span(), "literal")
    for found in _CLIENT_LOGIN.finditer(view):
        yield Found(*found.span("token" if found["token"] else "value"))


def _logins_of_maps(view: str) -> Iterator[tuple[int, int]]:
    """Log-ins that the password maps hold, also where they name a parameter that holds them."""
    for maps in _MAPS.finditer(view):
        yield from (found.span("value") for found in _STATIC.finditer(view, *maps.span("value")))
        for named in _PARAMETER.finditer(maps["value"]):
            login = re.compile(rf"(?m)^{named['name']}[^\S\n]*=[^\S\n]*(?P<value>[^\n]*:[^\n]*\S)")
            for found in login.finditer(view):
                tables = [table.span("value") for table in _STATIC.finditer(view, *found.span("value"))]
                a_map = re.match(
                    r"(?:proxy:)?(?:lmdb|hash|btree|texthash|cdb|ldap|mysql|pgsql):", found["value"]
                )
                yield from tables or ([] if a_map else [found.span("value")])


_UCL = re.compile(
    rf"(?i)(?<![\w.-])(?P<q>[\"']?)(?P<name>{NAME})(?![\w-])(?P=q)[^\S\n]*(?P<mark>=>|[=:](?!=))?\s*"
    r"(?:\"(?P<double>(?:\\.|[^\"\\])*)\"|'(?P<single>(?:\\.|[^'\\])*)'|<<(?P<tag>[A-Z]+)\n(?P<here>.{0,4000}?)\n(?P=tag)"
    r"|(?P<bare>(?<=[=:\s])[^\s;,\"'{}\[\]<=~!][^\n;,}\]]*))",
    re.DOTALL,
)


_STARTS_LINE = re.compile(r"(?:\n|^)[ \t{;]*\Z")


def _ucl(text: str) -> Iterator[Found]:
    """UCL and Lua: `name = "value";`, `"name": "value"`, `name value;`."""
    view = _shape(text, _UCL_COMMENT)
    for found in _UCL.finditer(view):
        group = next(name for name in ("double", "single", "here", "bare") if found[name] is not None)
        value = found[group].rstrip()
        # a bare word without a mark before it is a sentence, unless it starts a line
        marked = (
            found["mark"]
            or group != "bare"
            or _STARTS_LINE.search(view, max(0, found.start() - 80), found.start())
        )
        call = group == "bare" and re.match(r"[\w.:]+\(|[\w]+(?:\.[\w]+)+$", value)
        if marked and not call and not NO_SECRET.fullmatch(found["name"]) and is_secret(value, "ucl"):
            yield Found(found.start(group), found.start(group) + len(value))
    yield from _within_lines(view, "ucl")


_COMMANDS = re.compile(
    rf"(?mi)^[^\S\n]*set-(?:option-for-(?:module\s+\S+|controller|proxy)|common-option)[^\S\n]+(?P<name>{NAME})"
    r"[^\S\n]+(?P<quote>[\"']?)(?P<value>[^\n]*?\S)(?P=quote);?[^\S\n]*$"
)
_ADDED = re.compile(r"(?m)^[^\S\n]*add-line[^\S\n]+\S+[^\S\n]+(?P<rest>[^\n]+)$")


def _rspamd_commands(text: str) -> Iterator[Found]:
    """custom-commands.conf: options that are set, and lines that are added, as Rspamd reads them."""
    view = _shape(text, _LINE_COMMENT)
    yield from _values(_COMMANDS, view, "ucl")
    for added in _ADDED.finditer(view):
        start = added.start("rest")
        yield from (Found(start + a, start + b, what) for a, b, what in _ucl(added["rest"]))
    for line in re.finditer(r"[^\n]+", view):
        if not line[0].lstrip().startswith("add-line"):
            yield from within(view, *line.span(), "ucl")


_FETCHMAIL = re.compile(
    r"(?i)(?<![\w\"'-])pass(?:word)?(?![\w-])(?:[\s:;,=]|(?:is|and|with|has|wants|options)(?=[\s:;,]))*+"
    r"(?:\"(?P<double>(?:\\.|[^\"\\])*)\"|'(?P<single>(?:\\.|[^'\\])*)'|(?P<bare>[^\s:;,=\"'][^\s;,]*))"
)


def _fetchmail(text: str) -> Iterator[Found]:
    """fetchmail(1), "pass" and "password" of a user entry: one string, with blanks if quoted."""
    view = _shape(text, _HASH_COMMENT)
    for found in _FETCHMAIL.finditer(view):
        group = next(name for name in ("double", "single", "bare") if found[name] is not None)
        if is_secret(found[group], "literal"):
            yield Found(*found.span(group))
    yield from _within_lines(view, "literal")


_PERL = re.compile(
    rf"(?i)[$@](?:\w+::)*(?:{NAME}|\w*auth_secret)\s*=\s*(?P<quote>[\"'])(?P<value>[^\"'\n]+)(?P=quote)"
)
_DSN = re.compile(r"(?is)\[\s*([\"'])DBI:[^\"']*\1\s*,\s*([\"'])[^\"']*\2\s*,\s*([\"'])(?P<value>[^\"']+)\3")


def _perl(text: str) -> Iterator[Found]:
    """amavisd.conf: `$… = 'password'`, and the third part of an SQL data source (DBI(3pm))."""
    view = _shape(text, _LINE_COMMENT)
    yield from _values(_PERL, view, "perl")
    yield from _values(_DSN, view, "perl")
    yield from _within_lines(view, "perl")


_SPAMASSASSIN = re.compile(rf"(?mi)^[^\S\n]*(?:{NAME})[^\S\n]+(?P<value>\S[^\n]*?)[^\S\n]*$")


def _spamassassin(text: str) -> Iterator[Found]:
    """Mail::SpamAssassin::Conf(3pm): `bayes_sql_password value`."""
    return _values(_SPAMASSASSIN, _shape(text, _LINE_COMMENT), "literal")


_SHELL = re.compile(
    r"(?<![\w${\"'^/.-])(?P<name>[A-Z][A-Z0-9_]*)=(?:\$?'(?P<single>[^'\n]+)'"
    r"|\"(?P<double>[^\"$`\n]+)\"|(?P<bare>[^\s\"'$`;&|<>()]+))"
)


def _script(text: str) -> Iterator[Found]:
    """Shell scripts: only what is certain. Secret settings by their names, plain schemes."""
    from controlplane.settings import catalog

    view = _shape(text, _HASH_COMMENT)
    for found in _SHELL.finditer(view):
        spec = catalog.SETTINGS.get(found["name"])
        group = next(name for name in ("single", "double", "bare") if found[name] is not None)
        if spec is not None and spec.secret and is_secret(found[group], "literal"):
            yield Found(*found.span(group))
    for maps in _MAPS.finditer(view):
        for login in _STATIC.finditer(view, *maps.span("value")):
            if "$" not in login["value"]:
                yield Found(*login.span("value"))
    for line in re.finditer(r"[^\n]+", view):
        yield from (place for place in within(view, *line.span(), "ucl") if "URL" in place.what)
        yield from (place for place in plain_schemes(view, *line.span()) if view[place.start] not in "$`\\")


_ROW = re.compile(
    r"(?m)^[^\S\n]*[^\s|#:][^\s|:]*[^\S\n]*[|:][^\S\n]*(?P<value>(?![{$]|age:)[^\s|][^|\n]*?)[^\S\n]*(?:\||\r?$)"
)
"""A row of an account whose second field names no scheme: a password that somebody typed there."""


def _accounts(text: str) -> Iterator[Found]:
    """postfix-accounts.cf: hashes may stand; whatever else is in their place may not."""
    yield from plain_schemes(text)
    yield from (
        Found(*found.span("value"), "a password in the clear, or no hash that Dovecot knows")
        for found in _ROW.finditer(text)
    )


_BEHIND_ROUTE = r"(?m)^[^\S\n]*\S+[^\S\n]+\S+[^\S\n]+[^\s:]+:(?P<value>[^\s:]+)[^\S\n]*$"
"""A log-in in a third field, as rows of postfix-sasl-password.cf end."""


def _routes(text: str) -> Iterator[Found]:
    """postfix-relaymap.cf: no host has a log-in; whoever writes one means a URL."""
    view = _shape(text, _LINE_COMMENT)
    for pattern in (r"(?<=:)(?P<value>[^\s:@\[\]/]+)@(?=[\w\[])", _BEHIND_ROUTE):
        for found in re.finditer(pattern, view):
            yield Found(*found.span("value"))


_BESIDE = (
    "write the log-in to config/postfix-sasl-password.cf, then: mailctl seal config/postfix-sasl-password.cf"
)
_TABLE_FILE = (
    f"{_BESIDE}; the password of a database: to a file of its own (config/ldap-….cf), then seal that file"
)
_MOUNTED = "let it read the secret from a file that is mounted into the container (/run/secrets/…)"
_HASHED = "write its hash: doveadm pw -s SHA512-CRYPT, or use setup email update"

READERS = (
    Reader(("config/dovecot-ldap*", "config/dovecot-sql*"), _dovecot_literal),
    Reader(("config/ldap-*.cf", "config/mysql-*.cf", "config/pgsql-*.cf"), _table),
    Reader(("config/getmail-*.cf",), _ini),
    Reader(("config/fetchmail.cf",), _fetchmail),
    Reader(("config/postfix-main.cf", "config/postfix-master.cf"), _postfix, _TABLE_FILE),
    Reader(("config/postfix-relaymap.cf",), _routes, _BESIDE),
    Reader(("config/postfix-accounts.cf",), _accounts, _HASHED),
    Reader(("config/rspamd/custom-commands.conf",), _rspamd_commands),
    Reader(("config/rspamd/*",), _ucl),
    Reader(("config/fail2ban-*.cf", "config/crowdsec/*"), _ini),
    Reader(("config/amavis.cf",), _perl),
    Reader(("config/spamassassin-rules.cf",), _spamassassin),
    Reader(("config/user-patches.sh", "config/sieve-pipe/*", "config/sieve-filter/*"), _script, _MOUNTED),
    Reader(("config/dovecot*", "config/*.conf", "config/*.conf.ext"), _dovecot),
)
"""The first whose paths match a file is its reader."""


_PLAIN_TEXT = (".sieve", ".md", ".txt", ".pem", ".map", ".list", ".lst", ".html", ".re", ".regexp", ".zone")
"""Ends of names of files that hold no settings: lists of words and expressions, scripts of users."""


def reader_of(path: str) -> Reader | None:
    """The reader of a file of `main`; None for a file of unknown format."""
    if path.endswith(_PLAIN_TEXT):
        return None
    return next((reader for reader in READERS if any(fnmatchcase(path, name) for name in reader.paths)), None)
