"""Contents that are another thing than a file for the server: a pointer, an archive, a page of the web.

Somebody saved what leads to the file, or what it was sent in, in the file's place.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from controlplane.statefiles.treefile import CONFIG, SETTINGS


class _Thing(NamedTuple):
    """What a content begins with, what it is then, and what to do; `{path}` stands for the file."""

    start: re.Pattern[bytes]
    what: str
    cure: str


_LFS = (
    "run `git lfs untrack {path}` (or take its line out of .gitattributes), then "
    "`git add --renormalize {path} .gitattributes`, and commit"
)
_SEAL = "decrypt it and seal it for this server: `mailctl seal {path}`"
_POINTERS = (
    _Thing(
        re.compile(rb"(?:\xef\xbb\xbf)?\s*version https://(?:git-lfs|hawser)\.github\.com/spec/"),
        "it is a pointer of Git LFS: the file itself is not in the repository",
        _LFS,
    ),
    _Thing(
        re.compile(rb"/annex/objects/"),
        "it is a pointer of git-annex: the file itself is not in the repository",
        "run `git annex unannex {path}`, then `git add {path}`, and commit",
    ),
    _Thing(re.compile(rb"\x00GITCRYPT\x00"), "it is encrypted by git-crypt", _SEAL),
    _Thing(re.compile(rb"\$ANSIBLE_VAULT;"), "it is encrypted by Ansible Vault", _SEAL),
    _Thing(re.compile(rb"-----BEGIN PGP MESSAGE-----"), "it is encrypted by OpenPGP", _SEAL),
)
"""What no file that is read may be."""

_UNPACK = "unpack it, and commit the file that is in it"
_TEXT = "save it as plain text, in UTF-8"
_AGAIN = "get the file itself: `curl -fL` with the address of the raw file, and look at what it saves"
_APPLY = "apply it to the file (`git apply`) and commit that, instead of saving it in the file's place"
_LINUX = "write a script, or build the program for Linux and for the processor of this server"
_SOURCE = "commit the text that it was made from: tables are compiled here"
_OTHERS = (
    _Thing(re.compile(rb"\x1f\x8b"), "it is compressed by gzip", _UNPACK),
    _Thing(re.compile(rb"BZh[1-9]1AY&SY"), "it is compressed by bzip2", _UNPACK),
    _Thing(re.compile(rb"\xfd7zXZ\x00"), "it is compressed by xz", _UNPACK),
    _Thing(re.compile(rb"\x28\xb5\x2f\xfd"), "it is compressed by zstd", _UNPACK),
    _Thing(
        re.compile(rb"PK[\x03\x05][\x04\x06]"),
        "it is a ZIP archive, as office programs save their texts too",
        f"{_UNPACK}; or {_TEXT}",
    ),
    _Thing(re.compile(rb"7z\xbc\xaf\x27\x1c"), "it is an archive of 7-Zip", _UNPACK),
    _Thing(re.compile(rb".{257}ustar[\0 ]", re.DOTALL), "it is an archive of tar", _UNPACK),
    _Thing(re.compile(rb"\{\\rtf"), "it is a text of a word processor (RTF)", _TEXT),
    _Thing(re.compile(rb"%PDF-"), "it is a PDF", _TEXT),
    _Thing(re.compile(rb"\x89PNG\r\n|\xff\xd8\xff|GIF8[79]a"), "it is a picture", _TEXT),
    _Thing(re.compile(rb"SQLite format 3\x00"), "it is a database of SQLite", _TEXT),
    _Thing(
        re.compile(
            rb".{12}(?:\x61\x15\x06\x00|\x00\x06\x15\x61|\x62\x31\x05\x00)|.{16}\xde\xc0\xef\xbe", re.S
        ),
        "it is a table that postmap compiled",
        _SOURCE,
    ),
    _Thing(re.compile(rb"MZ.{50,}PE\x00\x00", re.DOTALL), "it is a program for Windows", _LINUX),
    _Thing(
        re.compile(rb"\xcf\xfa\xed\xfe|\xfe\xed\xfa\xcf|\xca\xfe\xba\xbe"),
        "it is a program for macOS",
        _LINUX,
    ),
    _Thing(
        re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<!--.*?-->\s*)?<(?:!DOCTYPE\s+html|html\b|head\b)", re.I | re.S),
        "it is a page of the web (HTML): that of an error or a log-in, or the one around the file",
        _AGAIN,
    ),
    _Thing(
        re.compile(rb"\s*404:? (?:page )?not found\s*\Z", re.I), "it is the answer of a web server", _AGAIN
    ),
    _Thing(
        re.compile(rb"diff --git |From [0-9a-f]{40} |(?:Index: [^\n]+\n=+\n)?--- [^\n]+\n\+\+\+ [^\n]+\n@@ "),
        "it is a patch (diff)",
        _APPLY,
    ),
    _Thing(
        re.compile(rb"(?:\.{1,2}/)+[\w.@+-]+(?:/[\w.@+-]+)*\s*\Z"),
        "it holds nothing but a path: git on Windows saves symbolic links so",
        "put the file itself in its place",
    ),
)
"""What no text for the server and no program may be; a file of another kind may be meant so."""

_TEXTS = re.compile(
    rf"{re.escape(SETTINGS)}|{CONFIG}(?:"
    r"[^/]+\.(?:cf|sieve|sh)|whitelist_clients\.local|whitelist_recipients|dhparams\.pem"
    r"|rspamd/custom-commands\.conf|rspamd/override\.d/[^/]+|sieve-(?:pipe|filter)/[^/]+"
    r"|ssl/.+\.(?:pem|crt|cer|cert|key)|gitops/authorized_keys)"
)
_MEANT = re.compile(
    r".+\.(?:gz|tgz|bz2|xz|zst|zip|7z|tar|rtf|pdf|png|jpe?g|gif|sqlite3?|db|lmdb|html?|xml|patch|diff|exe)"
)
"""Names that say that a file is such a thing: a program may read it."""


def other_thing(path: str, head: bytes) -> tuple[str, str] | None:
    """What a file that begins so is in place of what it should be, and the cure; None where it may be."""
    things: tuple[_Thing, ...] = _POINTERS
    if _TEXTS.fullmatch(path) and not _MEANT.fullmatch(path):
        things += _OTHERS
    found = next((thing for thing in things if thing.start.match(head)), None)
    return (found.what, found.cure.format(path=path)) if found else None
