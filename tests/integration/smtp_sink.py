"""A mail server that keeps nothing and tells everything: other people's relays and mail exchangers in tests.

Runs with a bare Python in a container: `python3 smtp_sink.py PORT…`. Each port greets, offers STARTTLS and,
once encrypted, AUTH PLAIN; every message that it takes is one line of JSON on stdout. RFC 5321, 3207, 4954.
"""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
import subprocess
import sys
from contextlib import suppress
from typing import Any


def certificate() -> ssl.SSLContext:
    """TLS with a certificate made on the spot."""
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=sink.test"
    files = ("-keyout", "/tmp/key.pem", "-out", "/tmp/cert.pem")
    subprocess.run([*command.split(), *files], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("/tmp/cert.pem", "/tmp/key.pem")
    return context


class Session:
    """One connection."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, tls: ssl.SSLContext
    ) -> None:
        self.reader, self.writer, self.context = reader, writer, tls
        self.port = writer.get_extra_info("sockname")[1]
        self.seen: dict[str, Any] = {"port": self.port, "peer": writer.get_extra_info("peername")[0]}
        self.seen |= {"tls": False, "login": "", "sender": "", "recipients": []}

    async def say(self, *lines: str) -> None:
        """A reply of one or more lines; the last word of the code's lines is the last line."""
        code = lines[0][:3]
        rows = [f"{code}{'-' if n < len(lines) - 1 else ' '}{line[4:]}" for n, line in enumerate(lines)]
        self.writer.write("".join(f"{row}\r\n" for row in rows).encode())
        await self.writer.drain()

    async def run(self) -> None:
        """Serve until the client leaves."""
        await self.say("220 sink.test ESMTP")
        while line := (await self.reader.readline()).decode("utf-8", "replace").strip():
            verb, _, rest = line.partition(" ")
            if verb.upper() == "QUIT":
                await self.say("221 bye")
                return
            await self.answer(verb.upper(), rest)

    async def answer(self, verb: str, rest: str) -> None:
        """One command."""
        if verb == "EHLO":
            self.seen["helo"] = rest
            offer = ["250 AUTH PLAIN"] if self.seen["tls"] else ["250 STARTTLS"]
            await self.say("250 sink.test", "250 SIZE 50000000", *offer)
        elif verb == "STARTTLS":
            await self.say("220 go ahead")
            await self.writer.start_tls(self.context)
            self.seen["tls"] = True
        elif verb == "AUTH":
            self.seen["login"] = base64.b64decode(rest.split()[-1]).decode().strip("\0").replace("\0", ":")
            await self.say("235 welcome")
        elif verb == "MAIL":
            self.seen["sender"], self.seen["recipients"] = _path(rest), []
            await self.say("250 ok")
        elif verb == "RCPT":
            self.seen["recipients"].append(_path(rest))
            await self.say("250 ok")
        elif verb == "DATA":
            await self.take()
        else:
            await self.say("250 ok")

    async def take(self) -> None:
        """The message itself."""
        await self.say("354 go on")
        rows = []
        while (row := await self.reader.readline()) not in (b".\r\n", b""):
            rows.append(row.decode("utf-8", "replace"))
        print(json.dumps({**self.seen, "text": "".join(rows)}), flush=True)
        await self.say("250 taken")


def _path(rest: str) -> str:
    return rest.partition("<")[2].partition(">")[0]


async def main(ports: list[int]) -> None:
    """Serve until killed."""
    tls = certificate()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, ssl.SSLError):
            await Session(reader, writer, tls).run()
        writer.close()

    servers = [await asyncio.start_server(serve, None, port) for port in ports]
    print("answering", flush=True)
    await asyncio.gather(*(server.serve_forever() for server in servers))


if __name__ == "__main__":
    asyncio.run(main([int(port) for port in sys.argv[1:]]))
