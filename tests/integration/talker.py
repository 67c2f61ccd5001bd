"""Run in a container: clients of port 25, one for each address. `talker.py SERVER RECIPIENT WHEN ADDRESS…`

WHEN is `early` for clients that speak before they are greeted, else `polite`. All talk at the same time, each
from its own address, as far as the first refusal; printed is what each heard last, as JSON.
"""

import json
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TextIO

SERVER, RECIPIENT, WHEN, *ADDRESSES = sys.argv[1:]
HELLO = "EHLO mx.sender.test"
SECONDS = 60.0
"""An unknown client waits 6 s for the greeting, and a busy machine for itself."""


def talk(address: str) -> str:
    """The answer to the recipient, or the refusal that came before."""
    todo = [HELLO, "MAIL FROM:<a@sender.test>", f"RCPT TO:<{RECIPIENT}>"]
    with socket.create_connection((SERVER, 25), SECONDS, source_address=(address, 0)) as connection:
        stream = connection.makefile("rw", encoding="utf-8", newline="\r\n")
        if WHEN == "early":
            say(stream, todo.pop(0))
        heard = answer(stream)
        if WHEN == "early" and heard.startswith("220"):  # else the greeting stayed without its last line
            heard = answer(stream)
        while todo and heard.startswith("2"):
            say(stream, todo.pop(0))
            heard = answer(stream)
    return heard


def say(stream: TextIO, command: str) -> None:
    """One command."""
    stream.write(f"{command}\r\n")
    stream.flush()


def answer(stream: TextIO) -> str:
    """The last line of the next answer (RFC 5321 section 4.2.1); the end of the connection is one too."""
    return next((line.rstrip() for line in stream if line[3:4] != "-"), "closed")


with ThreadPoolExecutor(len(ADDRESSES)) as clients:
    print(json.dumps(dict(zip(ADDRESSES, clients.map(talk, ADDRESSES), strict=True))))
