"""Where pairs are read from: folders with links, one file for both, Traefik's store."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest

from agent.certificates.sources import footprints, read
from agent.certificates.store import examine
from agent.errors import NotFound, Refused
from tests.certificates import Authority, Pair

LIVE = "/etc/letsencrypt/live/mail.example.test"
NAMES = ["mail.example.test", "*.example.test", "example.test"]


@pytest.fixture(scope="module")
def authority() -> Authority:
    """Signs what these tests serve."""
    return Authority()


@pytest.fixture(scope="module")
def pair(authority: Authority) -> Pair:
    """A pair with an ECDSA key."""
    return authority.issue()


def put(root: Path, path: str, text: str) -> None:
    """A file below the root of a node."""
    target = root / path.lstrip("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)


def source(*pairs: tuple[str, str], **more: Any) -> dict[str, Any]:
    """A row of the manifest."""
    return {"slot": "default", "type": "manual", "pairs": [list(each) for each in pairs], **more}


def row(pair: Pair, main: str, *sans: str, old: bool = False) -> dict[str, Any]:
    """A certificate as Traefik keeps it, in the fields of version 1 or 2."""
    chain, key = (base64.b64encode(text.encode()).decode() for text in (pair.chain, pair.key))
    if old:
        domain = {"Main": main, "SANs": list(sans) or None}
        return {"Domain": domain, "Certificate": chain, "Key": key}
    domain = {"main": main, "sans": list(sans)} if sans else {"main": main}
    return {"domain": domain, "certificate": chain, "key": key, "Store": "default"}


def store(root: Path, value: Any) -> dict[str, Any]:
    """An acme.json, and the source that reads it."""
    put(root, "/etc/letsencrypt/acme.json", value if isinstance(value, str) else json.dumps(value))
    names = [f"{LIVE}/fullchain.pem", f"{LIVE}/privkey.pem"]
    return source((names[0], names[1]), store="/etc/letsencrypt/acme.json", names=NAMES)


def test_the_first_pair_that_is_whole_is_read(tmp_path: Path, pair: Pair) -> None:
    """A certificate without its key does not count; the next place does."""
    put(tmp_path, "/a/cert.pem", pair.chain)
    put(tmp_path, "/b/cert.pem", pair.chain)
    put(tmp_path, "/b/key.pem", pair.key)
    found = read(source(("/a/cert.pem", "/a/key.pem"), ("/b/cert.pem", "/b/key.pem")), tmp_path)
    assert (found.chain.decode(), found.key.decode()) == (pair.chain, pair.key)
    assert found.place == str(tmp_path / "b/cert.pem")


def test_nothing_there_names_the_places(tmp_path: Path) -> None:
    """The report names the files that are missing."""
    with pytest.raises(NotFound, match=r"/a/cert\.pem and /a/key\.pem are not both there"):
        read(source(("/a/cert.pem", "/a/key.pem")), tmp_path)
    with pytest.raises(NotFound, match=f"no certificate in {LIVE} nor in /etc/letsencrypt/acme.json"):
        read(store(tmp_path, {}), tmp_path)


@pytest.mark.parametrize("order", ["key first", "chain first"])
def test_one_file_for_both_is_taken_apart(tmp_path: Path, pair: Pair, order: str) -> None:
    """What is reported of the chain holds no key, what is kept as key no certificate."""
    both = (pair.key, pair.chain) if order == "key first" else (pair.chain, pair.key)
    put(tmp_path, "/full.pem", "Bag Attributes: caf\u00e9\n" + "".join(both))
    found = read(source(("/full.pem", "/full.pem")), tmp_path)
    assert b"PRIVATE" not in found.chain
    assert b"CERTIFICATE" not in found.key
    examine(found.chain, found.key)


@pytest.mark.parametrize("files", [("/c.pem", "/k.pem"), ("/all.pem", "/all.pem")])
def test_sealed_files_are_opened(tmp_path: Path, pair: Pair, files: tuple[str, str]) -> None:
    """A key that was sealed on `main`, or the one file for both."""
    put(tmp_path, "/c.pem", pair.chain)
    put(tmp_path, "/k.pem", f"sealed {pair.key}")
    put(tmp_path, "/all.pem", f"sealed {pair.key}{pair.chain}")
    found = read(source(files), tmp_path, lambda content: content.removeprefix(b"sealed "))
    assert (found.chain.decode(), found.key.decode()) == (pair.chain, pair.key)


def test_the_authority_goes_behind_the_chain_once(tmp_path: Path, pair: Pair) -> None:
    """Clients get the authority's certificate, also where the chain file lacks it."""
    put(tmp_path, "/ca.pem", pair.ca)
    put(tmp_path, "/key.pem", pair.key)
    for text in (pair.cert, pair.chain):
        put(tmp_path, "/cert.pem", text)
        assert read(source(("/cert.pem", "/key.pem"), ca="/ca.pem"), tmp_path).chain.decode() == pair.chain


@pytest.mark.parametrize(
    ("cert", "key", "reason"),
    [
        ("", "{key}", "no certificate in PEM"),
        ("nonsense", "{key}", "no certificate in PEM"),
        ("{chain}", "", "no private key in PEM"),
        ("x" * 300_000, "{key}", "too large"),
    ],
)
def test_files_that_are_no_pair(tmp_path: Path, pair: Pair, cert: str, key: str, reason: str) -> None:
    """Empty, foreign and huge files are refused with their reason."""
    put(tmp_path, "/cert.pem", cert.format(chain=pair.chain))
    put(tmp_path, "/key.pem", key.format(key=pair.key))
    with pytest.raises(Refused, match=reason):
        read(source(("/cert.pem", "/key.pem")), tmp_path)


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_traefiks_store(tmp_path: Path, authority: Authority, version: int, kind: str) -> None:
    """Both layouts, both kinds of key; the name may be the main one or an alternative."""
    wanted, other = authority.issue(kind=kind), authority.issue("other.test")
    rows = [row(other, "other.test", old=version == 1)]
    rows.append(row(wanted, "web.test", "mail.example.test", old=version == 1))
    content: Any = {"le": {"Account": {}, "Certificates": rows}}
    if version == 1:
        content = {"Account": {"Email": "x"}, "Certificates": rows, "HTTPChallenges": {}}
    found = read(store(tmp_path, content), tmp_path)
    assert found.chain.decode() == wanted.chain
    assert found.place.endswith(
        "acme.json (mail.example.test of le)" if version == 2 else "(mail.example.test)"
    )
    examine(found.chain, found.key)


def test_the_best_name_of_all_resolvers_wins(tmp_path: Path, authority: Authority) -> None:
    """The host name before the wildcard before the domain; a main name before an alternative."""
    made = {name: authority.issue(name) for name in ("mail.example.test", "*.example.test", "example.test")}
    alternative = authority.issue("web.test", "mail.example.test")
    content = {
        "empty": {"Account": None, "Certificates": None},
        "dns": {"Certificates": [row(made["*.example.test"], "*.example.test")]},
        "http": {
            "Certificates": [
                row(made["example.test"], "example.test"),
                row(alternative, "web.test", "mail.example.test"),
                row(made["mail.example.test"], "Mail.Example.test"),
            ]
        },
    }
    for expected in (made["mail.example.test"], alternative, made["*.example.test"], made["example.test"]):
        assert read(store(tmp_path, content), tmp_path).chain.decode() == expected.chain
        kept = [
            {
                **fields,
                "Certificates": [r for r in fields["Certificates"] or () if expected.chain not in text(r)],
            }
            for fields in content.values()
        ]
        content = dict(zip(content, kept, strict=True))


def text(row: dict[str, Any]) -> str:
    """The certificate of a row."""
    return base64.b64decode(row["certificate"]).decode()


@pytest.mark.parametrize("content", ["", "{}", '{"le": {"Certificates": null}}', '{"le": null}'])
def test_an_empty_store_leaves_it_to_the_files(tmp_path: Path, pair: Pair, content: str) -> None:
    """Traefik makes the file before it has a certificate."""
    put(tmp_path, f"{LIVE}/fullchain.pem", pair.chain)
    put(tmp_path, f"{LIVE}/privkey.pem", pair.key)
    assert read(store(tmp_path, content), tmp_path).chain.decode() == pair.chain


@pytest.mark.parametrize("content", ["{", "[]", '"x"'])
def test_a_store_that_is_none(tmp_path: Path, content: str) -> None:
    """Half a file, or something else: refused, not taken for an empty one."""
    with pytest.raises(Refused, match="no store of Traefik"):
        read(store(tmp_path, content), tmp_path)


def test_damaged_rows_are_passed_over(tmp_path: Path, pair: Pair) -> None:
    """One that cannot be read does not hide the next."""
    broken = [None, {}, {"domain": {"main": "mail.example.test"}, "certificate": "%%", "key": "eA=="}]
    content = {"le": {"Certificates": [*broken, row(pair, "mail.example.test")]}}
    assert read(store(tmp_path, content), tmp_path).chain.decode() == pair.chain


def test_footprints_follow_links(tmp_path: Path, pair: Pair) -> None:
    """Each link and each folder of the way counts, as certbot and container orchestrators lay them out."""
    put(tmp_path, "/etc/letsencrypt/archive/m/cert1.pem", pair.chain)
    live = tmp_path / "etc/letsencrypt/live/m"
    live.mkdir(parents=True)
    (live / "cert.pem").symlink_to("../../archive/m/cert1.pem")
    put(tmp_path, "/secrets/ssl/..2026/tls.key", pair.key)
    (tmp_path / "secrets/ssl/..data").symlink_to("..2026")
    (tmp_path / "secrets/ssl/tls.key").symlink_to("..data/tls.key")
    found = footprints(source(("/etc/letsencrypt/live/m/cert.pem", "/secrets/ssl/tls.key")), tmp_path)
    assert {os.path.relpath(path, tmp_path) for path in found} == {
        "etc/letsencrypt/live",
        "etc/letsencrypt/live/m",
        "etc/letsencrypt/live/m/cert.pem",
        "etc/letsencrypt/archive",
        "etc/letsencrypt/archive/m",
        "etc/letsencrypt/archive/m/cert1.pem",
        "secrets/ssl/tls.key",
        "secrets/ssl/..data",
        "secrets/ssl/..2026",
        "secrets/ssl/..2026/tls.key",
    }


def test_footprints_of_what_is_not_there(tmp_path: Path) -> None:
    """The first missing part is what will appear."""
    (tmp_path / "etc").mkdir()
    found = footprints(source(("/etc/letsencrypt/live/m/cert.pem", "/srv/key.pem")), tmp_path)
    assert found == {tmp_path / "etc/letsencrypt", tmp_path / "srv"}


def test_footprints_of_a_circle_end(tmp_path: Path) -> None:
    """Links that lead to each other are no endless walk."""
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    assert footprints(source(("/a", "/b")), tmp_path) == {tmp_path / "a", tmp_path / "b"}
