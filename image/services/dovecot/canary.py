"""The server's own account: it is there for Dovecot alone, keeps its mail in memory, and nobody lists it.

Its line lies beside those of accounts that were just added (`new_accounts.py`): a passdb of its own, of which
no command and no count knows. It has a password of this start of the agent, and gets in from loopback alone.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from agent.canary.reach import reach
from agent.canary.steps import PASSED, Canary, Finding, Ground, Step, Verdict, failed, without_remarks
from agent.errors import Unavailable
from agent.health.probes import Talk, command, conversation, greet_imap
from services.dovecot.announced_files import FRESH, end_of_second, new_time
from services.dovecot.known_account import known_account
from services.dovecot.other_logins import other_logins
from wire.canary import ADDRESS
from wire.manifest import Probe, ProbeKind

NAME = "dovecot"
USERDB = "etc/dovecot/userdb"
FOLDER = "run/mail-canary"
MAIL = "mail"
FORMAT = "maildir"
LINE = "{address}:{{PLAIN}}{password}:{uid}:{gid}::/{folder}/home::allow_nets=127.0.0.0/8,::1 {fields}\n"
FIELDS = (
    "userdb_uid={uid} userdb_gid={gid} userdb_home=/{folder}/home userdb_mail={place}"
    " userdb_quota_rule=*:storage=1M userdb_mailbox_list_index=no userdb_sendmail_path={outside}"
    " userdb_sieve_pipe_bin_dir=/{folder}/pipe userdb_sieve_pipe_socket_dir=/{folder}/pipe"
)
OUTSIDE = "/usr/local/lib/mail-agent/services/dovecot/canary-outside"
"""Takes what global scripts would send away or hand to a program: they are run as for everybody."""
LEFT, PIPE = "left", "pipe"
PROGRAMS = "usr/lib/dovecot/sieve-pipe"
NAMED = re.compile(r'(?i)\* LIST \((?![^)]*\\No(?:Select|nExistent))[^)]*\) (?:"."|NIL) "?([^"]+?)"?$')
"""A folder that can be opened: those above it may be names alone (RFC 9051, 7.3.1)."""
BESIDE_SECONDS = 2.5
ONE_EACH = "[LIMIT]"
"""mail_max_userip_connections (RFC 5530, section 3)."""
PORTS = (("993", "143"), ("995", "110"))
"""Of each protocol, the one first that others are to reach."""
LOG_IN = (
    "service auth_* passdb userdb mail_plugins mail_location namespace ssl*"
    " *_client_limit *_vsz_limit *_process_limit"
)
DELIVERY = (
    "virtual_transport transport_maps content_filter service protocol *_checks defer_transports discard* if"
)
"""Settings that decide about the steps."""
DEADLINE = 2.0
ANSWER_SECONDS = 1.0
PASSWORD = secrets.token_hex(16)
FIRST_PAUSE, LONGEST_PAUSE, EXPLAIN_PAUSE = 0.01, 0.1, 0.2


def prepare(ground: Ground) -> None:
    """Make the account and an empty folder for its mail: some may have come late. Raises OSError."""
    uid, gid = ground.owner
    home = ground.root / FOLDER / "home"
    for folder in (home, home.parent / LEFT):  # what a session made belongs to the owner of then
        shutil.rmtree(folder, ignore_errors=True)
    for folder in (home.parent, home, home.parent / LEFT):
        folder.mkdir(mode=0o700, exist_ok=True)
        os.chown(folder, uid, gid)
    _replace_programs(ground.root)
    ran = ground.runner(("doveconf", "-h", "mail_location"), DEADLINE)
    place = place_like("" if ran.code else without_remarks(ran.output, "doveconf"))
    fields = FIELDS.format(uid=uid, gid=gid, folder=FOLDER, place=place, outside=OUTSIDE)
    line = LINE.format(address=ADDRESS, password=PASSWORD, uid=uid, gid=gid, folder=FOLDER, fields=fields)
    target = ground.root / FRESH / ADDRESS
    known = target.read_text() if target.exists() else ""
    if known != line:
        _place(target, line, (ground.root / USERDB).stat().st_gid)
    if known not in ("", line):
        _outlast(ground)
    shutil.rmtree(ground.root / FOLDER / MAIL, ignore_errors=True)
    ground.address, ground.password, ground.account = ADDRESS, PASSWORD, next(accounts(ground.root), "")


def _place(target: Path, line: str, group: int) -> None:
    """Put the line where Dovecot, which is in the group, reads it, and nobody else."""
    if not target.parent.is_dir():
        target.parent.mkdir(0o750)
        os.chown(target.parent, 0, group)
    aside = target.with_name(f".{target.name}")
    aside.unlink(missing_ok=True)
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640), "w") as file:
        os.fchown(file.fileno(), 0, group)
        os.fchmod(file.fileno(), 0o640)
        file.write(line)
    earlier = int(target.stat().st_mtime) if target.exists() else 0
    os.utime(aside, (0, max(new_time(), earlier + 1)))
    aside.replace(target)


def _replace_programs(root: Path) -> None:
    """Have a harmless program for each to which a script may hand a message."""
    folder = root / FOLDER / PIPE
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o755)
    with contextlib.suppress(FileNotFoundError):
        for path in (root / PROGRAMS).iterdir():
            (folder / path.name).symlink_to(OUTSIDE)


def _outlast(ground: Ground) -> None:
    """Wait until Dovecot, which may have read the line's last version in this second, looks again."""
    now = time.time()
    seconds = end_of_second(now) - now
    time.sleep(seconds)
    ground.until += seconds


def place_like(location: str) -> str:
    """Where the account keeps its mail, in the format of everybody's (mail_location)."""
    form, _, rest = location.partition(":")
    options = [word for word in rest.split(":")[1:] if not set(word) & set("/%~ ")]
    options += [f"INBOX=/{FOLDER}/{MAIL}/inbox"] if form == "mbox" else []
    return ":".join([form or FORMAT, f"/{FOLDER}/{MAIL}", *options])


def accounts(root: Path) -> Iterator[str]:
    """Every account, the first one first."""
    with contextlib.suppress(OSError), (root / USERDB).open(encoding="utf-8", errors="replace") as file:
        for line in file:
            name = line.partition(":")[0].strip()
            if name and not name.startswith("#") and "'" not in name:
                yield name


def steps(ground: Ground) -> Iterator[Step]:
    """Log-in and delivery through the port that clients use, and a look at somebody's account."""
    ports = [probe for probe in ground.probes.get(NAME, ()) if probe.kind == ProbeKind.IMAP]
    port = next(iter(sorted(ports, key=lambda probe: probe.tls != "implicit")), None)
    if port:
        yield Step("log-in by IMAP", lambda ground: _log_in(ground, port), about=LOG_IN)
    yield from other_logins(ground)
    names = {probe.name for probe in ground.probes.get(NAME, ())}
    roles = [[next((name for name in ports if name in names), "")] for ports in PORTS]
    yield reach(NAME, roles, "listen address inet_listener")
    if ground.account:
        yield Step("an account and its mailbox", known_account, about=LOG_IN)
    yield Step("delivery", lambda ground: _delivered(ground, port), last=True, about=DELIVERY)


def _log_in(ground: Ground, probe: Probe) -> Finding:
    with conversation(probe, ground.root, ground.left()) as talk:
        _open(talk, probe, ground)
        if found := _beside(ground, probe):
            return failed(f"a second session at the same time: {found}")
        command(talk, "z", "LOGOUT")
    return PASSED


def _beside(ground: Ground, probe: Probe) -> str:
    """Why nobody gets in while somebody is; "" where somebody does, or where one user may not twice."""
    try:
        with conversation(probe, ground.root, min(BESIDE_SECONDS, ground.left())) as talk:
            _open(talk, probe, ground)
            command(talk, "z", "LOGOUT")
    except TimeoutError:
        return "no answer"
    except Unavailable as refusal:
        return "" if ONE_EACH in str(refusal) else str(refusal)
    return ""


def _open(talk: Talk, probe: Probe, ground: Ground) -> None:
    greet_imap(talk, probe)
    command(talk, "l", f'LOGIN "{ground.address}" "{ground.password}"')
    command(talk, "i", "SELECT INBOX")


def _delivered(ground: Ground, probe: Probe | None) -> Finding:
    """Wait until all messages that were taken are there, and remove them."""
    if not ground.sent:
        return Finding(Verdict.UNCLEAR, "no message was taken")
    if probe is None:
        return _wait(ground, lambda: _in_folder(ground))
    # A little longer than is waited, so that what is missing is told rather than the conversation's end.
    with conversation(probe, ground.root, ground.left() + ANSWER_SECONDS) as talk:
        _open(talk, probe, ground)
        finding = _wait(ground, lambda: {*_by_imap(ground, talk), *_in_folder(ground, LEFT)})
        command(talk, "z", "LOGOUT")
    return finding


def _wait(ground: Ground, look: Callable[[], Iterable[str]]) -> Finding:
    """Look again and again. `look` tells the words of messages that are there."""
    pause, explained = FIRST_PAUSE, time.monotonic() + EXPLAIN_PAUSE
    why: Finding | None = None
    while True:
        for word in look():
            ground.sent.pop(word, None)
        if not ground.sent:
            return PASSED
        now = time.monotonic()
        if now >= explained:
            explained = now + EXPLAIN_PAUSE
            why = ground.explain(ground)
            if why and why.verdict == Verdict.FAILED:
                return why
        if now >= ground.until:
            return why or failed("a message that was taken did not come to its mailbox")
        time.sleep(pause)
        pause = min(LONGEST_PAUSE, pause * 1.5)


def _by_imap(ground: Ground, talk: Talk) -> list[str]:
    """The words of messages that are found in any folder, where a script may have put them; removed."""
    listed = (NAMED.search(line.decode()) for line in command(talk, "n", 'LIST "" "*"'))
    found: list[str] = []
    for folder in ["INBOX", *(match[1] for match in listed if match and match[1].upper() != "INBOX")]:
        command(talk, "s", f'SELECT "{folder}"')
        for word in ground.sent.keys() - set(found):
            if numbers := _numbers(command(talk, "f", f"SEARCH HEADER Message-ID {word}")):
                command(talk, "d", rf"STORE {numbers} +FLAGS.SILENT (\Deleted)")
                found.append(word)
        command(talk, "e", "EXPUNGE")
        if len(found) == len(ground.sent):
            break
    return found


def _numbers(lines: Iterable[bytes]) -> str:
    """The messages that a search found, as commands name them."""
    rows = (line.split()[2:] for line in lines if line.startswith(b"* SEARCH"))
    return b",".join(number for row in rows for number in row).decode()


def _in_folder(ground: Ground, name: str = "") -> list[str]:
    """The words that are in a file of the account's mail, or of what a script would send out."""
    found = []
    for path in (ground.root / FOLDER / name).rglob("*"):
        with contextlib.suppress(OSError):
            content = path.read_bytes() if path.is_file() else b""
            found += [word for word in ground.sent if word.encode() in content]
    return found


CANARY = Canary(steps, prepare, accounts)
