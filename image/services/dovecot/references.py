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
from services.dovecot.old_dialect import old_words
from services.dovecot.rows import Section, Wrong, listed

LIBEXEC = "/usr/lib/dovecot"
MODULES = "usr/lib/dovecot/modules"
MAIL = "/var/mail/"
ASKED_DRIVERS = frozenset(["ldap", "sql", "lua"])
"""Drivers of userdb whose answers may say where each mailbox lies."""
NEEDED = {"passwd-file": "passwd_file_path", "lua": "lua_file", "ldap": "ldap_uris", "sql": "sql_driver"}
"""What a driver of passdb and userdb cannot do without (doc.dovecot.org, "Authentication")."""
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
"""Formats whose path is a folder of the user's."""
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
        "ntlm",
        "scram-sha-1-plus",
        "scram-sha-256-plus",
        "dovecot-token",
    ]
)
"""Of auth_mechanisms; those of GSSAPI have a module."""
QUOTA_DRIVERS = frozenset(["count", "fs", "imapc", "maildir"])
MAIL_PATHS = (
    "mail_path",
    "mail_index_path",
    "mail_index_private_path",
    "mail_control_path",
    "mail_alt_path",
    "mail_volatile_path",
)
LOGS = ("log_path", "info_log_path", "debug_log_path")
USERS = re.compile(r"(user|mail_uid|default_\w+_user)\Z")
GROUPS = re.compile(r"(group|extra_groups|mail_gid|mail_access_groups|mail_privileged_group)\Z")


class Tree(NamedTuple):
    """The staged tree, and what the configuration says of itself."""

    staged: StagedTree
    top: Mapping[str, str]
    """Settings outside of sections."""
    services: Mapping[str, Mapping[str, str]]
    general_places: bool
    """Whether mail lies where mail_path says, and not where the lists of users say."""

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
    elsewhere = any(
        section.within("userdb")
        and (
            section.values.get("driver") in ASKED_DRIVERS
            or any("mail_path" in name for name in section.values)
        )
        for section in found
    )
    tree = Tree(staged, found[0].values, named, not elsewhere)
    for section in found:
        for judge in JUDGES:
            yield from judge(section, tree)


def _files(section: Section, tree: Tree) -> Iterator[Wrong]:
    for name, value in section.values.items():
        if not name.endswith("_file"):
            continue
        if value.startswith("<"):
            yield Wrong(name, value, "the path of the file stands here, without <")
        elif value.startswith("/") and "%" not in value and (lacks := tree.lacks_file(value)):
            yield Wrong(name, value, lacks)
    certificate, key = (section.values.get(f"ssl_server_{name}_file", "") for name in ("cert", "key"))
    if not certificate.startswith("/") or not key.startswith("/"):
        return
    paths = [tree.staged.unmanaged(tree.real(value)) for value in (certificate, key)]
    if all(path is not None and path.is_file() for path in paths):
        try:
            examine(*(path.read_bytes() for path in paths if path is not None))
        except Refused as error:
            yield Wrong("ssl_server_key_file", key, str(error))


def _folders(section: Section, tree: Tree) -> Iterator[Wrong]:
    for name, value in section.values.items():
        folder = value if name == "ssl_client_ca_dir" else posixpath.dirname(value) if name in LOGS else ""
        if folder.startswith("/") and tree.missing(folder):
            yield Wrong(name, value, f"the folder {folder} does not exist")


def _lists_of_users(section: Section, tree: Tree) -> Iterator[Wrong]:
    """passdb and userdb: the file or server that says who there is."""
    values = section.values
    driver = values.get("driver", "")
    if section.kind not in ("passdb", "userdb") or driver not in NEEDED:
        return
    needed = NEEDED[driver]
    value = values.get(needed) or tree.top.get(needed, "")
    if not value:
        yield Wrong("driver", driver, f"{driver} needs {needed}")
    elif driver != "passwd-file" or "%" in value or not value.startswith("/"):
        return
    elif lacks := tree.lacks_file(value):
        yield Wrong(needed, value, lacks)
    elif not _auth_reads(value, tree):
        yield Wrong(needed, value, f"{value} may not be read by the user {_auth_user(tree)}")


def _auth_user(tree: Tree) -> str:
    return tree.services.get("auth", {}).get("user") or tree.top.get("default_internal_user", "dovecot")


def _auth_reads(path: str, tree: Tree) -> bool:
    found, who = tree.staged.unmanaged(tree.real(path)), account(_auth_user(tree))
    return found is None or who is None or may_open(found, who, READ, tree.staged.root)


def _databases(section: Section, tree: Tree) -> Iterator[Wrong]:
    """The modules of SQL servers, in whatever section one is named."""
    name = section.values.get("sql_driver", "")
    if name and not any((tree.staged.root / MODULES).glob(f"**/libdriver_{name}.so")):
        yield Wrong("sql_driver", name, f"the image has no driver for {name}")


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
    if section.within("passdb", "userdb") or tree.staged.text(SCRIPT):
        return
    for name, value in section.values.items():
        if USERS.match(name):
            # doveconf leaves the name of a default, such as $SET:default_internal_user
            if value and value[0] != "$" and not value.isdigit() and account(value) is None:
                yield Wrong(name, value, f"there is no user {value}")
        elif GROUPS.match(name):
            for group in re.split(r"[\s,]+", value):
                if group and group[0] != "$" and not group_exists(group):
                    yield Wrong(name, group, f"there is no group {group}")


def _places_of_mail(section: Section, tree: Tree) -> Iterator[Wrong]:
    if section.within("passdb", "userdb"):
        return
    driver = section.values.get("mail_driver", "")
    if driver.isidentifier() and driver not in MAIL_DRIVERS:
        yield Wrong("mail_driver", driver, f"{driver} is not a format of mailboxes")
    if (driver or tree.top.get("mail_driver", "")) not in FOLDER_DRIVERS:
        return
    for name in MAIL_PATHS:
        folder = section.values.get(name, "")
        if folder.startswith("/") and (reason := _cannot_hold_mail(folder, tree)):
            yield Wrong(name, folder, reason)


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
    for mechanism in sorted(listed([section], "auth_mechanisms")):
        module = f"auth/libmech_{mechanism.removeprefix('gss-').replace('spnego', 'gssapi')}.so"
        if mechanism[0] == "$":
            continue  # old_dialect.py says it
        if mechanism.lower() not in MECHANISMS and not (tree.staged.root / MODULES / module).exists():
            yield Wrong("auth_mechanisms", mechanism, f"there is no mechanism {mechanism}")
    driver = section.values.get("driver", "") if section.kind == "quota" else ""
    if driver and driver not in QUOTA_DRIVERS:
        yield Wrong("driver", driver, f"there is no quota driver {driver}")
    script = section.values.get("path", "") if section.kind == "sieve_script" else ""
    if re.fullmatch(r"/[^%;]+\.sieve", script) and (lacks := tree.lacks_file(script)):
        yield Wrong("path", script, lacks)


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
    _databases,
    old_words,
)
