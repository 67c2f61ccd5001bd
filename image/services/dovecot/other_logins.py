"""Log-in by POP3 and for Sieve scripts, where people may use these, and from elsewhere at all."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from functools import partial

from agent.canary.steps import PASSED, Finding, Ground, Step, failed, without_remarks
from agent.errors import Unavailable
from agent.health.probes import Talk, conversation
from wire.manifest import Probe, ProbeKind

NAME = "dovecot"
POP3, SIEVE = ("110", "995"), ("4190",)
ENCRYPTED = ("995",)


CLEAR = ("doveconf", "-h", "ssl", "disable_plaintext_auth", "login_trusted_networks")
DEADLINE = 2.0


def other_logins(ground: Ground) -> Iterator[Step]:
    """A step for each of them. Behind a proxy that is not trusted nobody is asked."""
    yield Step("log-ins from elsewhere", _from_elsewhere, about="ssl disable_plaintext_auth")
    probes = [each for each in ground.probes.get(NAME, ()) if each.kind == ProbeKind.TCP]
    for name, ports, log_in in (("POP3", POP3, _pop3), ("ManageSieve", SIEVE, _sieve)):
        probe = next((each for each in probes if each.name in ports), None)
        if probe:
            yield Step(
                f"log-in by {name}",
                partial(_run, probe=probe, log_in=log_in),
                about="service protocol",
            )


def _from_elsewhere(ground: Ground) -> Finding:
    """Without TLS Dovecot takes passwords from loopback alone, where the other steps come from."""
    ran = ground.runner(CLEAR, DEADLINE)
    values = without_remarks(ran.output, "doveconf").splitlines()
    if not ran.code and values[:2] == ["no", "yes"] and not "".join(values[2:]).strip():
        return failed("ssl = no, and disable_plaintext_auth = yes: no password is taken from elsewhere")
    return PASSED


def _run(ground: Ground, probe: Probe, log_in: Callable[[Talk, str, str], None]) -> Finding:
    with conversation(probe, ground.root, ground.left()) as talk:
        if probe.name in ENCRYPTED:
            talk.encrypt()
        log_in(talk, ground.address, ground.password)
    return PASSED


def _pop3(talk: Talk, address: str, password: str) -> None:
    """RFC 1939, section 7; the connection comes from loopback, which Dovecot takes for a safe one."""
    for words in ("", f"USER {address}", f"PASS {password}", "STAT", "QUIT"):
        if words:
            talk.say(words)
        answer = talk.line()
        if not answer.startswith(b"+OK"):
            raise Unavailable(answer.decode("utf-8", "replace"))


def _sieve(talk: Talk, address: str, password: str) -> None:
    """RFC 5804, section 2.1."""
    secret = base64.b64encode(f"\0{address}\0{password}".encode()).decode()
    for words in ("", f'AUTHENTICATE "PLAIN" "{secret}"', "LISTSCRIPTS", "LOGOUT"):
        if words:
            talk.say(words)
        answer = talk.line()
        while not answer.upper().startswith((b"OK", b"NO", b"BYE")):
            answer = talk.line()
        if not answer.upper().startswith(b"OK"):
            raise Unavailable(answer.decode("utf-8", "replace"))
