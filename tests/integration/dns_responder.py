"""A name server for the tests' network: a small zone, and a quick NXDOMAIN for everything else.

Runs with a bare Python in a container: `python3 dns_responder.py [ADDRESS [NAME=ADDRESS…]]`. ADDRESS is what
the names of the zone resolve to, by default the container's gateway; the others are hosts beside it.
RFC 1035; answers over UDP and TCP on port 53.
"""

from __future__ import annotations

import socket
import socketserver
import struct
import sys

ZONE = ("example.test", "mail.example.test", "sender.test", "mx.sender.test", "second.test", "new.test")
A, NS, SOA, PTR, MX, TXT, AAAA = 1, 2, 6, 12, 15, 16, 28
NXDOMAIN = 3
TTL = 60
HOSTS: dict[str, str] = {}
"""Names outside the zone, with nothing but an address."""


def labels(name: str) -> bytes:
    """A name in wire form."""
    return b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"


def question(query: bytes) -> tuple[str, int, int]:
    """The first question's name and type, and where it ends."""
    parts, at = [], 12
    while query[at]:
        parts.append(query[at + 1 : at + 1 + query[at]].decode("ascii", "replace"))
        at += 1 + query[at]
    (kind,) = struct.unpack_from(">H", query, at + 1)
    return ".".join(parts).lower(), kind, at + 5


def reverse(address: str) -> str:
    """The name that an address is looked up by."""
    return ".".join(reversed(address.split("."))) + ".in-addr.arpa"


def record(name: str, kind: int, address: str) -> bytes | None:
    """The data of a record, None where the name has none of that type."""
    if kind == PTR and name == reverse(address):
        return labels("mx.sender.test")
    if name in HOSTS:
        return bytes(int(part) for part in HOSTS[name].split(".")) if kind == A else None
    if name not in ZONE:
        return None
    if kind == A:
        return bytes(int(part) for part in address.split("."))
    if kind == MX and name.count(".") == 1:
        return struct.pack(">H", 10) + labels(f"mx.{name}" if f"mx.{name}" in ZONE else name)
    if kind == TXT and name.count(".") == 1:
        text = b"v=spf1 mx -all"
        return bytes([len(text)]) + text
    return None


def answer(query: bytes, address: str) -> bytes:
    """The answer to a query, authoritative for everything."""
    name, kind, end = question(query)
    data = record(name, kind, address)
    known = name in ZONE or name in HOSTS or name == reverse(address)
    flags = 0x8580 | (0 if known else NXDOMAIN)
    head = query[:2] + struct.pack(">HHHHH", flags, 1, 1 if data else 0, 0, 0)
    body = query[12:end]
    if data:
        body += b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, TTL, len(data)) + data
    return head + body


class OverUdp(socketserver.BaseRequestHandler):
    """A query in a datagram."""

    def handle(self) -> None:
        query, sock = self.request
        sock.sendto(answer(query, self.server.address), self.client_address)  # type: ignore[attr-defined]


class OverTcp(socketserver.BaseRequestHandler):
    """A query behind its length."""

    def handle(self) -> None:
        size = self.request.recv(2)
        if len(size) == 2:
            reply = answer(self.request.recv(struct.unpack(">H", size)[0]), self.server.address)  # type: ignore[attr-defined]
            self.request.sendall(struct.pack(">H", len(reply)) + reply)


class UdpServer(socketserver.ThreadingUDPServer):
    """UDP, with the address that names resolve to."""

    address = ""
    daemon_threads = True


class TcpServer(socketserver.ThreadingTCPServer):
    """TCP, with the address that names resolve to."""

    address = ""
    daemon_threads = True
    allow_reuse_address = True


def gateway() -> str:
    """Where the default route leads (proc(5), net/route): clients of published ports seem to be there."""
    with open("/proc/net/route") as routes:  # noqa: PTH123  # runs where only this file is
        rows = [line.split() for line in routes][1:]
    return next(socket.inet_ntoa(bytes.fromhex(row[2])[::-1]) for row in rows if row[1] == "00000000")


def main() -> None:
    """Serve until killed; an address that is none ends it here, not each answer later."""
    import threading

    address = sys.argv[1] if len(sys.argv) > 1 else gateway()
    UdpServer.address = TcpServer.address = socket.inet_ntoa(socket.inet_aton(address))
    HOSTS.update(word.split("=") for word in sys.argv[2:])
    tcp = TcpServer(("0.0.0.0", 53), OverTcp)  # noqa: S104  # a container of its own
    threading.Thread(target=tcp.serve_forever, daemon=True).start()
    print("answering", flush=True)
    UdpServer(("0.0.0.0", 53), OverUdp).serve_forever()  # noqa: S104  # same


if __name__ == "__main__":
    main()
