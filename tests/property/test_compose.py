"""From a state to files and back."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from controlplane.model import Account, Alias, Desired, Override, RegexpAlias
from controlplane.settings import catalog
from controlplane.statefiles.compose import compose
from controlplane.statefiles.tree import SETTINGS, TreeFile, read_tree
from tests.property.strategies import changed_states, desired_states, text

_settings = st.dictionaries(
    st.sampled_from(["LOG_LEVEL", "POSTMASTER_ADDRESS", "SUPERVISOR_LOGLEVEL", "VIRUSMAILS_DELETE_DELAY"]),
    st.sampled_from(["", "debug", "info", "a@b.test", "7", "warn", " x", "a #b", '"', "it's"]),
).map(lambda drawn: {k: v for k, v in drawn.items() if catalog.problem(k, v) is None})


def _valid(desired: Desired, settings: dict[str, str]) -> Desired:
    return replace(desired, settings=settings)


@given(desired_states, _settings)
def test_what_is_composed_is_read_back(desired: Desired, settings: dict[str, str]) -> None:
    """Files made of a state alone mean that state, and nothing in them is wrong."""
    desired = _valid(desired, settings)
    assert read_tree(compose(desired)) == (desired, ())


@given(changed_states(), _settings, _settings)
def test_a_base_changes_nothing_of_the_meaning(
    states: tuple[Desired, Desired], before: dict[str, str], after: dict[str, str]
) -> None:
    """Whatever the files said before, they say the wanted state, and twice is as once."""
    old, new = _valid(states[0], before), _valid(states[1], after)
    files = compose(new, compose(old))
    assert read_tree(files) == (new, ())
    assert compose(new, files) == files


@given(desired_states, st.lists(text, max_size=6).map("\n".join), text)
def test_no_base_is_too_odd(desired: Desired, odd: str, content: str) -> None:
    """A base with any text in any file does not keep the state from being written."""
    desired = _valid(desired, {})
    names = ("config/postfix-accounts.cf", "config/postfix-virtual.cf", "config/dovecot-quotas.cf", SETTINGS)
    base = {name: TreeFile(odd.encode()) for name in names} | {"README.md": TreeFile(content.encode())}
    files = compose(desired, base)
    found, problems = read_tree({name: file for name, file in files.items() if name != SETTINGS})
    assert (found, problems) == (desired, ())
    assert files["README.md"] == base["README.md"]


def test_comments_and_equal_lines_stay() -> None:
    """Only the lines that say something else go, and what is new comes behind them."""
    accounts = "# staff\nA@x.test | no\n".replace(" | no", "|{SHA}a") + "b@x.test|{SHA}b\n# end\n"
    virtual = "# lists\nall@x.test a@x.test,\n  b@x.test\nold@x.test a@x.test\n"
    base = {
        "config/postfix-accounts.cf": TreeFile(accounts.encode()),
        "config/postfix-virtual.cf": TreeFile(virtual.encode()),
        SETTINGS: TreeFile(b"# level\n#LOG_LEVEL=info\nLOG_LEVEL=debug\n"),
    }
    wanted = Desired(
        accounts={"a@x.test": Account("a@x.test", "{SHA}a"), "c@x.test": Account("c@x.test", "{SHA}c")},
        aliases={
            "all@x.test": Alias("all@x.test", ("a@x.test", "b@x.test")),
            "new@x.test": Alias("new@x.test", ("c@x.test",)),
        },
        regexps={"/^x$/": RegexpAlias("/^x$/", ("a@x.test",))},
        overrides={"dovecot.cf": Override("dovecot.cf", b"a = b\n")},
    )
    files = compose(wanted, base)
    assert (
        files["config/postfix-accounts.cf"].content == b"# staff\nA@x.test|{SHA}a\n# end\nc@x.test|{SHA}c\n"
    )
    assert files["config/postfix-virtual.cf"].content == (
        b"# lists\nall@x.test a@x.test,\n  b@x.test\nnew@x.test c@x.test\n"
    )
    assert files[SETTINGS].content == b"# level\n#LOG_LEVEL=info\n"
    assert read_tree(files) == (wanted, ())
