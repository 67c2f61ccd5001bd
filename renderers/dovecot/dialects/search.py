"""Full-text search: 2.3's fts plugin settings (doc.dovecot.org, "Full Text Search")."""

from __future__ import annotations

import re
from collections.abc import Iterator

from renderers.dovecot.dialects.fates import Around, block
from renderers.dovecot.dialects.syntax import Line
from renderers.dovecot.dialects.variables import Untranslatable

_BACKENDS = frozenset(["solr", "flatcurve", "xapian"])
_SOLR = {
    "url": "url",
    "batch_size": "batch_size",
    "soft_commit": "soft_commit",
    "rawlog_dir": "http_client_rawlog_dir",
}
_XAPIAN = frozenset(["partial", "verbose", "lowmemory", "maxthreads"])
_LANGUAGE = (*block("language en", "default = yes"), "language_tokenizers = generic email-address")
"""2.4 indexes nothing without a language and tokenizers, whatever the index; 2.3 had these by default."""
_ENFORCED = {"yes": ("yes", "no"), "no": ("body-search-only", "yes"), "body": ("body-search-only", "no")}


def backend(line: Line, _around: Around) -> list[str]:
    """`fts = solr`."""
    if line.value not in _BACKENDS:
        raise Untranslatable(
            f"2.4 has no full-text index {line.value}", "write fts = flatcurve, xapian or solr"
        )
    return [*block(f"fts {line.value}"), *_LANGUAGE]


def solr(line: Line, around: Around) -> list[str]:
    """`fts_solr = url=http://solr:8983/solr/dovecot/`."""
    inner = []
    for key, given in _options(line):
        if key in _SOLR:
            inner.append(f"{_SOLR[key]} = {given}")
        elif key in ("break-imap-search", "use_libfts"):
            around.notices.append((line.number, f"{key} is how 2.4 always works"))
        else:
            raise Untranslatable(f"{key} of fts_solr has no setting in 2.4", "leave it out, if it may be")
    return block("fts solr", *inner)


def xapian(line: Line, around: Around) -> list[str]:
    """`fts_xapian = partial=3 full=20 verbose=0`."""
    inner = []
    for key, given in _options(line):
        if key in _XAPIAN:
            inner.append(f"{key} = {given}")
        elif key in ("full", "attachments"):
            around.notices.append(
                (line.number, f"{key} of fts_xapian is nothing that its version for 2.4 knows")
            )
        else:
            raise Untranslatable(f"{key} of fts_xapian has no setting in 2.4", "leave it out, if it may be")
    return block("fts xapian", *inner)


def enforced(line: Line, _around: Around) -> list[str]:
    """`fts_enforced`: whether what is not indexed yet is added first, or read."""
    if line.value not in _ENFORCED:
        raise Untranslatable(f"fts_enforced = {line.value} is none of yes, no, body", "write one of these")
    missing, fallback = _ENFORCED[line.value]
    return [f"fts_search_add_missing = {missing}", f"fts_search_read_fallback = {fallback}"]


def decoder(line: Line, _around: Around) -> list[str]:
    """`fts_decoder = decode2text`."""
    return ["fts_decoder_driver = script", f"fts_decoder_script_socket_path = {line.value}"]


def tika(line: Line, _around: Around) -> list[str]:
    """`fts_tika = http://tika:9998/tika/`."""
    return ["fts_decoder_driver = tika", f"fts_decoder_tika_url = {line.value}"]


def excluded(line: Line, _around: Around) -> list[str]:
    """`fts_autoindex_exclude = Spam`: the folder says so itself."""
    if line.value.startswith("\\") or re.search(r"[*%?]", line.value):
        cure = "name the folder: fts_autoindex_exclude = Trash"
        raise Untranslatable(f"{line.value} is not the name of one folder, which 2.4 wants", cure)
    label = f'"{line.value}"' if re.search(r"[^\w.-]", line.value) else line.value
    return block(f"mailbox {label}", "fts_autoindex = no")


def milliseconds(line: Line, _around: Around) -> list[str]:
    """A number of milliseconds, which 2.4 wants a unit for."""
    unit = " ms" if line.value.isdigit() and int(line.value) else ""
    return [f"{line.name} = {line.value}{unit}"]


def _options(line: Line) -> Iterator[tuple[str, str]]:
    for word in line.value.split():
        key, _, given = word.partition("=")
        yield key, given
