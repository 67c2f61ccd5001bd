"""Files and folders that Postfix's parameters name: certificates, keys, authorities (postconf(5))."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from agent.certificates.store import examine
from agent.errors import Refused
from services.postfix.surroundings import Surroundings
from services.postfix.tables import words

FILE = re.compile(r"\w+_(file|CAfile|chain_files)\Z")
FOLDER = re.compile(r"\w+_CApath\Z")
NOT_READ = frozenset(["maillog_file", "tls_random_exchange_name"])
"""Written rather than read."""
WORDS = frozenset(["none", "auto", "default"])
"""Values in place of a file."""
PAIRS = (("cert_file", "key_file"), ("eccert_file", "eckey_file"), ("dcert_file", "dkey_file"))


def wrong_file(name: str, value: str, about: Surroundings) -> Iterator[str]:
    """What keeps the files of a parameter from being read."""
    if name in NOT_READ:
        return
    for place in words(value):
        if place not in WORDS and (lacks := about.lacks_file(place)):
            yield f"{name}: {lacks}"


def wrong_folder(name: str, value: str, about: Surroundings) -> Iterator[str]:
    """What keeps a folder from being read."""
    path = about.path(value)
    if value and about.missing(value):
        yield f"{name}: the folder {path} does not exist"
    elif value and (found := about.staged.unmanaged(path)) is not None and not found.is_dir():
        yield f"{name}: {path} is not a folder"


def wrong_pairs(values: Mapping[str, str], about: Surroundings) -> Iterator[tuple[str, str]]:
    """(parameter of the key, what is wrong) of certificates and keys that do not belong together."""
    for program in ("smtpd_tls", "smtp_tls", "lmtp_tls"):
        for certificate, key in PAIRS:
            names = f"{program}_{certificate}", f"{program}_{key}"
            paths = [about.staged.unmanaged(about.path(values[n])) for n in names if values.get(n)]
            if len(paths) != len(names) or not all(path is not None and path.is_file() for path in paths):
                continue
            chain, secret = (path.read_bytes() for path in paths if path is not None)
            try:
                examine(chain, secret)
            except Refused as error:
                yield names[1], f"{names[1]}: {error}"
