"""Everything that Dovecot's settings name must be there: files, programs, users, folders, modules."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from agent.apply.user_patches.script import SCRIPT
from agent.certificates.store import examine
from agent.errors import Refused
from agent.files.access import PASS, READ, WRITE, Account, account, group_exists, may_open
from agent.files.staged_tree import StagedTree
from services.dovecot.rows import Section

LIBEXEC = "/usr/lib/dovecot"
MODULES = "usr/lib/dovecot/modules"
MAIL = "/var/mail/"
SERVER_DRIVERS = frozenset(["ldap", "sql", "oauth2", "dict", "passwd-file", "lua", "checkpassword"])
"""Drivers of passdb and userdb whose `args` name a file (doc.dovecot.org, "Authentication")."""
ASKED_DRIVERS = frozenset(["ldap", "sql", "dict", "lua"])
"""Drivers of userdb whose answers may say where each mailbox lies."""
MAIL_DRIVERS = frozenset(
    [
        "maildir",
        "mbox",
        "sdbox",
        "mdbox",
        "dbox",
        "imapc",
        "pop3c",
        "cydir",
        "raw",
        "shared",
        "virtual",
        "auto",
    ]
)
FOLDER_DRIVERS = frozenset(["maildir", "mbox", "sdbox", "mdbox", "dbox"])
"""Formats whose location is a folder of the user's."""
MECHANISMS = frozenset(
    [
        "plain",
        "login",
        "cram-md5",
        "digest-md5",
        "scram-sha-1",
        "scram-sha-256",
        "apop",
        "anonymous",
        "external",
        "oauthbearer",
        "xoauth2",
        "otp",
        "dovecot-token",
    ]
)
"""Of auth_mechanisms; those of GSSAPI have a module."""
QUOTA_BACKENDS = frozenset(["count", "dict", "dirsize", "fs", "imapc", "maildir"])
LOGS = ("log_path", "info_log_path", "debug_log_path")
USERS = re.compile(r"(user|mail_uid|default_\w+_user)\Z")
GROUPS = re.compile(r"(group|extra_groups|mail_gid|mail_access_groups|mail_privileged_group)\Z")


class Wrong(NamedTuple):
    """What is wrong with a setting, and the word in its line."""

    name: str
    word: str
    reason: str


class Tree(NamedTuple):
    """The staged tree, and what the configuration says of itself."""

    staged: StagedTree
    top: Mapping[str, str]
    """Settings outside of sections."""
    services: Mapping[str, Mapping[str, str]]
    general_places: bool
    """Whether mail lies where mail_location says, and not where the lists of users say."""

    def real(self, path: str) -> str:
        """A path as it is on the server: includes lead to the staged tree."""
        return path.removeprefix(str(self.staged.folder))

    def missing(self, path: str) -> bool:
        """Whether nothing is at an absolute path, or will be; what user-patches.sh names, it may make."""
        path = self.real(path)
        return not self.staged.exists(path) and posixpath.basename(path) not in self.staged.text(SCRIPT)

    def lacks_file(self, path: str) -> str:
        """Why a file cannot be read by root, "" when it can."""
        if self.missing(path):
            return f"{self.real(path)} does not exist"
        found = self.staged.unmanaged(self.real(path))
        return f"{self.real(path)} is not a file" if found is not None and found.is_dir() else ""


Judge = Callable[[Section, Tree], Iterator[Wrong]]


def wrong_references(found: list[Section], staged: StagedTree) -> Iterator[Wrong]:
    """What the settings name that is not there, cannot be opened, or is of another kind."""
    named = {section.label: section.values for section in found if section.kind == "service"}
    lists = [section.values for section in found if section.kind == "userdb"]
    elsewhere = any(
        values.get("driver") in ASKED_DRIVERS or any("mail=" in value for value in values.values())
        for values in lists
    )
    tree = Tree(staged, found[0].values, named, not elsewhere)
    for section in found:
        for judge in JUDGES:
            yield from judge(section, tree)


def _files(section: Section, tree: Tree) -> Iterator[Wrong]:
    for name, value in section.values.items():
        path = value[1:].strip() if value.startswith("<") else value if name == "ssl_client_ca_file" else ""
        if path.startswith("/") and (lacks := tree.lacks_file(path)):
            yield Wrong(name, path, lacks)
    certificate, key = (section.values.get(name, "") for name in ("ssl_cert", "ssl_key"))
    paths = [tree.staged.unmanaged(tree.real(value.lstrip("< "))) for value in (certificate, key) if value]
    if len(paths) == len(("ssl_cert", "ssl_key")) and all(
        path is not None and path.is_file() for path in paths
    ):
        try:
            examine(*(path.read_bytes() for path in paths if path is not None))
        except Refused as error:
            yield Wrong("ssl_key", key, str(error))


def _folders(section: Section, tree: Tree) -> Iterator[Wrong]:
    for name, value in section.values.items():
        folder = value if name == "ssl_client_ca_dir" else posixpath.dirname(value) if name in LOGS else ""
        if folder.startswith("/") and tree.missing(folder):
            yield Wrong(name, value, f"the folder {folder} does not exist")


def _lists_of_users(section: Section, tree: Tree) -> Iterator[Wrong]:
    """passdb and userdb: the file or program that says who there is."""
    values = section.values
    driver = values.get("driver", "")
    if section.kind not in ("passdb", "userdb") or driver not in SERVER_DRIVERS:
        return
    words = values.get("args", "").split()
    path = next((w.partition("=")[2] for w in words if w.startswith("file=")), "")
    path = path or next((word for word in words if word.startswith("/")), "")
    if not path:
        if not words:
            yield Wrong("driver", driver, f"args: {driver} needs the path of a file")
        return
    if "%" in path:
        return
    if lacks := tree.lacks_file(path):
        yield Wrong("args", path, lacks)
    elif driver == "passwd-file" and not _auth_reads(path, tree):
        yield Wrong("args", path, f"{path} may not be read by the user {_auth_user(tree)}")
    elif driver == "checkpassword" and not _runs(tree, path):
        yield Wrong("args", path, f"{path} is not a program that can be run")
    elif driver == "sql" and (database := _database(path, tree)):
        yield Wrong("args", path, f"{path}: the image has no driver for {database}")


def _auth_user(tree: Tree) -> str:
    return tree.services.get("auth", {}).get("user") or tree.top.get("default_internal_user", "dovecot")


def _auth_reads(path: str, tree: Tree) -> bool:
    found, who = tree.staged.unmanaged(tree.real(path)), account(_auth_user(tree))
    return found is None or who is None or may_open(found, who, READ, tree.staged.root)


def _database(path: str, tree: Tree) -> str:
    """The database of a file for SQL that no module is there for, "" where one is, or where it names none."""
    found = tree.staged.unmanaged(tree.real(path))
    text = found.read_text("utf-8", "replace") if found else tree.staged.text(tree.real(path).lstrip("/"))
    match = re.search(r"^\s*driver\s*=\s*(\w+)", text, re.MULTILINE)
    if match is None or any((tree.staged.root / MODULES).glob(f"**/libdriver_{match[1]}.so")):
        return ""
    return match[1]


def _programs(section: Section, tree: Tree) -> Iterator[Wrong]:
    """The program of a service; behind `script` stands what that runs (script(1) of Dovecot)."""
    if section.kind != "service" or not (words := section.values.get("executable", "").split()):
        return
    command = posixpath.join(LIBEXEC, words[0])
    if posixpath.basename(words[0]) == "script":
        scripts = [word for word in words[1:] if word.startswith("/")]
        command = scripts[0] if scripts else command
    if not _runs(tree, command):
        yield Wrong("executable", command, f"{command} is not a program that can be run")


def _sendmail(section: Section, tree: Tree) -> Iterator[Wrong]:
    """Who sends what Sieve redirects and answers: the first delivery would find out."""
    command = next(iter(section.values.get("sendmail_path", "").split()), "")
    if command.startswith("/") and not _runs(tree, command):
        yield Wrong("sendmail_path", command, f"{command} is not a program that can be run")


def _runs(tree: Tree, path: str) -> bool:
    if tree.missing(path):
        return False
    found = tree.staged.unmanaged(path)
    return found is None or (found.is_file() and os.access(found, os.X_OK))


def _listeners(section: Section, tree: Tree) -> Iterator[Wrong]:
    if section.kind in ("unix_listener", "fifo_listener") and section.label.startswith("/"):
        folder = posixpath.dirname(section.label)
        if section.values.get("mode", "") not in ("0", "0000") and tree.missing(folder):
            yield Wrong(section.kind, section.label, f"the folder {folder} does not exist")


def _people(section: Section, tree: Tree) -> Iterator[Wrong]:
    """Users and groups that processes become, or that sockets belong to."""
    if section.kind in ("plugin", "passdb", "userdb") or tree.staged.text(SCRIPT):
        return
    for name, value in section.values.items():
        if USERS.match(name):
            # doveconf leaves the name of a default, such as $default_internal_user
            if value and value[0] != "$" and not value.isdigit() and account(value) is None:
                yield Wrong(name, value, f"there is no user {value}")
        elif GROUPS.match(name):
            for group in re.split(r"[\s,]+", value):
                if group and group[0] != "$" and not group_exists(group):
                    yield Wrong(name, group, f"there is no group {group}")


def _places_of_mail(section: Section, tree: Tree) -> Iterator[Wrong]:
    name = "location" if section.kind == "namespace" else "mail_location"
    value = section.values.get(name, "")
    driver, colon, rest = value.partition(":")
    if not colon:
        return
    if driver.isidentifier() and driver not in MAIL_DRIVERS:
        yield Wrong(name, value, f"{driver} is not a format of mailboxes")
    if driver not in FOLDER_DRIVERS:
        return
    path, *options = rest.split(":")
    further = (option.partition("=")[2] for option in options)
    for folder in (path, *further):
        if folder.startswith("/") and (reason := _cannot_hold_mail(folder, tree)):
            yield Wrong(name, value, reason)


def _cannot_hold_mail(folder: str, tree: Tree) -> str:
    """Why the owner of mail cannot make its folders there, "" when it can or may be able to."""
    fixed = folder.partition("%")[0]
    fixed = fixed if fixed == folder else posixpath.dirname(fixed)
    live = tree.staged.root / fixed.strip("/")
    there = next(each for each in (live, *live.parents) if each.exists())
    uid = tree.top.get("mail_uid", "")
    who = Account(int(uid), (int(tree.top.get("mail_gid") or uid),)) if uid.isdigit() else account(uid)
    if who is None or tree.staged.text(SCRIPT) or not tree.general_places:
        return ""
    if f"{folder}/".startswith(MAIL):
        return ""  # the owner's, as the agent sees to
    if not there.is_dir():
        return f"{_shown(there, tree)} is not a folder"
    if there == live and fixed == folder and "%" not in folder:
        return ""  # one place for all, which may be read alone
    if may_open(there, who, WRITE | PASS, tree.staged.root):
        return ""
    return f"{_shown(there, tree)} may not be written by the owner of mail (user id {who.uid})"


def _shown(path: Path, tree: Tree) -> str:
    return f"/{path.relative_to(tree.staged.root)}".replace("/.", "/")


def _choices(section: Section, tree: Tree) -> Iterator[Wrong]:
    """Names out of lists that Dovecot has, and its modules."""
    for mechanism in section.values.get("auth_mechanisms", "").split():
        module = f"auth/libmech_{mechanism.removeprefix('gss-').replace('spnego', 'gssapi')}.so"
        if mechanism.lower() not in MECHANISMS and not (tree.staged.root / MODULES / module).exists():
            yield Wrong("auth_mechanisms", mechanism, f"there is no mechanism {mechanism}")
    if section.kind != "plugin":
        return
    for name, value in section.values.items():
        backend = value.partition(":")[0]
        if re.fullmatch(r"quota\d*", name) and backend and backend not in QUOTA_BACKENDS:
            yield Wrong(name, backend, f"there is no quota backend {backend}")
        script = re.match(r"(?:file:)?(/[^%;]+\.sieve)(;|\Z)", value) if name.startswith("sieve_") else None
        if script and (lacks := tree.lacks_file(script[1])):
            yield Wrong(name, script[1], lacks)


def _dictionaries(section: Section, tree: Tree) -> Iterator[Wrong]:
    """`dict { name = type:path }`, where the file says how a server is asked."""
    if section.kind != "dict":
        return
    for name, value in section.values.items():
        kind, _, path = value.partition(":")
        asks = kind in ("mysql", "pgsql", "sqlite", "cassandra", "ldap") and path.startswith("/")
        if asks and (lacks := tree.lacks_file(path)):
            yield Wrong(name, path, lacks)


JUDGES: tuple[Judge, ...] = (
    _files,
    _folders,
    _lists_of_users,
    _programs,
    _sendmail,
    _listeners,
    _people,
    _places_of_mail,
    _choices,
    _dictionaries,
)
