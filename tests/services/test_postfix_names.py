"""Names in Postfix's parameters: tables and restrictions."""

from __future__ import annotations

from services.postfix.restrictions import unknown_restrictions
from services.postfix.tables import references


def test_restrictions_that_do_not_exist() -> None:
    """Names that smtpd does not know are found; arguments, classes and tables are not taken for names."""
    value = "permit_mynetworks, check_client_access lmdb:/x reject_rbl_client a.b, mine, permit_mynetwork"
    assert list(unknown_restrictions("smtpd_client_restrictions", value, {"mine"})) == ["permit_mynetwork"]
    assert list(unknown_restrictions("mynetworks", "anything", set())) == []


def test_table_references() -> None:
    """Tables are found behind proxy: and in lists; sockets and caches are not tables of ours."""
    value = "proxy:lmdb:/etc/a, pcre:/etc/b { check_x cidr:/c }, btree:/var/lib/postfix/cache"
    assert list(references(value)) == [("lmdb", "/etc/a"), ("pcre", "/etc/b"), ("cidr", "/c")]
