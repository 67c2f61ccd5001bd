"""A server whose certificates lie on the host, and the programs that write them there."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.certificates import Authority, Pair
from tests.integration import clients
from tests.integration.handshakes import PORTS, address, leaf
from tests.integration.polling import poll
from tests.integration.server import Clone, Server

HOST, USER = "mail.example.com", "user@example.com"
MANUAL = {
    "SSL_TYPE": "manual",
    "SSL_CERT_PATH": "/tmp/dms/custom-certs/public.crt",
    "SSL_KEY_PATH": "/tmp/dms/custom-certs/private.key",
}
SECOND = {
    "SSL_ALT_CERT_PATH": "/tmp/dms/custom-certs/rsa.crt",
    "SSL_ALT_KEY_PATH": "/tmp/dms/custom-certs/rsa.key",
}


@dataclass
class Host:
    """The folders of the host that the guide's volumes are."""

    folder: Path

    def make(self) -> dict[str, str]:
        """Make what must be there before a container starts; folder or file to its place in the container."""
        for name in ("letsencrypt", "certs", "config"):
            (self.folder / name).mkdir()
        for name in ("acme.json", "letsencrypt/acme.json"):
            (self.folder / name).touch()
        return {
            str(self.folder / "letsencrypt"): "/etc/letsencrypt:rw",
            str(self.folder / "acme.json"): "/etc/letsencrypt/acme.json:ro",
            str(self.folder / "certs"): "/tmp/dms/custom-certs:ro",
            str(self.folder / "config"): "/tmp/docker-mailserver:rw",
        }

    def path(self, name: str) -> Path:
        """A file below one of the mounted folders."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


@dataclass
class Box(Host):
    """A server with the guide's volumes, an account, and an authority."""

    server: Server
    clone: Clone
    authority: Authority

    def set(self, **settings: str) -> None:
        """Push a mailserver.env of these settings."""
        lines = [f"{name}={value}\n" for name, value in {"ENABLE_POP3": "1", **settings}.items()]
        self.clone.back()
        self.clone.write("mailserver.env", "".join(lines))
        if not self.clone.git("status", "--porcelain"):
            return
        self.clone.commit("Set TLS")
        push = self.clone.push()
        assert push.accepted, push.said

    def wait_for(self, pair: Pair, ports: tuple[int, ...] = PORTS, deadline: float = 40.0) -> float:
        """Wait until each port serves the pair; how long that took in seconds."""
        host, begin = address(self.server), time.monotonic()
        for port in ports:
            left = deadline - (time.monotonic() - begin)
            poll(lambda p=port: leaf(host, p) == pair.fingerprint, f"{port} serves it", left, every=0.05)
        return time.monotonic() - begin

    def certificates(self) -> dict[str, list[dict[str, object]]]:
        """What `mailctl certificates --json` says."""
        answer: dict[str, list[dict[str, object]]] = json.loads(
            self.server.must("mailctl", "certificates", "--json")
        )
        return answer


def replace(path: Path, text: str) -> None:
    """As most programs renew: beside it, then renamed over it."""
    new = path.with_name(f".{path.name}.new")
    new.write_text(text)
    new.replace(path)


def by_certbot(host: Host, pair: Pair) -> None:
    """Numbered files in archive, links in live that are swapped."""
    live, archive = (host.path(f"letsencrypt/{name}/{HOST}/x").parent for name in ("live", "archive"))
    number = len(list(archive.glob("fullchain*"))) + 1
    for name, text in {"cert": pair.cert, "privkey": pair.key, "fullchain": pair.chain}.items():
        (archive / f"{name}{number}.pem").write_text(text)
        aside = live / f".{name}"
        aside.symlink_to(f"../../archive/{HOST}/{name}{number}.pem")
        aside.replace(live / f"{name}.pem")


def by_acme_companion(host: Host, pair: Pair) -> None:
    """A wildcard in the folder of the domain, its key under the other name, rewritten in place."""
    host.path("letsencrypt/live/example.com/key.pem").write_text(pair.key)
    host.path("letsencrypt/live/example.com/fullchain.pem").write_text(pair.chain)


def by_certbot_again(host: Host, pair: Pair) -> None:
    """What certbot makes where a certificate of the name exists already and the names differ."""
    folder = host.path(f"letsencrypt/live/{HOST}-0001/x").parent
    replace(folder / "fullchain.pem", pair.chain)
    replace(folder / "privkey.pem", pair.key)


def by_caddy(host: Host, pair: Pair) -> None:
    """A folder for each name, with files of that name."""
    replace(host.path(f"letsencrypt/live/{HOST}/{HOST}.key"), pair.key)
    replace(host.path(f"letsencrypt/live/{HOST}/{HOST}.crt"), pair.chain)


def by_lego(host: Host, pair: Pair) -> None:
    """Files named by the name, all in one folder; a wildcard begins with an underscore."""
    replace(host.path("letsencrypt/live/_.example.com.key"), pair.key)
    replace(host.path("letsencrypt/live/_.example.com.crt"), pair.chain)


def by_traefik(host: Host, pair: Pair) -> None:
    """The store of version 2, mounted by itself, rewritten in place."""
    rows = [{"domain": {"main": "whoami.example.com"}, "certificate": "", "key": ""}]
    rows.append(traefik_row(pair, "*.example.com", "example.com"))
    content = {"letsencrypt": {"Account": {"Email": "admin@example.com"}, "Certificates": rows}}
    host.path("acme.json").write_text(json.dumps(content, indent=2))


def traefik_row(pair: Pair, main: str, *others: str) -> dict[str, Any]:
    """A certificate as Traefik keeps it."""
    return {
        "domain": {"main": main, "sans": list(others)},
        "certificate": base64.b64encode(pair.chain.encode()).decode(),
        "key": base64.b64encode(pair.key.encode()).decode(),
    }


def by_hand(host: Host, pair: Pair) -> None:
    """Two files of any name, replaced one by one."""
    replace(host.path("certs/public.crt"), pair.chain)
    replace(host.path("certs/private.key"), pair.key)


def by_kubernetes(host: Host, pair: Pair) -> None:
    """A secret: a link to a folder is swapped, the files are links through it."""
    top = host.path("certs/rsa/x").parent
    data = top / f"..{pair.fingerprint[:8]}"
    data.mkdir()
    (data / "tls.crt").write_text(pair.chain)
    (data / "tls.key").write_text(pair.key)
    (top / "..data.new").symlink_to(data.name)
    (top / "..data.new").replace(top / "..data")
    for name in ("tls.crt", "tls.key"):
        if not (top / name).is_symlink():
            (top / name).symlink_to(f"..data/{name}")


def in_one_file(host: Host, pair: Pair) -> None:
    """Key and chain together, where the config volume keeps them."""
    replace(host.path(f"config/ssl/{HOST}-full.pem"), pair.key + pair.chain)


def self_signed(host: Host, pair: Pair) -> None:
    """The three files of the guide."""
    host.path("config/ssl/demoCA/cacert.pem").write_text(pair.ca)
    host.path(f"config/ssl/{HOST}-key.pem").write_text(pair.key)
    host.path(f"config/ssl/{HOST}-cert.pem").write_text(pair.cert)


Provision = Callable[[Host, Pair], None]
TYPES: dict[str, tuple[dict[str, str], Provision, str, str]] = {
    "certbot": ({"SSL_TYPE": "letsencrypt"}, by_certbot, HOST, "ec"),
    "acme-companion": (
        {"SSL_TYPE": "letsencrypt", "SSL_DOMAIN": "*.example.com"}, by_acme_companion, "*.example.com", "rsa",
    ),
    "certbot -0001": ({"SSL_TYPE": "letsencrypt"}, by_certbot_again, HOST, "ec"),
    "caddy": ({"SSL_TYPE": "letsencrypt"}, by_caddy, HOST, "rsa"),
    "lego": ({"SSL_TYPE": "letsencrypt", "SSL_DOMAIN": "example.com"}, by_lego, "*.example.com", "ec"),
    "traefik": ({"SSL_TYPE": "letsencrypt", "SSL_DOMAIN": "example.com"}, by_traefik, "*.example.com", "ec"),
    "manual": (MANUAL, by_hand, HOST, "rsa"),
    "kubernetes": (
        {
            "SSL_TYPE": "manual",
            "SSL_CERT_PATH": "/tmp/dms/custom-certs/rsa/tls.crt",
            "SSL_KEY_PATH": "/tmp/dms/custom-certs/rsa/tls.key",
        },
        by_kubernetes, HOST, "rsa",
    ),
    "custom": ({"SSL_TYPE": "custom"}, in_one_file, HOST, "ec"),
    "self-signed": ({"SSL_TYPE": "self-signed"}, self_signed, HOST, "rsa"),
}  # fmt: skip


class Held:
    """Sessions that were opened before something is done: one that idles, one that works, two that send."""

    def __init__(self, box: Box, stack: ExitStack) -> None:
        self._idle = stack.enter_context(box.server.imap(USER))
        self._imap = stack.enter_context(box.server.imap(USER))
        self._smtp = stack.enter_context(box.server.smtp(tls=True))
        self._submission = stack.enter_context(box.server.submission(USER))
        self._idle.select("INBOX")
        self._idle.send(b"idle1 IDLE\r\n")
        assert self._idle.readline().startswith(b"+ ")

    def must_live(self) -> list[str]:
        """Use each of them; the subjects of what was sent."""
        assert self._imap.noop()[0] == "OK"
        subjects = []
        for session, sender in ((self._smtp, "someone@sender.test"), (self._submission, USER)):
            made = clients.message(sender, USER)
            session.send_message(made, sender, [USER])
            subjects.append(str(made["Subject"]))
        self._idle.send(b"DONE\r\n")
        while not (line := self._idle.readline()).startswith(b"idle1 "):
            assert line.startswith(b"* "), line
        assert line.startswith(b"idle1 OK")
        return subjects
