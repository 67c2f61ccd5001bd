"""The rewriting of what is neither mail's place, quota, Sieve, search nor logins."""

from __future__ import annotations

import re
from collections.abc import Iterator

from renderers.dovecot.dialects.fates import Around, Rewrite, block
from renderers.dovecot.dialects.syntax import Line, written
from renderers.dovecot.dialects.values import expanded, path
from renderers.dovecot.dialects.variables import Untranslatable

_YES = ("yes", "y", "1")
_LEVELS = {"gz": "compress_gz_level", "zstd": "compress_zstd_level", "bz2": "compress_bz2_block_size_100k"}
_CATEGORY = re.compile(r"category=(\w+)")
_GONE_PLUGINS = {
    "fts_lucene": "fts_flatcurve",
    "fts_squat": "fts_flatcurve",
    "imap_old_stats": "metric blocks",
    "listescape": "mailbox_list_storage_escape_char",
    "mailbox_alias": "",
    "old_stats": "metric blocks",
    "replication": "",
}
_RENAMED_PLUGINS = {"zlib": "mail_compress", "imap_zlib": "", "var_expand_crypt": "var_expand_crypt"}


def yes(line: Line) -> bool:
    """Whether a switch is on, as Dovecot reads it."""
    return line.value.lower() in _YES


def inverted(name: str) -> Rewrite:
    """A switch that says the opposite."""
    return lambda line, _around: [f"{name} = {'no' if yes(line) else 'yes'}"]


def switched(name: str, on: str, off: str) -> Rewrite:
    """A switch that has words now."""
    return lambda line, _around: [f"{name} = {on if yes(line) else off}"]


def debugs(category: str) -> Rewrite:
    """What is logged in detail: the settings of 2.3 add up, log_debug is one filter."""

    def write(line: Line, around: Around) -> list[str]:
        if not yes(line):
            return []
        around.debug = list(dict.fromkeys([*around.debug, f"category={category}"]))
        return [f"log_debug = {' OR '.join(around.debug)}"]

    return write


def log_debug(line: Line, around: Around) -> list[str]:
    """A filter of one's own, which the switches behind it add to."""
    around.debug = [line.value] if line.value else []
    return [f"log_debug = {line.value}".rstrip()]


def in_block(head: str, name: str, unit: str = "") -> Rewrite:
    """A setting that is said in a block."""
    return lambda line, _around: block(head, f"{name} = {written(expanded(line.value, name))}{unit}")


def unlimited(name: str) -> Rewrite:
    """A number of which 0 said that there is no limit."""

    def write(line: Line, _around: Around) -> list[str]:
        given = "unlimited" if re.fullmatch(r"0+\s*[A-Za-z]?", line.value) else line.value
        return [f"{name} = {given}"]

    return write


def plugins(line: Line, around: Around) -> list[str]:
    """`mail_plugins`, without plugins that are gone or built in."""
    given = line.value.split()
    for word in given:
        if word in _GONE_PLUGINS:
            nearest = _GONE_PLUGINS[word]
            raise Untranslatable(f"2.4 has no plugin {word}", f"the nearest is {nearest}" if nearest else "leave it out")
    adds = "$mail_plugins" in given and not line.quoted
    kept = [_RENAMED_PLUGINS.get(word, word) for word in given if word != "$mail_plugins"]
    if any(word.startswith("$") for word in kept):
        raise Untranslatable("mail_plugins refers to another setting", "write the names of the plugins")
    kept = [word for word in kept if word]
    if "push_notification" in kept:
        around.notices.append((line.number, "push_notification needs a `push_notification NAME` block in 2.4"))
    if not adds:
        return [f"mail_plugins = {' '.join(kept)}".rstrip()]
    return block("mail_plugins", *(f"{word} = yes" for word in kept)) if kept else []


def identity(line: Line, _around: Around) -> list[str]:
    """`imap_id_send = name * version *`."""
    given = line.value.split()
    if len(given) % 2:
        raise Untranslatable("imap_id_send is names and values in turn", "write name * version *")
    return block("imap_id_send", *(f"{name} = {value}" for name, value in zip(given[::2], given[1::2], strict=True)))


def tls_options(line: Line, _around: Around) -> list[str]:
    """`ssl_options`, of which no_compression is always so now."""
    kept = [word for word in line.value.split() if word not in ("no_compression", "compression")]
    return [f"ssl_options = {' '.join(kept)}"] if kept else []


def oldest_tls(line: Line, _around: Around) -> list[str]:
    """`ssl_min_protocol`."""
    if line.value == "SSLv3":
        raise Untranslatable("2.4 speaks no SSLv3", "write ssl_min_protocol = TLSv1.2")
    return [f"ssl_min_protocol = {line.value}"]


def level(line: Line, _around: Around) -> list[str]:
    """`zlib_save_level`, which each method has a setting of its own for."""
    method = line.within.get("zlib_save") if line.within else None
    if method is None or method.value not in _LEVELS:
        raise Untranslatable("each method has a level of its own in 2.4", "set zlib_save beside it, to gz or zstd")
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
        around.notices.append((line.number, "acl_global_path has to be a file; a folder of lists is not read by 2.4"))
        yield f"acl_global_path = {written(expanded(place, 'acl_global_path'))}"
    if option.startswith("cache_secs="):
        yield f"acl_cache_ttl = {option.removeprefix('cache_secs=')} secs"


def anyone(line: Line, _around: Around) -> list[str]:
    """`acl_anyone = allow`."""
    return [f"imap_acl_allow_anyone = {'yes' if line.value == 'allow' else 'no'}"]


def greeter(line: Line, _around: Around) -> list[str]:
    """`welcome_script = welcome %u`."""
    program, _, arguments = line.value.partition(" ")
    given = [f"args = {written(expanded(arguments.strip(), 'execute_args'))}"] if arguments.strip() else []
    return block("welcome", *block(f"execute {program}", *given))


def special_use(line: Line, _around: Around) -> list[str]:
    """What a folder is for; `\\` is kept as it is written."""
    return [f"special_use = {written(line.value)}"]
