"""postfix-master.cf: services in master(5)'s own form beside options in the form of `postconf -P`."""

from __future__ import annotations

import pytest

from renderers.postfix.check import complaints
from renderers.postfix.master_file import MASTER, Option, merge_master, own_options
from renderers.service import Origin
from tests.renderers.states import state

BASE = "# x\nsmtp inet n - n - 1 postscreen\n  -o a=1\n# of the queue\nqmgr unix n - n 300 1 qmgr\n  -o b=2\n"
FILTER = "policy  unix  -  n  n  -  0  spawn\n  user=nobody argv=/usr/bin/policy\n"


def _told(text: str) -> list[tuple[int, str, str]]:
    found = list(complaints(state(overrides={"postfix-master.cf": text.encode()})))
    assert {problem.path for problem in found} <= {MASTER}
    return [(problem.line, problem.message, problem.cure) for problem in found]


@pytest.mark.shows("postfix-master.cf", "postfix")
def test_a_new_service_is_added_as_it_was_written() -> None:
    """Each of its lines leads back to where it was written, and options in the other form."""
    text, origins = merge_master(BASE, f"# mine\n{FILTER}\npolicy/unix/syslog_name=x\n")
    fields, words = FILTER.replace("  ", " ").splitlines()
    assert text == f"{BASE}{fields}\n  -o syslog_name=x\n  user=nobody argv=/usr/bin/policy\n"
    assert words.strip() in text
    assert origins == tuple(
        origin
        for line, written in ((7, 2), (8, 5), (9, 3))
        for origin in (Origin(line, MASTER, written), Origin(line + 1, ""))
    )


def test_options_stand_before_the_words_of_a_program() -> None:
    """Behind `argv=` they would be given to the program (pipe(8))."""
    text, _ = merge_master("", "x unix - n n - - pipe user=a argv=/b ${c}\nx/unix/d = e f\n")
    assert text == "x unix - n n - - pipe\n  -o { d = e f }\n  user=a argv=/b ${c}\n"


def test_a_service_that_is_there_is_replaced() -> None:
    """Ours goes with its options, where it stands; the others stay."""
    text, _ = merge_master(BASE, "smtp inet n - n - - smtpd\n    -o c=3\nsmtp/inet/d=4\n")
    assert text == BASE.replace("1 postscreen\n  -o a=1\n", "- smtpd\n    -o c=3\n  -o d=4\n")


def test_options_in_both_forms_are_known() -> None:
    """What a service is given is asked for by name; the form of postconf goes before."""
    text = "x unix - - n - - smtp -v\n -o a=1 -o { b = 2 3 }\n # note\n\n -oc=4\nx/unix/a = 5\n"
    assert own_options(BASE, text) == {
        "x/unix": {
            "a": Option("x/unix", "a", "5", 6),
            "b": Option("x/unix", "b", "2 3", 2),
            "c": Option("x/unix", "c", "4", 5),
        }
    }


@pytest.mark.parametrize(
    "text",
    [
        FILTER,
        "submission inet n - y - - smtpd -o smtpd_tls_security_level=encrypt\n  -o syslog_name=x\n",
        "submissions inet n - n - - smtpd\n",
        "10587 inet n - n - - smtpd\n  -o { smtpd_client_restrictions = permit_mynetworks, reject }\n",
        "[::1]:2525 inet n - n - - smtpd\n127.0.0.1:2526\tinet\tn\t-\tn\t-\t-\tsmtpd\n",
        ":2527 inet n - n - - smtpd\n",
        "maildrop unix - n n - - pipe\n  flags=DRXhu user=vmail argv=/usr/bin/maildrop -d ${recipient}\n",
        "scan unix - - n - 10 smtp\n  -o max_use=20\n# a note\n\n  -o disable_dns_lookups=yes\n",
        "slow unix - - n - 1 smtp -v\nslow/unix/syslog_name=postfix/slow\n",
        "tlsmgr unix - - n 1000? 1 tlsmgr\n",
        "cyrus unix - n n - - pipe\r\n  user=cyrus argv=/usr/lib/cyrus/deliver ${user}\r\n",
        "smtp/inet/syslog_name=x\n  smtp/inet/smtpd_banner = a b\n",
    ],
)
def test_what_master_takes_is_taken(text: str) -> None:
    """Ports with and without an address, programs, notes between lines, more than one option on a line."""
    assert _told(text) == []


@pytest.mark.parametrize(
    ("text", "line", "told", "cure"),
    [
        (
            "x unix - - n - smtp\n",
            1,
            "x/unix has 7 of the eight fields",
            "`service type private unpriv chroot",
        ),
        ("# x\nx tcp n - n - - smtpd\n", 2, "tcp is not a type of service", "inet, unix"),
        ("x unix yes - n - - smtp\n", 1, "private is yes", "write y, n or -"),
        ("x unix - - no - - smtp\n", 1, "chroot is no", "write y, n or -"),
        ("2525 inet - - n - - smtpd\n", 1, "cannot be private", "write n"),
        ("x unix - - n 5m - smtp\n", 1, "wakeup is 5m", "seconds"),
        ("x unix - - n - many smtp\n", 1, "maxproc is many", "how many"),
        ("70000 inet n - n - - smtpd\n", 1, "70000 is not a port", "65535"),
        ("devices inet n - n - - smtpd\n", 1, "devices is not a port", "a number from 1 to 65535"),
        (
            "25 inet n - n - - smtpd\n",
            1,
            "25/inet listens where smtp/inet does, on port 25",
            "write smtp inet",
        ),
        ("0.0.0.0:smtp inet n - n - - smtpd\n", 1, "where smtp/inet does, on port 25", "take another port"),
        ("587 inet n - n - - smtpd\n", 1, "where submission/inet does", "write submission inet"),
        ("2525 inet n - n - - smtpd\n0.0.0.0:2525 inet n - n - - smtpd\n", 2, "on port 2525", "2525 inet"),
        (
            "pickup fifo n - - 60 1 pickup\n",
            1,
            "pickup/fifo listens at the same socket as pickup/unix",
            "write pickup unix to replace that service, or take another name",
        ),
        ("smtpd unix - - n - - smtpd\n", 1, "at the same socket as smtpd/pass", "write smtpd pass"),
        ("x unix - - n - - smtp\nx fifo n - n - - pickup\n", 2, "same socket as x/unix", "another name"),
        ("a:b:c inet n - n - - smtpd\n", 1, "a:b:c is not a port", "ADDRESS:PORT"),
        ("x unix - - n - - stmp\n", 1, "stmp is not one of Postfix's programs", "write smtp"),
        ("x unix - - n - - /usr/bin/x\n", 1, "/usr/bin/x is not one", "pipe and spawn"),
        (
            "x unix - - n - - smtp\n  -o a=1\n  -o b\n",
            3,
            "'-o b' gives no parameter a value",
            "-o parameter=value",
        ),
        (
            "x unix - - n - - smtp\n  -o a = 1\n",
            2,
            "'-o a' gives no parameter a value",
            "-o { parameter = value }",
        ),
        ("x unix - - n - - smtp\n  -o\n", 2, "'-o' gives no parameter a value", "-o parameter=value"),
        ("x unix - - n - - smtp\n  a=1\n", 2, "'a=1' is not an option", "-o parameter=value"),
        ("x unix - - n - - smtp\n-o a=1\n", 2, "'-o a=1' belongs to no service", "behind white space"),
        ("x unix - n n - - pipe\n  user=nobody\n", 1, "pipe needs argv= (pipe(8))", "argv=/path"),
        ("x unix - n n - - spawn argv=/bin/x\n", 1, "spawn needs user= (spawn(8))", "user=nobody"),
        ("x unix - n n - - pipe\n argv=/x\n  user=root\n", 3, "pipe never runs as root", "user=nobody"),
        (
            "x unix - - n - - smtp\nx unix - - n - 1 smtp\n",
            2,
            "there is x/unix already, on line 1",
            "keep one",
        ),
        ("x unix - - n - - smtp\ny/unix/a=1\n", 2, "there is no service y/unix", "eight fields"),
        ("x unix - - n - - smtpd\n  -o smtpd_relay_restrictions=prmit\n", 2, "prmit", "postconf(5)"),
        ("x unix - - n - - smtp\n  -o a=\x07\n", 2, "control character", "plain text"),
    ],
)
def test_each_mistake_is_told_with_its_line(text: str, line: int, told: str, cure: str) -> None:
    """What master(8) or the program would end with, before it does."""
    ((number, message, remedy),) = _told(text)
    assert number == line
    assert told in message
    assert cure in remedy
