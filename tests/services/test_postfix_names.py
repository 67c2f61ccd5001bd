"""Names in Postfix's parameters: tables, restrictions, servers, and the lines that set them."""

from __future__ import annotations

import pytest

from services.postfix.endpoints import Endpoint, endpoint, first_word
from services.postfix.lines import Line, line_of_parameter, main_lines, option_lines, service_lines
from services.postfix.restrictions import unknown_restrictions
from services.postfix.surroundings import approved
from services.postfix.tables import Table, tables, words

MASTER = """\
# service type
smtp      inet  n       -       n       -       1       postscreen
submission inet n       -       n       -       -       smtpd
  -o syslog_name=postfix/submission
  -o { smtpd_client_restrictions = permit_mynetworks, reject }
smtp      unix  -       -       n       -       -       smtp
  -o syslog_name=postfix/out -o max_use=3
"""


def test_restrictions_that_do_not_exist() -> None:
    """Names that smtpd does not know are found; arguments, classes and tables are not taken for names."""
    value = "permit_mynetworks, check_client_access lmdb:/x reject_rbl_client a.b, mine, permit_mynetwork"
    assert list(unknown_restrictions("smtpd_client_restrictions", value, {"mine"})) == ["permit_mynetwork"]
    assert list(unknown_restrictions("mynetworks", "anything", set())) == []


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("", []),
        ("a, b\tc,,d", ["a", "b", "c", "d"]),
        ("inline:{ {a = b}, c=d } e", ["inline:{ {a = b}, c=d }", "e"]),
        ("{ inet:h:1, timeout=5s },x", ["{ inet:h:1, timeout=5s }", "x"]),
        ("a} b", ["a}", "b"]),
        ("{a b", ["{a b"]),
    ],
)
def test_words(value: str, found: list[str]) -> None:
    """Blanks and commas part words; what stands in braces stays together."""
    assert list(words(value)) == found


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("lmdb:/etc/a", [Table("lmdb", "/etc/a")]),
        ("!cidr:/etc/a pcre:b", [Table("cidr", "/etc/a"), Table("pcre", "b")]),
        ("proxy:lmdb:/etc/a", [Table("lmdb", "/etc/a", True, True)]),
        ("{ check_x cidr:/c }", [Table("cidr", "/c")]),
        (
            "proxy:unionmap:{lmdb:/a,proxy:pcre:/b}",
            [
                Table("unionmap", "{lmdb:/a,proxy:pcre:/b}", True, True),
                Table("lmdb", "/a", True),
                Table("pcre", "/b", True, True),
            ],
        ),
        ("inline:{ a=lmdb:/b }", [Table("inline", "{ a=lmdb:/b }")]),
        ("[::1]/128 smtp.example.net:587 permit", []),
    ],
)
def test_tables(value: str, found: list[Table]) -> None:
    """Tables are found in lists, behind `proxy:`, and in the tables that are made of them."""
    assert list(tables(value)) == found


def test_what_the_proxy_opens() -> None:
    """What is asked for with `proxy:` anywhere in the lists is approved, and nothing else."""
    assert approved("proxy:lmdb:/a lmdb:/b unionmap:{proxy:pcre:/c}") == {"lmdb:/a", "pcre:/c"}


def test_lines_of_parameters() -> None:
    """The last line counts, with the lines that go on with it; comments between them do not."""
    text = "a = 1\n# b = 2\nb = x\n# y\n  z\n\nodd\na = 3\n"
    assert main_lines(text) == {"a": Line(8, "3"), "b": Line(3, "x z")}
    assert line_of_parameter(text, "b") == 3
    assert line_of_parameter(text, "c") == 0


def test_lines_of_options() -> None:
    """An option belongs to its service, whatever its form."""
    assert option_lines(MASTER) == {
        ("submission/inet", "syslog_name"): Line(4, "postfix/submission"),
        ("submission/inet", "smtpd_client_restrictions"): Line(5, "permit_mynetworks, reject"),
        ("smtp/unix", "syslog_name"): Line(7, "postfix/out"),
        ("smtp/unix", "max_use"): Line(7, "3"),
    }
    assert service_lines(MASTER) == {"smtp/inet": 2, "submission/inet": 3, "smtp/unix": 6}
    assert line_of_parameter(MASTER, "max_use") == 7


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("unix:private/policy", Endpoint("unix", "private/policy")),
        ("local:/run/x", Endpoint("unix", "/run/x")),
        ("inet:localhost:1", Endpoint("inet", "localhost:1")),
        ("inet:[::1]:10025", Endpoint("inet", "[::1]:10025")),
        ("private/policy", None),
        ("inet:10025", None),
        ("tcp:localhost:1", None),
        ("unix:", None),
    ],
)
def test_servers(word: str, found: Endpoint | None) -> None:
    """A server has a kind and a place."""
    assert endpoint(word) == found


def test_servers_with_options() -> None:
    """The server is the first word of a group."""
    assert first_word("{ inet:h:1, timeout=5s }") == "inet:h:1"
    assert first_word("inet:h:1") == "inet:h:1"
    assert first_word("{}") == ""


def test_rules_in_the_value_are_no_file() -> None:
    """Since Postfix 3.7 tables of patterns may stand in the parameter itself (DATABASE_README)."""
    assert [table.file for table in tables("pcre:{ {/^x/ OK} }, pcre:/etc/x, lmdb:/etc/y")] == [
        "",
        "/etc/x",
        "/etc/y.lmdb",
    ]
