"""user-patches.sh: on fresh files, once for what concerns it, undone with its release, kept over restarts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from agent.apply.engine import Request
from agent.apply.user_patches.script import SCRIPT, VARIABLES, Result, read_variables, run_script
from agent.apply.user_patches.unmanaged_files import UnmanagedFiles
from agent.records.journal import Applied
from services import NODE_SERVICES
from services.base import NodeServices
from tests.agent.conftest import World, entry, make_world, restart_agent, sample

MAIN, USERDB, LOCAL = "etc/postfix/main.cf", "etc/dovecot/userdb", "etc/dovecot/local.conf"
Script = Callable[[Path], str]


class Patcher:
    """The script's place: a function on the root, how often it ran, what it was to fail with."""

    def __init__(self, world: World) -> None:
        self.root, self.runs, self.failure = world.root, 0, ""
        self.change: Callable[[], None] = self.append
        world.node.script = self

    def __call__(self, _script: Path, _variables: Mapping[str, str], _redact: Callable[[str], str]) -> Result:
        self.runs += 1
        self.change()
        return Result(self.failure, 3 if self.failure else 0)

    def append(self) -> None:
        """`echo patched >> main.cf`, which adds up where files are not fresh."""
        for path in (MAIN, LOCAL):
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            with (self.root / path).open("a") as file:
                file.write("patched\n")


def release(world: World, script: str = "echo\n", **contents: str) -> Request:
    """A release with a script (none for "")."""
    files = sample(**contents) | ({SCRIPT: script, VARIABLES: "LOG_LEVEL=info\n"} if script else {})
    rows = {path: entry(path) for path in files}
    for path in files.keys() & {SCRIPT, VARIABLES}:
        rows[path] = rows[path] | {"service": "patches", "mode": "0700"}
    return world.repository.release(files, files=rows)


@pytest.fixture
def patcher(world: World) -> Patcher:
    """A world that serves a patched release."""
    made = Patcher(world)
    assert world.engine.apply(release(world))["outcome"] == "applied"
    world.programs.calls.clear()
    return made


@pytest.mark.shows("user-patches.sh", "user-patches")
def test_each_run_starts_from_fresh_files(world: World, patcher: Patcher) -> None:
    """What the script appends does not add up, in managed files and in others."""
    for number in (2, 3):
        outcome = world.engine.apply(release(world, main=f"main {number}\n"))
        assert outcome["outcome"] == "applied"
        assert world.text(MAIN) == f"main {number}\npatched\n"
        assert world.text(LOCAL) == "patched\n"
    assert patcher.runs == 3
    assert list(outcome["observed"]["patched"]) == [MAIN]


def test_its_effect_is_no_drift(world: World, patcher: Patcher) -> None:
    """A file has not drifted only while it is as the script left it."""
    assert patcher.runs == 1
    assert world.node.drifted(world.node.release) == []
    (world.root / MAIN).write_text("somebody's\n")
    assert world.node.drifted(world.node.release) == [MAIN]


def test_accounts_do_not_run_it(world: World, patcher: Patcher) -> None:
    """A table that the script leaves alone is replaced as without a script, and no service is reloaded."""
    outcome = world.engine.apply(release(world, userdb="new account\n"))
    assert (outcome["outcome"], outcome["actions"], world.programs.calls) == ("applied", {}, [])
    assert patcher.runs == 1
    assert world.text(MAIN) == "main 1\npatched\n"
    assert world.node.drifted(world.node.release) == []


def test_a_table_that_it_changes_runs_it(world: World, patcher: Patcher) -> None:
    """The new table is patched as the old one was."""

    def change() -> None:
        (patcher.root / USERDB).write_text((patcher.root / USERDB).read_text() + "its own\n")

    patcher.change = change
    world.engine.apply(release(world, script="another\n"))
    world.engine.apply(release(world, script="another\n", userdb="new account\n"))
    assert world.text(USERDB) == "new account\nits own\n"


def test_only_what_differs_in_the_end_is_told(world: World, patcher: Patcher) -> None:
    """A patched file that ends as it was reloads no service."""
    outcome = world.engine.apply(release(world, dovecot="dovecot 2\n"))
    assert (patcher.runs, outcome["actions"]) == (2, {"dovecot": "reload"})
    patcher.change = lambda: None
    outcome = world.engine.apply(release(world, script="other\n", dovecot="dovecot 2\n"))
    assert outcome["actions"] == {"postfix": "reload", "dovecot": "reload"}  # local.conf is Dovecot's
    assert world.text(MAIN) == "main 1\n"


def test_without_the_script_files_are_as_rendered(world: World, patcher: Patcher) -> None:
    """Deleting it undoes what it did, and reloads the services concerned."""
    outcome = world.engine.apply(release(world, script=""))
    assert (outcome["outcome"], world.text(MAIN), patcher.runs) == ("applied", "main 1\n", 1)
    assert outcome["actions"]["postfix"] == "reload"
    assert not (world.root / LOCAL).exists()
    assert outcome["observed"]["patched"] == {}


def test_a_new_failure_rolls_back(world: World, patcher: Patcher) -> None:
    """The release is rolled back, with the script's line; what was patched before is so again."""
    patcher.failure = "user-patches.sh ended with status 1: no such file"
    (world.root / LOCAL).write_text("patched\n")
    outcome = world.engine.apply(release(world, script="bad\n", main="main 2\n"))
    assert (outcome["outcome"], outcome["path"], outcome["line"]) == ("rolled_back", SCRIPT, 3)
    assert "no such file" in outcome["reason"]
    assert (world.text(MAIN), world.text(LOCAL)) == ("main 1\npatched\n", "patched\n")
    assert world.node.drifted(world.node.release) == []
    again = world.engine.apply(release(world, script="bad\n", main="main 2\n"))
    assert (again["outcome"], patcher.runs) == ("quarantined", 2)
    other = world.engine.apply(release(world, script="bad\n", main="main 2\n", userdb="account\n"))
    assert (other["outcome"], patcher.runs, world.text(USERDB)) == ("applied", 2, "account\n")
    assert [row["path"] for row in other["held"]] == [SCRIPT]
    patcher.failure = ""
    assert world.engine.apply(release(world, main="main 3\n"))["outcome"] == "applied"
    assert world.text(MAIN) == "main 3\npatched\n"


def test_a_service_that_fails_brings_the_patched_files_back(world: World, patcher: Patcher) -> None:
    """A rollback after a failed probe ends with the patch in place, too."""
    world.broken.add("deadly")
    assert world.engine.apply(release(world, main="deadly\n"))["outcome"] == "rolled_back"
    assert world.text(MAIN) == "main 1\npatched\n"
    assert patcher.runs == 2


def test_with_nothing_to_go_back_to_the_server_serves(world: World) -> None:
    """On the first start a failure is reported and blocks nothing; nor does the same one later."""
    patcher = Patcher(world)
    patcher.failure = "user-patches.sh ended with status 1"
    outcome = world.engine.apply(release(world))
    assert (outcome["outcome"], outcome["observed"]["patch_failure"]) == ("applied", patcher.failure)
    assert world.text(MAIN) == "main 1\npatched\n"
    assert world.engine.apply(release(world, main="main 2\n"))["outcome"] == "applied"


@pytest.mark.parametrize("kind", ["new container", "new agent"])
def test_a_start_runs_it_once_a_container(world: World, patcher: Patcher, kind: str) -> None:
    """A new container has fresh files and runs it; an agent that is started again leaves all as it is."""
    if kind == "new container":
        (world.node.paths.run / "patched").unlink()
    again = start_again(world)
    assert again[1].runs == (1 if kind == "new container" else 0)
    assert again[0].text(MAIN) == "main 1\npatched\n"
    assert again[0].node.drifted(again[0].node.release) == []


def test_a_failure_at_a_start_keeps_nobody_from_serving(world: World, patcher: Patcher) -> None:
    """The services start, and the failure is known."""
    assert patcher.runs == 1
    (world.node.paths.run / "patched").unlink()
    after, _ = start_again(world, failure="user-patches.sh was killed after 60 s")
    assert after.node.applied.patch_failure == "user-patches.sh was killed after 60 s"
    assert {"postfix", "dovecot"} <= after.programs.running


def start_again(world: World, failure: str = "") -> tuple[World, Patcher]:
    """A new agent on what is there, with the same script."""
    made: list[Patcher] = []

    def patched(root: Path) -> World:
        new = make_world(root)
        made.append(Patcher(new))
        made[0].failure = failure
        return new

    return restart_agent(world, patched), made[0]


def test_a_run_cut_short_is_done_again_from_fresh_files(world: World, patcher: Patcher) -> None:
    """A half-written file is neither kept nor patched twice."""
    assert patcher.runs == 1
    (world.root / MAIN).write_text("main 1\npat")
    after, again = start_again(world)
    assert (after.text(MAIN), again.runs) == ("main 1\npatched\n", 1)


def test_it_is_run_by_bash_with_its_settings(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """It need not be executable; what it says is in the log, its first complaints are the reason."""
    script = tmp_path / "user-patches.sh"
    script.write_text('echo "is $LOG_LEVEL"\nnot-a-command\nexit 3\n')
    result = run_script(script, {"LOG_LEVEL": "debug"}, lambda text: text)
    assert "ended with status 3" in result.failure
    assert "not-a-command" in result.failure
    assert result.line == 2
    assert "user-patches.sh: is debug" in capfd.readouterr().err


def test_secrets_of_the_environment_are_masked(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Neither the reason nor the log shows a password."""
    script = tmp_path / "user-patches.sh"
    script.write_text('echo "$RELAY_PASSWORD" >&2\nexit 1\n')
    result = run_script(script, {"RELAY_PASSWORD": "hunter22"}, lambda text: text)
    assert "hunter22" not in result.failure + capfd.readouterr().err


def test_a_script_that_hangs_is_killed(tmp_path: Path) -> None:
    """With all that it started; one that it left in the background does not hold the agent."""
    script = tmp_path / "user-patches.sh"
    script.write_text("sleep 60\n")
    assert "was killed after" in run_script(script, {}, lambda text: text, deadline=0.2).failure
    script.write_text("sleep 2 &\n")
    assert run_script(script, {}, lambda text: text, deadline=1.5) == Result()


def test_variables_keep_what_follows_the_first_sign() -> None:
    """A value may hold equals signs."""
    assert read_variables(b"A=b=c\n\nB=\n") == {"A": "b=c", "B": ""}


def around(root: Path) -> UnmanagedFiles:
    """As a new agent has it."""
    return UnmanagedFiles(root, root / "kept", NodeServices(NODE_SERVICES))


def test_surroundings_leave_what_others_did(tmp_path: Path) -> None:
    """Put back is only what is as the script left it; the rest is named."""
    (tmp_path / "etc/postfix").mkdir(parents=True)
    hosts, table = tmp_path / "etc/host.conf", tmp_path / "etc/postfix/table"
    hosts.write_text("one\n")

    def run() -> set[str]:
        made = around(tmp_path)
        made.begin({})
        with hosts.open("a") as file:
            file.write("two\n")
        table.write_text("x\n")
        found = made.learn({})
        made.settle()
        return found

    assert run() == {"etc/host.conf", "etc/postfix/table"}
    assert run() == set()
    assert hosts.read_text() == "one\ntwo\n"
    hosts.write_text("somebody\n")
    run()
    assert hosts.read_text() == "somebody\ntwo\n"
    table.write_text("somebody's, too\n")
    made = around(tmp_path)
    made.begin({})
    assert (hosts.read_text(), table.read_text()) == ("somebody\n", "somebody's, too\n")
    assert made.leftovers() == ["etc/postfix/table"]
    made.undo()
    assert hosts.read_text() == "somebody\ntwo\n"


@pytest.mark.parametrize("cut", ["undone", "next run", "killed", "killed at a start"])
def test_everything_that_a_script_does_is_undone(tmp_path: Path, cut: str) -> None:
    """Files, folders and links that come, change, lose their mode or go, wherever such scripts work."""
    before = scenery(tmp_path)
    made = around(tmp_path)
    made.begin({"etc/postfix/main.cf"})
    (tmp_path / "etc/cron.d/job").write_text("* * * * * root true\n")
    (tmp_path / "etc/dovecot/conf.d/99.conf").write_text("mine\n")
    (tmp_path / "etc/new/deep").mkdir(parents=True)
    (tmp_path / "etc/new/deep/file").write_text("x")
    (tmp_path / "usr/lib/dovecot/sieve-pipe/run.sh").write_text("#!/bin/sh\n")
    (tmp_path / "var/spool/cron/crontabs/root").write_text("* * * * * true\n")
    (tmp_path / "etc/default/there").chmod(0o600)
    (tmp_path / "etc/logrotate.d/gone").unlink()
    (tmp_path / "etc/cron.daily/gone").rmdir()
    (tmp_path / "etc/link").unlink()
    (tmp_path / "etc/link").symlink_to("default/there")
    (tmp_path / "etc/postfix/main.cf").write_text("managed\n")
    if not cut.startswith("killed"):
        made.learn({"etc/postfix/main.cf"})
    if cut == "next run":
        made.settle()
        made = around(tmp_path)
        made.begin({"etc/postfix/main.cf"})
    elif cut == "killed at a start":
        around(tmp_path).begin({"etc/postfix/main.cf"})
    else:
        around(tmp_path).undo()
    assert seen(tmp_path) == before | {"etc/postfix/main.cf": ("managed\n", 0o644)}
    assert around(tmp_path).leftovers() == []


def test_what_a_package_brings_stays(tmp_path: Path) -> None:
    """A file that dpkg lists, and what its installation makes elsewhere; the script's own go all the same."""
    scenery(tmp_path)
    made = around(tmp_path)
    made.begin({})
    (tmp_path / "etc/cron.d/package").write_text("its\n")
    (tmp_path / "etc/cron.d/own").write_text("own\n")
    (tmp_path / "etc/package.conf").write_text("made\n")
    (tmp_path / "var/lib/dpkg/status").write_text("more")
    (tmp_path / "var/lib/dpkg/info/package.list").write_text("/etc\n/etc/cron.d/package\n")
    assert made.learn({}) == {"etc/cron.d/own"}


def scenery(root: Path) -> dict[str, tuple[str, int]]:
    """Places of a container; returns how they are."""
    for folder in (
        "etc/cron.d", "etc/cron.daily/gone", "etc/dovecot/conf.d", "etc/default", "etc/logrotate.d",
        "etc/postfix", "usr/lib/dovecot/sieve-pipe", "var/spool/cron/crontabs", "var/lib/dpkg/info",
    ):  # fmt: skip
        (root / folder).mkdir(parents=True)
    for file in ("etc/default/there", "etc/logrotate.d/gone", "etc/postfix/main.cf", "var/lib/dpkg/status"):
        (root / file).write_text(f"{file}\n")
    (root / "etc/link").symlink_to("nowhere")
    return seen(root)


def seen(root: Path) -> dict[str, tuple[str, int]]:
    """Everything but the records: content or what it is, and mode."""
    found = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if name.startswith(("kept", "var/lib")):
            continue
        text = f"-> {path.readlink()}" if path.is_symlink() else "/" if path.is_dir() else path.read_text()
        found[name] = (text, path.lstat().st_mode & 0o777)
    return found


@pytest.mark.parametrize("after", ["release", "start"])
def test_a_script_that_only_added_files_is_undone(world: World, after: str) -> None:
    """What it added goes with it and its service is reloaded; a start finds what an older agent left."""
    patcher = Patcher(world)
    job, added = world.root / "etc/cron.d/job", world.root / "etc/dovecot/conf.d/99.conf"

    def change() -> None:
        for path in (job, added):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("added\n")

    patcher.change = change
    world.engine.apply(release(world))
    assert job.exists()
    assert added.exists()
    without = release(world, script="")
    if after == "release":
        assert world.engine.apply(without)["actions"] == {"dovecot": "reload"}
    else:
        world.node.journal.set_applied(Applied(without.commit, without.number))
        restart_agent(world)
    assert not job.exists()
    assert not added.exists()
    assert not world.node.unmanaged_files.has_effect


def test_a_failed_run_leaves_nothing(world: World) -> None:
    """The first script fails: what it had made by then is gone with it."""
    world.apply()
    patcher = Patcher(world)
    patcher.failure = "user-patches.sh ended with status 1"
    assert world.engine.apply(release(world))["outcome"] == "rolled_back"
    assert not (world.root / LOCAL).exists()
    assert world.text(MAIN) == "main 1\n"


def test_a_run_that_is_killed_leaves_nothing(world: World) -> None:
    """Nor does one whose agent died in the middle."""
    world.apply()
    patcher = Patcher(world)

    def die() -> None:
        patcher.append()
        raise KeyboardInterrupt

    patcher.change = die
    with pytest.raises(KeyboardInterrupt):
        world.engine.apply(release(world))
    after = restart_agent(world)
    assert not (world.root / LOCAL).exists()
    assert after.text(MAIN) == "main 1\n"


def test_the_outcome_names_digests(world: World, patcher: Patcher) -> None:
    """Mode and blob id of what the script left."""
    found: Any = world.node.observed()["patched"]
    assert found[MAIN].startswith("0644 ")
    assert patcher.runs == 1
