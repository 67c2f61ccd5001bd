"""What Postfix does for the canary: take a message on port 25 and by submission, and know who is served.

A refusal of the server's own address need not concern anybody else: people list who may write to whom. So it
counts only where somebody who is served would be refused as well.
"""

from __future__ import annotations

import base64
import contextlib
import itertools
import re
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from email.utils import formatdate
from functools import partial
from pathlib import Path

from agent.canary.reach import reach
from agent.canary.steps import PASSED, Canary, Finding, Ground, Step, Verdict, failed, unclear
from agent.errors import AgentError, Unavailable
from agent.health.probes import Talk, conversation, greet_smtp
from services.postfix.listed import may_send_as_oneself, own_headers_are_refused, senders_are_refused
from services.postfix.other_domains import every_domain
from services.postfix.queue import Sweep, clean, explain
from services.postfix.refusals import (
    CLIENT,
    NO_ROOM,
    OWN_NAMES,
    TO_RECIPIENT,
    has_room,
    is_named,
    loopback_is_named,
)
from services.postfix.routes import Routes, ask_routes
from services.postfix.strangers import from_elsewhere, listed_are_served
from services.postfix.ways import delivery
from wire.canary import ADDRESS, DOMAIN
from wire.manifest import Probe

NAME = "postfix"
IN, SUBMISSION = "25", ("587", "465")
LITERAL = "[127.0.0.1]"
"""A name to greet with that needs no name server (RFC 5321, 4.1.3)."""
ALIASES = "etc/postfix/virtual"
NOOPS = 3
"""As many as no client sends: the log's filter knows our sessions by them (quiet.conf)."""
TROUBLE = re.compile(r"4\d\d 4\.(?:3\.[02-9]|7\.1 Service unavailable)")
"""Temporary refusals that are the server's own fault (RFC 3463: 4.3.z, mail system status)."""
FULL = re.compile(r"5\d\d 5\.2\.2")
"""RFC 3463: mailbox full."""
MOST = 5
"""Recipients who are asked about: from ten errors on smtpd(8) makes a client wait."""
QUEUED = re.compile(r"queued as (\w+)")
BUSY = re.compile(r"421 4\.7\.0 .*too many connections")
"""smtpd_client_connection_count_limit (postconf(5)): our sessions run side by side, and from one address."""
STALE = re.compile(r"535 5\.7\.8 .*Invalid authentication mechanism")
"""An smtpd(8) that knows Dovecot's mechanisms of before; if they are wrong now, log-ins by IMAP tell."""
SENDER = "Sender address rejected: Access denied"
RECIPIENT = (
    "smtpd_client_restrictions smtpd_helo_restrictions smtpd_sender_restrictions smtpd_recipient_restrictions"
    " smtpd_relay_restrictions virtual_mailbox_domains virtual_mailbox_maps mydestination"
)
MESSAGE = (
    "smtpd_data_restrictions smtpd_end_of_data_restrictions smtpd_milters milter_default_action header_checks"
    " body_checks content_filter message_size_limit queue_minfree smtpd_proxy_filter cleanup_service_name"
)
LOG_IN = (
    "submission submissions mua_sender_restrictions smtpd_sasl smtpd_tls smtpd_sender_login_maps auth passdb"
)
"""Parameters that decide about the steps."""
NOT_OWNED = "553"
"""reject_sender_login_mismatch (postconf(5)): whoever has tables of their own does not list us."""


def steps(ground: Ground) -> Iterator[Step]:
    """As far as the role of the server goes: without mailboxes nothing is sent."""
    probes = {probe.name: probe for probe in ground.probes.get(NAME, ())}
    port, submission = probes.get(IN), [probes[name] for name in SUBMISSION if name in probes]
    routes = ask_routes(ground)
    if port and ground.served:
        yield guarded("a recipient on port 25", partial(_recipient, probe=port), RECIPIENT)
    yield reach(NAME, ((IN,), SUBMISSION), "inet_interfaces")
    if not ground.address:
        return
    further = (from_elsewhere(ground, port) if port else None, every_domain(ground))
    yield from (step for step in further if step)
    if port:
        yield guarded("a message on port 25", partial(_incoming, probe=port, routes=routes), MESSAGE)
    for number, probe in enumerate(submission):
        way = None if number else routes
        yield guarded(f"log-in on port {probe.name}", partial(_submission, probe=probe, routes=way), LOG_IN)
    if found := delivery(routes):
        yield found


def guarded(name: str, run: Callable[[Ground], Finding], about: str = "") -> Step:
    """A step that is unclear where its session alone is one too many, or meets a process of before."""

    def take(ground: Ground) -> Finding:
        try:
            return run(ground)
        except Unavailable as refusal:
            if BUSY.match(str(refusal)) or STALE.match(str(refusal)):
                return unclear(str(refusal))
            raise

    return Step(name, take, about=about)


def forwarded(root: Path) -> Iterator[str]:
    """Every address that mail is forwarded for, the first one first."""
    with contextlib.suppress(OSError), (root / ALIASES).open(encoding="utf-8", errors="replace") as file:
        for line in file:
            if re.match(r"[^#\s@]+@\S+\s", line):
                yield line.split()[0]


def _recipient(ground: Ground, probe: Probe) -> Finding:
    with _session(ground, probe) as (talk, offers):
        found = judged(partial(_envelope, talk, ground.address, ground.served))
        others = ((ground.address, each) for each in some(ground)[1:])
        if found.verdict == Verdict.FAILED and _takes_any(talk, offers, others):
            return unclear(found.words)
    return _of_others(ground, probe, found)


def _incoming(ground: Ground, probe: Probe, routes: Routes) -> Finding:
    with _session(ground, probe) as (talk, offers):
        found = _write(ground, talk, offers, routes, [(ADDRESS, each) for each in some(ground)])
    return _of_others(ground, probe, found)


def _submission(ground: Ground, probe: Probe, routes: Routes | None) -> Finding:
    """Log in, and send a message where `routes` are given."""
    with _session(ground, probe) as (talk, offers):
        if not any(line[4:].upper().startswith(b"AUTH") for line in offers):
            return failed("it offers no log-in (AUTH)")
        _log_in(ground, talk)
        if routes is None:
            return PASSED
        people = some(ground)
        others = [(people[0], ADDRESS), *((ADDRESS, each) for each in people)] if people else []
        found = _write(ground, talk, offers, routes, others)
    return _of_others(ground, probe, found)


def _log_in(ground: Ground, talk: Talk) -> None:
    secret = base64.b64encode(f"\0{ground.address}\0{ground.password}".encode()).decode()
    talk.say(f"AUTH PLAIN {secret}")
    talk.code(b"235")


def _of_others(ground: Ground, probe: Probe, found: Finding) -> Finding:
    """What a refusal says of others: where it is of our own name, address or network alone, nothing."""
    if found.words.startswith(NO_ROOM) and has_room(ground):
        return failed(found.words)
    if found.verdict != Verdict.FAILED or not ground.served:
        return found
    if TO_RECIPIENT in found.words and is_named(ground, ground.served):
        return unclear(found.words)
    if CLIENT in found.words:
        listed = loopback_is_named(ground) or (probe.name == IN and listed_are_served(ground, probe))
        return unclear(found.words) if listed else found
    if not OWN_NAMES.search(found.words) or (SENDER in found.words and senders_are_refused(ground)):
        return found
    with _session(ground, probe, LITERAL) as (talk, _):
        if probe.name != IN:
            _log_in(ground, talk)
        sender = "" if probe.name == IN else ground.served
        other = judged(partial(_envelope, talk, sender, ground.served))
    return found if other.verdict == Verdict.FAILED else unclear(found.words)


@contextlib.contextmanager
def _session(ground: Ground, probe: Probe, name: str = DOMAIN) -> Iterator[tuple[Talk, list[bytes]]]:
    """A conversation after its greeting as `name`, and what was offered then. It is ended in order."""
    with conversation(probe, ground.root, ground.left()) as talk:
        yield talk, _greet(talk, probe, name)
        with contextlib.suppress(AgentError, OSError):
            talk.say("QUIT")
            talk.code(b"221")


def _greet(talk: Talk, probe: Probe, name: str) -> list[bytes]:
    offers = greet_smtp(talk, probe, name)
    _mark(talk, offers)
    for _ in range(NOOPS):
        talk.say("NOOP")
        talk.code(b"250")
    return offers


def _mark(talk: Talk, offers: Sequence[bytes]) -> None:
    """Have the log's filter know the next message as ours (XFORWARD_README)."""
    if any(line[4:].upper().startswith(b"XFORWARD") and b"NAME" in line for line in offers):
        talk.say(f"XFORWARD NAME={DOMAIN}")
        talk.code(b"250")


def _envelope(talk: Talk, sender: str, recipient: str) -> None:
    """Raises Unavailable with the reply that refuses it."""
    talk.say(f"MAIL FROM:<{sender}>")
    talk.code(b"250")
    talk.say(f"RCPT TO:<{recipient}>")
    talk.code(b"250")


def _write(
    ground: Ground,
    talk: Talk,
    offers: Sequence[bytes],
    routes: Routes,
    others: Sequence[tuple[str, str]],
) -> Finding:
    """Send a message to ourselves. `others` would be refused too if it did not concern us alone."""
    found = judged(partial(_envelope, talk, ADDRESS, ADDRESS))
    if found.verdict == Verdict.PASSED:
        return unclear(routes.leads_away) if routes.leads_away else _handed_in(ground, talk)
    if found.words.startswith(NOT_OWNED):
        own = not ground.served or may_send_as_oneself(ground, ground.served)
        return unclear(found.words) if own else found
    return unclear(found.words) if _takes_any(talk, offers, others) else found


def _takes_any(talk: Talk, offers: Sequence[bytes], pairs: Iterable[tuple[str, str]]) -> bool:
    """Whether an envelope of one of these senders and recipients is not refused for good. Raises nothing."""
    with contextlib.suppress(AgentError, OSError):
        for sender, recipient in pairs:
            talk.say("RSET")
            talk.code(b"250")
            _mark(talk, offers)
            if judged(partial(_envelope, talk, sender, recipient)).verdict != Verdict.FAILED:
                return True
    return False


def some(ground: Ground) -> list[str]:
    """Somebody who is served, and some others of the same domain: lists may name one and not the other."""
    domain = ground.served.rpartition("@")[2]
    return list(itertools.islice((each for each in ground.people() if each.endswith(f"@{domain}")), MOST))


def judged(ask: Callable[[], None]) -> Finding:
    """What a refusal means: later is no failure, unless the server is in trouble; nor is a full mailbox."""
    try:
        ask()
    except Unavailable as refusal:
        words = str(refusal)
        later = words.startswith("4") and not TROUBLE.match(words)
        return unclear(words) if later or FULL.match(words) else failed(words)
    return PASSED


def _handed_in(ground: Ground, talk: Talk) -> Finding:
    """A message, whose headers may be refused for what is in no other one."""
    found = judged(partial(_send, ground, talk))
    if found.verdict == Verdict.FAILED:
        headers = _message("", ground.served).decode().partition("\r\n\r\n")[0].split("\r\n")
        return unclear(found.words) if own_headers_are_refused(ground, headers) else found
    return found


def _send(ground: Ground, talk: Talk) -> None:
    """Raises Unavailable with the reply that refuses it."""
    word = uuid.uuid4().hex
    talk.say("DATA")
    talk.code(b"354")
    talk.send(_message(word, ground.served))
    talk.say(".")
    reply = talk.code(b"250")[-1].decode("utf-8", "replace")
    queued = QUEUED.search(reply)
    ground.sent[word] = queued[1] if queued else ""


def _message(word: str, whom: str) -> bytes:
    """A message that no filter has a reason to dislike and nobody answers (RFC 3834).

    It is as if for somebody who is served: a script may keep what is for people here alone.
    """
    lines = (
        f"Date: {formatdate(localtime=True)}",
        f"From: Mail server <{ADDRESS}>",
        f"To: {whom or ADDRESS}",
        "Subject: The mail server tries itself",
        f"Message-ID: <{word}@{DOMAIN}>",
        "Auto-Submitted: auto-generated",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=us-ascii",
        "",
        "This message was sent by the mail server to itself and is removed at once.",
        "",
    )
    return "\r\n".join(lines).encode()


CANARY = Canary(steps, Sweep(), people=forwarded, explain=explain, clean=clean)
