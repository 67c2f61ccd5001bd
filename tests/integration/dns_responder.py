"""A name server for the tests' network: a small zone, and a quick NXDOMAIN for everything else.

Runs in a container: `dns_responder.py [ADDRESS [NAME=ADDRESS…]]`. ADDRESS is what the names of the zone
resolve to, by default the container's gateway; the others are hosts beside it. Answers over UDP and TCP on
port 53.
"""

from __future__ import annotations

import socket
import sys
from ipaddress import IPv4Address
from pathlib import Path

from dnslib import RCODE, RR, DNSRecord
from dnslib.server import BaseResolver, DNSLogger, DNSServer

ZONE = """\
$TTL 60
example.test.       A   {address}
example.test.       MX  10 example.test.
example.test.       TXT "v=spf1 mx -all"
mail.example.test.  A   {address}
sender.test.        A   {address}
sender.test.        MX  10 mx.sender.test.
sender.test.        TXT "v=spf1 mx -all"
mx.sender.test.     A   {address}
second.test.        A   {address}
second.test.        MX  10 second.test.
second.test.        TXT "v=spf1 mx -all"
new.test.           A   {address}
new.test.           MX  10 new.test.
new.test.           TXT "v=spf1 mx -all"
{pointer}.          PTR mx.sender.test.
"""
"""A zone file (RFC 1035 section 5)."""


class Authority(BaseResolver):
    """Knows a zone, and that there is nothing else in the world."""

    def __init__(self, zone: str) -> None:
        self.records = RR.fromZone(zone)
        self.names = {record.rname for record in self.records}

    def resolve(self, request: DNSRecord, handler: object) -> DNSRecord:  # noqa: ARG002  # as the library calls it
        """The records of a name; NXDOMAIN where it has none of any type (RFC 2308 section 2)."""
        asked = request.q
        reply = request.reply()
        if asked.qname not in self.names:
            reply.header.rcode = RCODE.NXDOMAIN
        reply.add_answer(
            *(one for one in self.records if (one.rname, one.rtype) == (asked.qname, asked.qtype))
        )
        return reply


def zone(address: str, hosts: list[str]) -> str:
    """The zone file for names at this address, and for hosts given as NAME=ADDRESS.

    Raises ValueError for what is no address.
    """
    pointer = IPv4Address(address).reverse_pointer
    pairs = (host.split("=") for host in hosts)
    return ZONE.format(address=address, pointer=pointer) + "".join(
        f"{name}. A {IPv4Address(there)}\n" for name, there in pairs
    )


def gateway() -> str:
    """Where the default route leads (proc(5), net/route): clients of published ports seem to be there."""
    rows = [line.split() for line in Path("/proc/net/route").read_text().splitlines()[1:]]
    return next(socket.inet_ntoa(bytes.fromhex(row[2])[::-1]) for row in rows if row[1] == "00000000")


def main() -> None:
    """Serve until killed."""
    address, *hosts = sys.argv[1:] or [gateway()]
    authority, errors_only = Authority(zone(address, hosts)), DNSLogger("error")
    DNSServer(authority, tcp=True, logger=errors_only).start_thread()
    over_udp = DNSServer(authority, logger=errors_only)
    print("answering", flush=True)
    over_udp.start()


if __name__ == "__main__":
    main()
