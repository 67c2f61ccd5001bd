"""How plans read."""

from __future__ import annotations

from controlplane.errors import Problem
from controlplane.events import AccountAdded, AliasAdded, SettingChanged
from controlplane.intake.plan import FileChange, Notice, Plan, as_dict
from controlplane.words.plans import markdown, plan_lines

HASH = "{SHA512-CRYPT}$6$secret"
PLAN = Plan(
    events=(
        AliasAdded(source="info@example.test", targets=("user1@example.test",)),
        SettingChanged(name="TLS_LEVEL", old="modern", new="intermediate"),
    ),
    files=(
        FileChange("etc/postfix/main.cf", "postfix", 2, 1),
        FileChange("etc/postfix/virtual", "postfix", 1, 0),
    ),
    actions={"postfix": "reload"},
    running=("dovecot", "postfix"),
    warnings=(Notice("TLS_LEVEL", "weakens TLS"),),
)


def test_a_plan_tells_events_counts_files_and_actions() -> None:
    """One line per event with its warning, the counts, one line per service."""
    assert plan_lines(PLAN) == [
        "  + alias.added         info@example.test → user1@example.test",
        "  ~ setting.changed     TLS_LEVEL  modern → intermediate   ⚠ weakens TLS",
        "Plan: 1 to add, 1 to change, 0 to remove.",
        "  dovecot   —",
        "  postfix   main.cf +2 −1, virtual +1   reload",
    ]


def test_no_form_of_a_plan_shows_a_password_hash() -> None:
    """Text, Markdown and JSON leave it out."""
    plan = Plan(events=(AccountAdded(address="user1@example.test", password_hash=HASH),))
    for shown in (str(plan_lines(plan)), markdown(plan), str(as_dict(plan))):
        assert "secret" not in shown
        assert "user1@example.test" in shown


def test_the_value_of_a_secret_setting_is_not_shown() -> None:
    """Neither the old nor the new one."""
    plan = Plan(events=(SettingChanged(name="RELAY_PASSWORD", old="hush", new="psst"),))
    assert "psst" not in str(plan_lines(plan)) + str(as_dict(plan))
    assert "hush" not in str(plan_lines(plan)) + str(as_dict(plan))


def test_many_events_are_counted_not_told() -> None:
    """A push of a thousand accounts stays readable."""
    events = tuple(AliasAdded(source=f"a{n}@example.test", targets=("b@example.test",)) for n in range(1000))
    lines = plan_lines(Plan(events=events))
    assert len(lines) < 50
    assert "Plan: 1000 to add, 0 to change, 0 to remove." in lines


def test_a_problem_without_a_file_has_no_empty_place() -> None:
    """A comment on a pull request names a place where there is one."""
    problems = (
        Problem("config/x.cf", 14, "that is wrong", "write it right"),
        Problem("", 0, "too much", "less"),
    )
    assert markdown(Plan(problems=problems)) == (
        "### ✗ This would be refused\n\n- `config/x.cf:14` that is wrong: write it right\n- too much: less\n"
    )
