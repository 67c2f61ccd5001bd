"""The words of a release's manifest: the control plane writes them, the agent reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from wire.parts import part_name

FORMAT, PARTED_FORMAT = 1, 2
"""Of a manifest whose files are all whole, and of one that has files in parts: older agents refuse that."""


class Action(StrEnum):
    """What a changed file makes of its service, from nothing to a restart."""

    NONE = "none"
    RELOAD = "reload"
    RESTART = "restart"


class Switch(StrEnum):
    """What becomes of a service that only one of two releases runs."""

    START = "start"
    STOP = "stop"


class Compile(StrEnum):
    """What the agent builds from a file, next to it, before it takes effect."""

    NOTHING = ""
    POSTMAP = "postmap"
    """An lmdb map of the same name with `.lmdb` (postmap(1)), built aside and renamed in."""
    HASH = "postmap:hash"
    """The same of Postfix's type hash, with `.db`."""
    BTREE = "postmap:btree"
    """The same of Postfix's type btree, with `.db`."""
    CDB = "postmap:cdb"
    """The same of Postfix's type cdb, with `.cdb`."""
    SIEVE = "sievec"
    """A binary of the same name with `.svbin` (sievec(1))."""
    ZONE = "zone"
    """etc/localtime, a link to the zone that etc/timezone names."""


TABLES = {
    Compile.POSTMAP: ("lmdb", ".lmdb"),
    Compile.HASH: ("hash", ".db"),
    Compile.BTREE: ("btree", ".db"),
    Compile.CDB: ("cdb", ".cdb"),
}
"""What postmap(1) builds: the table's type, and the ending of the file that is read."""


class ProbeKind(StrEnum):
    """The protocol through which a running service is asked whether it serves."""

    SMTP = "smtp"
    """Greeting, EHLO, STARTTLS where `tls` is "starttls", QUIT."""
    IMAP = "imap"
    """Greeting, CAPABILITY, LOGOUT; `tls` is "", "starttls" or "implicit"."""
    LMTP = "lmtp"
    """Greeting and LHLO on a UNIX socket."""
    TCP = "tcp"
    """A connection is accepted (milter, sshd's banner)."""
    LISTENING = "listening"
    """Something listens on the port, as the kernel says: nobody is asked."""
    HTTP = "http"
    """GET `path` answers 200 (Rspamd: /ping)."""
    REDIS = "redis"
    """PING answers PONG."""
    POLICY = "policy"
    """A policy request gets an action (SMTPD_POLICY_README)."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One check of a running service on a port, or on a UNIX socket `path`.

    `kind` is a ProbeKind, or the word of a newer release that this agent does not know.
    """

    name: str
    kind: str
    port: int = 0
    path: str = ""
    tls: str = ""
    proxy: bool = False
    """Whether the port wants the PROXY protocol's header before anything else (postconf(5), haproxy)."""
    host: str = "127.0.0.1"
    """Where the node found the port to listen; no part of a manifest."""

    def row(self) -> dict[str, Any]:
        """The probe as a manifest has it."""
        return {
            "name": self.name,
            "kind": str(self.kind),
            "port": self.port,
            "path": self.path,
            "tls": self.tls,
            "proxy": self.proxy,
        }

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Probe:
        """The probe of a manifest's row. Raises KeyError, ValueError and TypeError for what is none."""
        return cls(
            row["name"],
            row["kind"],
            int(row.get("port", 0)),
            row.get("path", ""),
            row.get("tls", ""),
            bool(row.get("proxy")),
        )


class FilePart(NamedTuple):
    """A part of a large file (wire/parts.py): its bytes, and its blob id, which is no part of a manifest."""

    size: int
    id: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file that a release manages, as its manifest describes it.

    `services` are those that `action` applies to, `mode` the permission bits, `owner` "user:group". A file
    with a `slot` is filled from the node's certificate store by its `part`, "chain" or "key".
    """

    path: str
    services: tuple[str, ...]
    action: Action
    mode: int
    owner: str
    compile: Compile = Compile.NOTHING
    identity: str = ""
    """The digest of a certificate's chain; for other files the id of the blob, or of the folder of its parts,
    which is no part of a manifest."""
    slot: str = ""
    part: str = ""
    restart_on: tuple[str, ...] = ()
    """Parameters (`name = value` lines) whose changed value makes a reload a restart."""
    fill: bool = False
    """Whether words in it stand for what only the node knows."""
    parts: tuple[FilePart, ...] = ()
    """What a large file is kept in; none of one that is kept whole."""

    @property
    def blobs(self) -> dict[str, str]:
        """The blobs that it is read from, by their paths on `rendered`; none of a certificate."""
        if self.slot:
            return {}
        if not self.parts:
            return {self.path: self.identity}
        return {f"{self.path}/{part_name(number)}": part.id for number, part in enumerate(self.parts)}

    def row(self, service: str) -> dict[str, Any]:
        """The file as a manifest has it, without its path; `service` is the one that renders it."""
        row: dict[str, Any] = {
            "service": service,
            "action": str(self.action),
            "mode": f"{self.mode:04o}",
            "owner": self.owner,
        }
        if self.services != (service,):
            row["services"] = list(self.services)
        if self.slot:
            row["certificate"] = {"slot": self.slot, "part": self.part, "identity": self.identity}
        else:
            row["compile"] = str(self.compile)
        if self.restart_on:
            row["restart_on"] = list(self.restart_on)
        if self.fill:
            row["fill"] = True
        if self.parts:
            row["parts"] = [part.size for part in self.parts]
        return row

    @classmethod
    def read(cls, path: str, row: Mapping[str, Any]) -> Entry:
        """The file of a manifest's row. Raises KeyError, ValueError and TypeError for what is none."""
        mode = int(row["mode"], 8)
        if mode & ~0o777:
            raise ValueError(f"mode {row['mode']} is not allowed")
        certificate = row.get("certificate") or {}
        return cls(
            path,
            tuple(row.get("services") or [row["service"]]),
            Action(row["action"]),
            mode,
            row["owner"],
            Compile(row.get("compile", "")),
            str(certificate["identity"]) if certificate else "",
            certificate.get("slot", ""),
            certificate.get("part", ""),
            tuple(row.get("restart_on", ())),
            bool(row.get("fill")),
            tuple(FilePart(int(size)) for size in row.get("parts", ())),
        )
