"""Sieve scripts: ours for spam, and the administrator's from the config volume."""

from __future__ import annotations

from collections.abc import Iterator

from controlplane.model import State
from renderers.service import Origin, RenderedFile
from renderers.text import fill, quoted
from wire.manifest import Action, Compile

_GLOBAL = "usr/lib/dovecot/sieve-global"
_PERSONAL = "usr/lib/dovecot/sieve-personal"
_SUFFIX = ".dovecot.sieve"
_RESERVED = ("before", "after")
_PROGRAMS = ("sieve-pipe", "sieve-filter")


def scripts(state: State) -> Iterator[RenderedFile]:
    """Every script, in no order: Dovecot runs those of a folder by their names.

    The spam script is named to come behind the administrator's before.dovecot.sieve.
    """
    spam = _spam(state)
    if spam:
        yield _script(f"{_GLOBAL}/before/spam.sieve", spam)
    for name in _RESERVED:
        if override := state.desired.overrides.get(f"{name}{_SUFFIX}"):
            origins = (Origin(1, f"config/{override.path}"),)
            yield _script(f"{_GLOBAL}/{name}/{override.path}", override.content, origins)
    yield from _personal(state)


def _personal(state: State) -> Iterator[RenderedFile]:
    scripts = personal(state)
    for address, source in _sources(state).items():
        override = state.desired.overrides[source]
        origins = (Origin(1, f"config/{override.path}"),)
        yield _script(scripts[address].lstrip("/"), override.content, origins)


def personal(state: State) -> dict[str, str]:
    """The script of each account that the administrator gave one: absolute paths by address.

    It is kept out of the mailbox, whose folders belong to users: what runs as root writes nothing there.
    """
    return {address: f"/{_PERSONAL}/{address}.sieve" for address in _sources(state)}


def fields(state: State) -> dict[str, str]:
    """The userdb field that leads to the administrator's script, by address.

    It stands in for the user's own; where users upload theirs, it holds until they activate one
    (docs/decisions/0055-a-users-sieve-script-takes-precedence.md).
    """
    name = "userdb_sieve_default" if state.settings.enable_managesieve else "userdb_sieve"
    return {address: f"{name}=file:{script}" for address, script in personal(state).items()}


def programs(state: State) -> Iterator[RenderedFile]:
    """What `pipe` and `filter` may run, by the same names as below config/.

    A program is made executable whatever git says, as a config volume often lost that; what lies in
    folders further below (a program's own files) keeps its mode.
    """
    for path, override in state.desired.overrides.items():
        folder, _, name = path.partition("/")
        if folder in _PROGRAMS and name:
            runs = "/" not in name or override.executable
            origins = (Origin(1, f"config/{path}"),)
            yield RenderedFile(
                f"usr/lib/dovecot/{path}",
                override.content,
                Action.NONE,
                mode=0o755 if runs else 0o644,
                origins=origins,
            )


def _sources(state: State) -> dict[str, str]:
    """The overrides `<login>.dovecot.sieve` of accounts, by address."""
    logins = ((path.removesuffix(_SUFFIX).lower(), path) for path in sorted(state.desired.overrides))
    return {login: path for login, path in logins if login in state.desired.accounts}


def _spam(state: State) -> bytes:
    settings = state.settings
    junk, seen, prefix = settings.move_spam_to_junk, settings.mark_spam_as_read, settings.spam_subject
    if not (junk or seen or prefix):
        return b""
    extensions = [
        *(["fileinto", "mailbox"] if junk else []),
        *(["imap4flags"] if seen else []),
        *(["editheader", "variables"] if prefix else []),
    ]
    text = fill(
        "dovecot/templates/spam.sieve",
        extensions=", ".join(quoted(name) for name in extensions),
        junk=junk,
        seen=seen,
        prefix=_literal(prefix),
    )
    return text.encode()


def _literal(prefix: str) -> str:
    """For the inside of a Sieve string; with "variables", `${` would name one (RFC 5229 3)."""
    return quoted(prefix)[1:-1].replace("${", "$ {")


def _script(path: str, content: bytes, origins: tuple[Origin, ...] = ()) -> RenderedFile:
    return RenderedFile(path, content, Action.NONE, compile=Compile.SIEVE, origins=origins)
