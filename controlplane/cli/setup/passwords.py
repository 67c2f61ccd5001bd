"""Prompts for passwords and hashes them, keeping them out of the list of processes."""

from __future__ import annotations

import subprocess
import sys

import click

from controlplane.errors import Unavailable, UsageError

DEADLINE = 10.0
"""Seconds that the hashing tool gets."""


def ask_password(given: str | None) -> str:
    """The password as given, else prompted for twice without echo, else one line of a piped stdin.

    Raises UsageError for an empty one, and for line breaks and NUL.
    """
    if given is not None:
        password = given
    elif sys.stdin.isatty():
        password = click.prompt(
            "Enter Password", hide_input=True, confirmation_prompt="Confirm Password", err=True
        )
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise UsageError.because("the password is empty", "give one as argument, on the terminal or on stdin")
    if "\n" in password or "\0" in password:
        raise UsageError.because("a password is one line of text", "leave out line breaks and NUL")
    return password


def hash_password(password: str) -> str:
    """`{SHA512-CRYPT}…` for a passwd-file (Dovecot's password schemes; crypt(5) `$6$`).

    openssl-passwd(1) reads the password on stdin. It cuts at 256 bytes, so longer ones raise UsageError.
    Raises Unavailable where openssl fails.
    """
    if len(password.encode()) > 256:  # the limit of openssl-passwd
        raise UsageError.because("the password is longer than 256 bytes", "choose a shorter one")
    try:
        done = subprocess.run(
            ["openssl", "passwd", "-6", "-stdin"],
            input=password.encode() + b"\n",
            capture_output=True,
            timeout=DEADLINE,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise Unavailable(f"openssl could not hash the password: {error}") from None
    return "{SHA512-CRYPT}" + done.stdout.decode().strip()
