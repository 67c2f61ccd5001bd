"""Where pairs are read from: folders with links, one file for both, Traefik's store."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest

from agent.certificates.choosing import Choice, choose
from agent.certificates.sources import Found, footprints, nothing
from agent.certificates.store import examine
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


def read(source: dict[str, Any], root: Path, *opened: Any) -> Found:
    """The pair of a source that is to serve."""
    found = choose(source, root, *opened).found
    assert found is not None
    return found


def reasons(choice: Choice) -> list[str]:
    """Why places were passed over, in order."""
    return [each.reason for each in choice.passed]


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
    for missing, said in (
        (source(("/a/cert.pem", "/a/key.pem")), "/a/cert.pem and /a/key.pem are not both there"),
        (store(tmp_path, {}), f"no certificate for mail.example.test, example.test in {LIVE} nor in /etc"),
    ):
        assert choose(missing, tmp_path)[:2] == (None, ())
        assert said in nothing(missing)


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
    choice = choose(source(("/cert.pem", "/key.pem")), tmp_path)
    assert choice.found is None
    assert reason in reasons(choice)[0]


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
def test_a_store_that_is_none(tmp_path: Path, pair: Pair, content: str) -> None:
    """Half a file, or something else: named, not taken for an empty one; files beside it serve."""
    choice = choose(store(tmp_path, content), tmp_path)
    assert (choice.found, len(choice.passed)) == (None, 1)
    assert "no store of Traefik" in reasons(choice)[0]
    put(tmp_path, f"{LIVE}/fullchain.pem", pair.chain)
    put(tmp_path, f"{LIVE}/privkey.pem", pair.key)
    choice = choose(store(tmp_path, content), tmp_path)
    assert choice.found
    assert choice.found.chain.decode() == pair.chain


def test_damaged_rows_are_passed_over(tmp_path: Path, pair: Pair) -> None:
    """One that cannot be read does not hide the next."""
    broken = [None, {}, {"domain": {"main": "mail.example.test"}, "certificate": "%%", "key": "eA=="}]
    content = {"le": {"Certificates": [*broken, row(pair, "mail.example.test")]}}
    choice = choose(store(tmp_path, content), tmp_path)
    assert choice.found
    assert choice.found.chain.decode() == pair.chain
    assert reasons(choice) == ["it holds no certificate in PEM"]


def unusable(authority: Authority) -> dict[str, tuple[str, str]]:
    """Pairs (chain, key) that cannot serve, by what is told of them."""
    ended, later, other = authority.issue(days=-0.5), authority.issue(since=2), authority.issue()
    return {
        "it ended on": (ended.chain, ended.key),
        "it is not valid before": (later.chain, later.key),
        "key values mismatch": (other.chain, ended.key),
        "no certificate in PEM": ("version https://git-lfs.github.com/spec/v1\n", other.key),
        "no private key in PEM": (other.chain, ""),
    }


KINDS = [
    "it ended on",
    "it is not valid before",
    "key values mismatch",
    "no certificate in PEM",
    "no private key in PEM",
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("where", ["resolver", "wildcard", "folder", "store and folder"])
def test_what_cannot_serve_comes_last(tmp_path: Path, authority: Authority, kind: str, where: str) -> None:
    """Whatever its place: an entry, a resolver, the preferred name, the store; and it is told."""
    chain, key = unusable(authority)[kind]
    good = authority.issue()
    bad = {
        "domain": {"main": NAMES[0]},
        "certificate": base64.b64encode(chain.encode()).decode(),
        "key": base64.b64encode(key.encode()).decode() or "eA==",
    }
    folders = [(f"/live/{name}/fullchain.pem", f"/live/{name}/privkey.pem") for name in NAMES[::2]]
    looked_at = source(*folders, store="/etc/letsencrypt/acme.json", names=NAMES)
    if where == "folder":
        put(tmp_path, folders[0][0], chain)
        put(tmp_path, folders[0][1], key)
    if where in ("folder", "store and folder"):
        put(tmp_path, folders[1][0], good.chain)
        put(tmp_path, folders[1][1], good.key)
    first, second = [bad], [row(good, NAMES[1] if where == "wildcard" else NAMES[0])]
    content = {
        "resolver": {"old": {"Certificates": first}, "new": {"Certificates": second}},
        "wildcard": {"only": {"Certificates": [*second, *first]}},
        "store and folder": {"old": {"Certificates": first}},
    }.get(where, {})
    put(tmp_path, "/etc/letsencrypt/acme.json", json.dumps(content))
    choice = choose(looked_at, tmp_path)
    assert choice.found
    assert choice.found.chain.decode() == good.chain
    (told,) = reasons(choice)
    assert kind in told
    assert tmp_path / choice.passed[0].place.partition(" (")[0].lstrip("/") != Path(choice.found.place)


def test_of_what_cannot_serve_the_first_that_fits_is_read(tmp_path: Path, authority: Authority) -> None:
    """Where all ended, an old certificate is better than none."""
    ended, other = authority.issue(days=-0.5), authority.issue()
    put(tmp_path, "/a/cert.pem", other.chain)
    put(tmp_path, "/a/key.pem", ended.key)
    put(tmp_path, "/b/cert.pem", ended.chain)
    put(tmp_path, "/b/key.pem", ended.key)
    choice = choose(source(("/a/cert.pem", "/a/key.pem"), ("/b/cert.pem", "/b/key.pem")), tmp_path)
    assert choice.found
    assert choice.found.chain.decode() == ended.chain
    assert ["mismatch" in reason for reason in reasons(choice)] == [True]


def test_the_pair_read_before_stands_in_for_its_place(tmp_path: Path, authority: Authority) -> None:
    """A renewal that went wrong does not put another name's certificate before the one that serves."""
    good, domain = authority.issue(), authority.issue("example.test")
    put(tmp_path, "/a/cert.pem", good.chain)
    put(tmp_path, "/a/key.pem", good.key)
    put(tmp_path, "/b/cert.pem", domain.chain)
    put(tmp_path, "/b/key.pem", domain.key)
    looked_at = source(("/a/cert.pem", "/a/key.pem"), ("/b/cert.pem", "/b/key.pem"))
    before = read(looked_at, tmp_path)
    put(tmp_path, "/a/key.pem", domain.key)
    choice = choose(looked_at, tmp_path, before=before)
    assert (choice.found, choice.kept) == (before, True)
    after = choose(looked_at, tmp_path, before=before, now=choice.until + 1)
    assert after.found
    assert not after.kept


def test_a_choice_lasts_until_a_certificate_ends_or_begins(tmp_path: Path, authority: Authority) -> None:
    """Then it has to be made again, whatever the files do."""
    later, good = authority.issue(since=2), authority.issue(days=5)
    put(tmp_path, "/a/cert.pem", later.chain)
    put(tmp_path, "/a/key.pem", later.key)
    put(tmp_path, "/b/cert.pem", good.chain)
    put(tmp_path, "/b/key.pem", good.key)
    looked_at = source(("/a/cert.pem", "/a/key.pem"), ("/b/cert.pem", "/b/key.pem"))
    choice = choose(looked_at, tmp_path)
    assert choice.until == pytest.approx(later.leaf.not_valid_before_utc.timestamp(), abs=1)
    then = choose(looked_at, tmp_path, now=choice.until + 1)
    assert then.found
    assert then.found.chain.decode() == later.chain
    assert then.until == pytest.approx(later.leaf.not_valid_after_utc.timestamp(), abs=1)


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
