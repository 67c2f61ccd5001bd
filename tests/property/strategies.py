"""Values to draw: addresses, states, and every event there is."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from controlplane.events import Event
from controlplane.model import Account, Alias, Desired, Master, Override, RegexpAlias

words = st.text("abcdefgh0123456789", min_size=1, max_size=6)
addresses = st.builds("{}@{}.test".format, words, words)
hashes = st.builds("{{SHA512-CRYPT}}$6${}".format, words)
attributes = st.sampled_from(["", "userdb_mail=maildir:~/mail", "a=1 b=2"])
targets = st.lists(addresses, min_size=1, max_size=3, unique=True).map(tuple)
patterns = st.builds("/^{}@/".format, words)
names = st.sampled_from(["ENABLE_RSPAMD", "SPOOF_PROTECTION", "TLS_LEVEL", "LOG_LEVEL"])
values = st.text("01abc ", max_size=4)
paths = st.builds("rspamd/{}.conf".format, words)
text = st.text(st.characters(codec="utf-8"), max_size=20)

accounts = st.builds(Account, addresses, hashes, attributes)
aliases = st.builds(Alias, addresses | words.map("@{}.test".format), targets)
regexps = st.builds(RegexpAlias, patterns, targets)
sizes = st.builds("{}{}".format, st.integers(0, 10**6), st.sampled_from(["", "B", "k", "M", "G", "T"]))
masters = st.builds(Master, words, hashes, attributes)
senders = addresses | words.map("@{}.test".format)
hosts = st.sampled_from(["", "[relay.test]:587", "relay.test", "[192.0.2.1]:2525"])
sealed = st.just("age:" + "A" * 200)
credentials = st.builds("{}:{}".format, words, words | sealed)
actions = st.sampled_from(["REJECT", "OK", "DISCARD gone", "550 5.7.1 no"])
overrides = st.builds(Override, paths, st.binary(max_size=20), st.booleans())


def _by(key: str, rows: st.SearchStrategy[Any], most: int = 8) -> st.SearchStrategy[dict[str, Any]]:
    def keyed(drawn: list[Any]) -> dict[str, Any]:
        return {getattr(row, key): row for row in drawn}

    return st.lists(rows, max_size=most, unique_by=lambda row: getattr(row, key)).map(keyed)


desired_states = st.builds(
    Desired,
    accounts=_by("address", accounts),
    aliases=_by("source", aliases),
    regexps=_by("pattern", regexps),
    settings=st.dictionaries(names, values),
    overrides=_by("path", overrides),
    quotas=st.dictionaries(addresses, sizes, max_size=8),
    masters=_by("name", masters),
    relay_routes=st.dictionaries(senders, hosts, max_size=8),
    relay_credentials=st.dictionaries(senders | hosts.filter(bool), credentials, max_size=8),
    send_access=st.dictionaries(addresses, actions, max_size=8),
    receive_access=st.dictionaries(addresses, actions, max_size=8),
)

TABLES = ("quotas", "masters", "relay_routes", "relay_credentials", "send_access", "receive_access")


@st.composite
def changed_states(draw: st.DrawFn) -> tuple[Desired, Desired]:
    """Two states that share much: some rows stay, some change their place, some come, some go."""
    old, other = draw(desired_states), draw(desired_states)
    return old, Desired(
        accounts=draw(_mixed(old.accounts, other.accounts)),
        aliases=draw(_mixed(old.aliases, other.aliases)),
        regexps=draw(_mixed(old.regexps, other.regexps)),
        settings=other.settings,
        overrides=draw(_mixed(old.overrides, other.overrides)),
        **{part: draw(_mixed(getattr(old, part), getattr(other, part))) for part in TABLES},
    )


def _mixed(old: Any, other: Any) -> st.SearchStrategy[dict[str, Any]]:
    pool = list({**old, **other}.items())
    if not pool:
        return st.just({})
    return st.lists(st.sampled_from(pool), unique_by=lambda item: item[0]).map(dict)


def events_of(event: type[Event]) -> st.SearchStrategy[Event]:
    """Any event of a class, drawn from the types of its fields alone."""
    return st.builds(event, **{name: _of(spec.annotation) for name, spec in event.model_fields.items()})


def _of(annotation: Any) -> st.SearchStrategy[Any]:
    known: dict[Any, st.SearchStrategy[Any]] = {
        str: text,
        int: st.integers(0, 10**9),
        float: st.floats(0, 1e6),
        bool: st.booleans(),
        bytes: st.binary(max_size=50),
        str | None: st.none() | text,
        tuple[str, ...]: st.lists(text, max_size=4).map(tuple),
        dict[str, str]: st.dictionaries(text, text, max_size=3),
    }
    return known[annotation]
