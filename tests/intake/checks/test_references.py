"""What files of `main` say of each other."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlplane.intake.checks import alias_graph, references
from controlplane.intake.checks.alias_graph import too_deep
from controlplane.intake.checks.references import Findings, check
from controlplane.model import Account, Alias, Desired, Override
from controlplane.statefiles.tree import TreeFile, read_tree

ACCOUNTS = b"a@example.test|{SHA}x\nb@example.test|{SHA}x\n"


def _check(virtual: str, **more: str) -> Findings:
    tree = {
        "config/postfix-accounts.cf": TreeFile(ACCOUNTS),
        "config/postfix-virtual.cf": TreeFile(virtual.encode()),
        **{f"config/postfix-{name}.cf": TreeFile(content.encode()) for name, content in more.items()},
    }
    desired, problems = read_tree(tree)
    assert problems == ()
    return check(desired, tree)


@pytest.mark.parametrize(
    ("virtual", "chain"),
    [
        ("x@example.test y@example.test\ny@example.test x@example.test\n", "x → y → x"),
        ("x@example.test a@example.test,y@example.test\ny@example.test X@example.test\n", "x → y → x"),
        ("x@example.test y@one.test\n@one.test x@example.test\n", "x → y@one.test → x"),
        ("x@example.test y+tag@example.test\ny@example.test x@example.test\n", "x → y+tag → x"),
        ("x@example.test y@other.test\n@other.test x@example.test\n", "x → y@other.test → x"),
        ("@one.test @two.test\n@two.test @one.test\n", "@one.test → @two.test → @one.test"),
        ("a@example.test b@example.test\nb@example.test a@example.test\n", "a → b → a"),
    ],
)
def test_a_loop_is_refused_with_its_way(virtual: str, chain: str) -> None:
    """Mail that would go in circles is reported with every step, at the line where it starts."""
    (problem,) = _check(virtual).problems
    assert problem.message.replace("@example.test", "") == f"alias loop: {chain}"
    assert (problem.path, problem.line) == ("config/postfix-virtual.cf", 1)
    assert problem.excerpt


@pytest.mark.parametrize(
    "virtual",
    [
        "a@example.test a@example.test\n",
        "a@example.test a@example.test,x@other.test\n",
        "a@example.test a@example.test,b@example.test\nb@example.test b@example.test,a@example.test\n",
        "a@example.test a@example.test,b@example.test\nb@example.test a@example.test\n",
        "@example.test a@example.test,b@example.test\n",
        "@example.test a@example.test\n",
        "@example.test a@example.test\na@example.test a@example.test\n",
        "x@example.test y@example.test\ny@example.test a@example.test\n"
        "z@example.test x@example.test,y@example.test",
    ],
)
def test_what_ends_somewhere_is_no_loop(virtual: str) -> None:
    """An alias that keeps a copy, a catch-all to an account and a diamond are all fine."""
    assert _check(virtual).problems == ()


@pytest.mark.parametrize(
    ("virtual", "told"),
    [
        ("@example.test x@outside.test\n", ["a@example.test, b@example.test"]),
        ("@example.test a@example.test\nb@example.test b@example.test\n", []),
        ("@other.test a@example.test\n", []),
    ],
)
def test_a_catch_all_that_takes_the_mail_of_accounts_is_a_warning(virtual: str, told: list[str]) -> None:
    """Accounts without a line of their own get nothing any more."""
    assert [warning.message.partition("too: ")[2] for warning in _check(virtual).warnings] == told


def test_a_chain_that_postfix_would_not_follow_is_refused() -> None:
    """More than a thousand steps is past virtual_alias_recursion_limit."""
    text = (
        "".join(f"x{n}@example.test x{n + 1}@example.test\n" for n in range(1001))
        + "x1001@example.test a@b.test\n"
    )
    (problem,) = _check(text).problems
    assert "more than 1000 times" in problem.message


def test_a_thousand_steps_are_followed() -> None:
    """The bound itself is allowed."""
    chain = {f"x{n}@t": Alias(f"x{n}@t", (f"x{n + 1}@t",)) for n in range(1000)}
    assert too_deep(Desired(aliases={**chain, "y@t": Alias("y@t", ("z@t",))})) == []


@pytest.mark.parametrize(
    ("virtual", "lost"),
    [
        ("x@example.test nobody@example.test\n", ["nobody@example.test"]),
        ("x@example.test a+tag@example.test,A@example.test\n", []),
        ("x@example.test someone@elsewhere.test\n", []),
        ("x@example.test nosuch\n", ["nosuch"]),
        ("x@example.test root,devnull\n", []),
        ("x@example.test test12@example.test\n", []),
    ],
)
def test_a_target_that_nobody_answers_to_is_a_warning(virtual: str, lost: list[str]) -> None:
    """A typing error in a local address is reported, but refuses nothing."""
    findings = _check(virtual, regexp="/^test[0-9]+@/ a@example.test\n", aliases="devnull: /dev/null\n")
    assert findings.problems == ()
    assert [warning.excerpt.split()[1].split(",")[0] for warning in findings.warnings] == lost


def test_only_what_a_change_touched_is_told() -> None:
    """An old warning is not repeated with every push; what a removal leaves dangling is reported."""
    account = Account("a@e.test", "{SHA}x")
    lost, kept = Alias("x@e.test", ("nobody@e.test",)), Alias("y@e.test", ("b@e.test",))
    before = Desired(
        accounts={"a@e.test": account, "b@e.test": Account("b@e.test", "{SHA}x")},
        aliases={"x@e.test": lost, "y@e.test": kept},
    )
    after = Desired(accounts={"a@e.test": account}, aliases=before.aliases)
    assert check(before, {}, before).warnings == ()
    assert [warning.message.split(",")[0] for warning in check(after, {}, before).warnings] == [
        "alias y@e.test leads to b@e.test"
    ]
    assert len(check(after, {}).warnings) == 2


def test_a_loop_that_a_removal_uncovers_is_found() -> None:
    """A catch-all may take the place of an alias that was in its way."""
    catch_all, back = Alias("@e.test", ("x@o.test",)), Alias("x@o.test", ("y@e.test",))
    end = Alias("y@e.test", ("far@away.test",))
    before = Desired(aliases={"@e.test": catch_all, "x@o.test": back, "y@e.test": end})
    after = Desired(aliases={"@e.test": catch_all, "x@o.test": back})
    assert check(before, {}).problems == ()
    (problem,) = check(after, {}, before).problems
    assert problem.message == "alias loop: y@e.test → x@o.test → y@e.test"


def test_entries_for_nobody_are_a_warning() -> None:
    """A quota or a restriction without its account is reported with its line, and refuses nothing."""
    tree = {
        "config/postfix-accounts.cf": TreeFile(ACCOUNTS),
        "config/postfix-virtual.cf": TreeFile(b"info@example.test a@example.test\n"),
        "config/dovecot-quotas.cf": TreeFile(b"a@example.test:1G\n# note\ngone@example.test:1G\n"),
        "config/postfix-send-access.cf": TreeFile(b"nobody@example.test REJECT\nspam@other.test REJECT\n"),
        "config/postfix-receive-access.cf": TreeFile(b"b@example.test REJECT\ninfo@example.test REJECT\n"),
    }
    desired, problems = read_tree(tree)
    assert problems == ()
    findings = check(desired, tree)
    assert findings.problems == ()
    assert [(w.path, w.line) for w in findings.warnings] == [
        ("config/dovecot-quotas.cf", 3),
        ("config/postfix-send-access.cf", 1),
    ]
    assert check(desired, tree, desired).warnings == ()
    without = replace(desired, accounts={"b@example.test": desired.accounts["b@example.test"]})
    left = check(replace(without, aliases={}), tree, desired).warnings
    assert [(w.path, w.line) for w in left] == [
        ("config/dovecot-quotas.cf", 1),
        ("config/postfix-receive-access.cf", 2),
    ]


def test_an_account_that_masters_would_hide_is_refused() -> None:
    """Dovecot parts names at a star where there is a master; without one any name can log in.

    One that an older version took beside masters stays, so that others' changes pass.
    """
    files = {
        "config/postfix-accounts.cf": TreeFile(b"a@example.test|{SHA}x\n# b*c\nb*c@example.test|{SHA}x\n")
    }
    alone, problems = read_tree(files)
    assert problems == ()
    assert check(alone, files).problems == ()
    both = {**files, "config/dovecot-masters.cf": TreeFile(b"admin|{SHA}x\n")}
    desired, problems = read_tree(both)
    assert problems == ()
    for before in (None, alone):  # the account is new, and the master is
        (problem,) = check(desired, both, before).problems
        assert (problem.path, problem.line, problem.column) == ("config/postfix-accounts.cf", 3, 1)
        assert "name of one" in problem.message
        assert "without *" in problem.cure
        assert problem.excerpt == "b*c@example.test|…"
    assert check(desired, both, desired).problems == ()


def _wide(count: int, name: str = "all") -> str:
    return f"{name}@example.test " + ",".join(f"{name}{n}@far.test" for n in range(count)) + "\n"


@pytest.mark.parametrize(
    ("virtual", "main_cf", "found"),
    [
        (_wide(1001), "", "1001"),
        (_wide(600) + _wide(500, "more") + "x@example.test all@example.test,more@example.test\n", "", "1100"),
        (_wide(20), "virtual_alias_expansion_limit = 10\n", "20"),
        (_wide(400) + "x@example.test all@example.test,all+a@example.test,all+b@example.test\n", "", "1200"),
        (_wide(999) + "x@example.test x@example.test,a@example.test,all@example.test\n", "", "1001"),
        ("@one.test all@example.test,b@example.test\nx@example.test y@one.test\n" + _wide(1000), "", "1001"),
    ],
)
def test_an_alias_of_too_many_is_refused_with_the_limit(virtual: str, main_cf: str, found: str) -> None:
    """Postfix would take mail for it and defer it for ever; aliases of aliases are counted."""
    problems = _check(virtual, **({"main": main_cf} if main_cf else {})).problems
    assert problems
    assert f"comes to {found} recipients" in problems[0].message
    assert "virtual_alias_expansion_limit" in problems[0].message
    assert problems[0].line


@pytest.mark.parametrize(
    ("virtual", "main_cf"),
    [(_wide(1000), ""), (_wide(1500), "virtual_alias_expansion_limit = 1500\n")],
)
def test_an_alias_within_the_limit_passes(virtual: str, main_cf: str) -> None:
    """Postfix's own, or the one that postfix-main.cf sets."""
    assert _check(virtual, **({"main": main_cf} if main_cf else {})).problems == ()


def test_a_wide_alias_of_before_does_not_hold_up_other_changes() -> None:
    """What the log has already does not block a change elsewhere."""
    tree = {"config/postfix-virtual.cf": TreeFile(_wide(1001).encode())}
    before, _ = read_tree(tree)
    tree["config/postfix-accounts.cf"] = TreeFile(ACCOUNTS)
    tree["config/postfix-virtual.cf"] = TreeFile((_wide(1001) + "x@example.test a@example.test\n").encode())
    after, _ = read_tree(tree)
    assert check(after, tree, before).problems == ()


_names = st.sampled_from(
    [f"{word}@example.test" for word in ("a", "b", "xa", "a+t", "c", "")]
    + [f"{word}@example.net" for word in ("a", "b+t", "")]
)
_aliases = st.dictionaries(
    _names, st.lists(_names, min_size=1, max_size=3, unique=True).map(tuple), max_size=5
)


@pytest.mark.parametrize(
    "rows",
    [
        {"xa@t": ("a+t@t", "c@t"), "a@t": ("xa@t", "a@t")},
        {"b@t": ("c@t", "a+t@t"), "a@t": ("b@t", "xa@t", "a@t")},
    ],
)
def test_a_copy_is_kept_under_a_tag_too(rows: dict[str, tuple[str, ...]]) -> None:
    """The tag stays with each target (propagate_unmatched_extensions): a+t names itself, as a does."""
    desired = Desired(aliases={name: Alias(name, to) for name, to in rows.items()})
    assert references.check(desired, {}).problems == ()
    assert too_deep(desired, 1, tuple(rows)) == []


def test_circles_have_a_depth() -> None:
    """Whoever asks before circles are refused gets an answer."""
    rows = {"a@t": ("b@t",), "b@t": ("c@t", "a@t"), "c@t": ("a@t", "d@t")}
    desired = Desired(aliases={name: Alias(name, to) for name, to in rows.items()})
    assert too_deep(desired, 9, tuple(rows)) == []


def test_what_waits_for_its_turn_counts() -> None:
    """An alias whose targets lead to each other comes to as many recipients as Postfix counts."""
    rows = {"a@t": ("b@t", "c@t"), "c@t": ("b@t",), "b@t": tuple(f"{number}@else" for number in range(5))}
    desired = Desired(aliases={name: Alias(name, to) for name, to in rows.items()})
    assert dict(alias_graph.too_wide(desired, 5)) == {"a@t": 10}


@given(_aliases, _names, st.lists(_names, min_size=1, max_size=3, unique=True).map(tuple))
def test_a_new_alias_is_judged_as_if_all_were(
    known: dict[str, tuple[str, ...]], source: str, targets: tuple[str, ...]
) -> None:
    """Where nobody leads to it, it is looked at alone, with the same result."""

    def desired(rows: dict[str, tuple[str, ...]]) -> Desired:
        limits = b"virtual_alias_recursion_limit = 2\nvirtual_alias_expansion_limit = 2\n"
        return Desired(
            aliases={name: Alias(name, to) for name, to in rows.items()},
            overrides={"postfix-main.cf": Override("postfix-main.cf", limits)},
        )

    def files(rows: dict[str, tuple[str, ...]]) -> dict[str, TreeFile]:
        text = "".join(f"{name} {','.join(to)}\n" for name, to in rows.items())
        return {"config/postfix-virtual.cf": TreeFile(text.encode())}

    if references.check(desired(known), files(known)).problems:
        return
    new = {**known, source: targets}
    alone = references.check(desired(new), files(new), desired(known))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alias_graph, "nobody_leads_to", lambda *_: False)
        assert alone == references.check(desired(new), files(new), desired(known))
