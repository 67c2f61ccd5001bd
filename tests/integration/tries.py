"""Run in a server's container: tries to get in, as people and other servers do. `tries.py RECIPIENT`

A line of stdin is a try, `[number, way, user, password]`, a line of stdout what came of it, `[number,
verdict, began]` in seconds of the machine's clock. A wrong password is answered seconds late
(auth_failure_delay), and the next one from its address later still: so all tries run side by side, each from
a loopback address of its own. Who knocks at port 25 has one address, as an unknown one waits there.
"""

import asyncio
import base64
import itertools
import json
import ssl
import sys
import time
from collections.abc import Awaitable, Callable

RECIPIENT = sys.argv[1]
"""Who gets what people send."""
SECONDS = 30.0
IN, OUT, AWAY = "in", "out", "away"
KNOCKS_FROM = "127.0.0.1"
ANYBODY = ssl.create_default_context()
ANYBODY.check_hostname = False
ANYBODY.verify_mode = ssl.CERT_NONE


class Talk:
    """One connection, by lines."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def hear(self) -> str:
        """The next line. Raises ConnectionError at the end."""
        line = await self.reader.readline()
        if not line:
            raise ConnectionError("closed")
        return line.decode().rstrip()

    async def smtp(self, command: str = "") -> str:
        """The last line of the answer to a command, or of the greeting (RFC 5321 section 4.2.1)."""
        if command:
            self.say(command)
        while (line := await self.hear())[3:4] == "-":
            pass
        return line

    def say(self, command: str) -> None:
        """One command."""
        self.writer.write(f"{command}\r\n".encode())


async def imap(talk: Talk, user: str, password: str) -> str:
    """LOGIN (RFC 9051 section 6.2.3)."""
    await talk.hear()
    talk.say(f'a LOGIN "{user}" "{password}"')
    while not (line := await talk.hear()).startswith("a "):
        pass
    return IN if line.startswith("a OK") else OUT if "[AUTHENTICATIONFAILED]" in line else AWAY


async def pop3(talk: Talk, user: str, password: str) -> str:
    """USER and PASS (RFC 1939 section 7)."""
    await talk.hear()
    talk.say(f"USER {user}")
    await talk.hear()
    talk.say(f"PASS {password}")
    line = await talk.hear()
    return IN if line.startswith("+OK") else OUT if "[AUTH]" in line else AWAY


async def submission(talk: Talk, user: str, password: str) -> str:
    """AUTH PLAIN behind STARTTLS (RFC 4954)."""
    await talk.smtp()
    await talk.smtp("EHLO laptop.test")
    await talk.smtp("STARTTLS")
    await talk.writer.start_tls(ANYBODY)
    await talk.smtp("EHLO laptop.test")
    token = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
    return _verdict(await talk.smtp(f"AUTH PLAIN {token}"))


async def send(talk: Talk, user: str, password: str) -> str:
    """Log in and name oneself as the sender of a message."""
    verdict = await submission(talk, user, password)
    if verdict != IN:
        return verdict
    await talk.smtp(f"MAIL FROM:<{user}>")
    return _verdict(await talk.smtp(f"RCPT TO:<{RECIPIENT}>"))


async def receive(talk: Talk, user: str, _: str) -> str:
    """Another server brings a message for the user."""
    await talk.smtp()
    await talk.smtp("EHLO mx.sender.test")
    await talk.smtp("MAIL FROM:<>")
    return _verdict(await talk.smtp(f"RCPT TO:<{user}>"))


def _verdict(answer: str) -> str:
    return {"2": IN, "5": OUT}.get(answer[:1], AWAY)


WAYS: dict[str, tuple[int, Callable[[Talk, str, str], Awaitable[str]]]] = {
    "imap": (143, imap),
    "pop3": (110, pop3),
    "submission": (587, submission),
    "send": (587, send),
    "receive": (25, receive),
}
ADDRESSES = (f"127.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}" for n in itertools.count(0x010001))


async def attempt(number: int, way: str, user: str, password: str) -> None:
    """One try, and its line."""
    port, talks = WAYS[way]
    address = KNOCKS_FROM if way == "receive" else next(ADDRESSES)
    began = time.time()
    try:
        async with asyncio.timeout(SECONDS):
            # Where both ends have the same address Dovecot needs no TLS.
            reader, writer = await asyncio.open_connection(address, port, local_addr=(address, 0))
            try:
                verdict = await talks(Talk(reader, writer), user, password)
            finally:
                writer.close()
    except (OSError, TimeoutError):
        verdict = AWAY
    print(json.dumps([number, verdict, began]), flush=True)


async def main() -> None:
    """All tries, until stdin ends."""
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    running = set()
    while line := await lines.readline():
        task = asyncio.create_task(attempt(*json.loads(line)))
        running.add(task)
        task.add_done_callback(running.discard)
    await asyncio.gather(*running)


asyncio.run(main())
