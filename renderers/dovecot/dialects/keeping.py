"""The rewriting of how mail is kept: compressed, encrypted, shared; what is noted of it in dictionaries."""

from __future__ import annotations

import re
from collections.abc import Iterator

from renderers.dovecot.dialects.fates import Around, Rewrite, block
from renderers.dovecot.dialects.syntax import Line, written
from renderers.dovecot.dialects.values import expanded, path
from renderers.dovecot.dialects.variables import Untranslatable

_LEVELS = {"gz": "compress_gz_level", "zstd": "compress_zstd_level", "bz2": "compress_bz2_block_size_100k"}


def level(line: Line, _around: Around) -> list[str]:
    """`zlib_save_level`, which each method has a setting of its own for."""
    method = line.within.get("zlib_save") if line.within else None
    if method is None or method.value not in _LEVELS:
        raise Untranslatable(
            "each method has a level of its own in 2.4", "set zlib_save beside it, to gz or zstd"
        )
    return [f"{_LEVELS[method.value]} = {line.value}"]


def dictionary(head: str) -> Rewrite:
    """A dictionary in a file, `file:%h/name`; others have settings of their own."""

    def write(line: Line, _around: Around) -> list[str]:
        kind, colon, rest = line.value.partition(":")
        if kind != "file" or not colon or not rest:
            cure = f"write the block of 2.4: {head} {{ dict … {{ … }} }}"
            raise Untranslatable(f"a dictionary {line.value} has no one form in 2.4", cure)
        place = written(expanded(rest, "dict_file_path"))
        return block(head, *block("dict file", f"path = {place}"))

    return write


def private_key(line: Line, _around: Around) -> list[str]:
    """`mail_crypt_global_private_key2 = </certs/key.pem`."""
    name = f"key{re.sub(r'[^0-9]', '', line.name)}"
    place = path(line.value, line.name)
    password = line.within.get(f"{line.name}_password") if line.within else None
    secret = [f"crypt_private_key_password = {written(password.value, literal=True)}"] if password else []
    return block(f"crypt_global_private_key {name}", f"crypt_private_key_file = {place}", *secret)


def beside(_line: Line, _around: Around) -> list[str]:
    """What stands in the block of another setting beside it."""
    return []


def save_version(line: Line, _around: Around) -> list[str]:
    """`mail_crypt_save_version`: 2 is how 2.4 writes, 0 writes nothing encrypted."""
    if line.value == "1":
        raise Untranslatable("2.4 no longer writes version 1", "write mail_crypt_save_version = 2")
    return ["crypt_write_algorithm ="] if line.value == "0" else []


def access_lists(line: Line, around: Around) -> Iterator[str]:
    """`acl = vfile:/etc/dovecot/acl-file:cache_secs=300`."""
    kind, _, rest = line.value.partition(":")
    if kind != "vfile":
        raise Untranslatable(f"2.4 has no lists of access of kind {kind}", "write acl = vfile")
    yield "acl_driver = vfile"
    place, _, option = rest.partition(":")
    if place.endswith("/"):
        cure = "write the rights as `acl` blocks in `mailbox` blocks"
        raise Untranslatable("2.4 has no folder of global lists of access", cure)
    if place:
        around.notices.append(
            (line.number, "acl_global_path has to be a file; a folder of lists is not read by 2.4")
        )
        yield f"acl_global_path = {written(expanded(place, 'acl_global_path'))}"
    if option.startswith("cache_secs="):
        yield f"acl_cache_ttl = {option.removeprefix('cache_secs=')} secs"


def anyone(line: Line, _around: Around) -> list[str]:
    """`acl_anyone = allow`."""
    return [f"imap_acl_allow_anyone = {'yes' if line.value == 'allow' else 'no'}"]
