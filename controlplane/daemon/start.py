"""Everything between the start of the process and its first answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from controlplane import secrets
from controlplane.daemon.asking import Ask
from controlplane.daemon.core import Daemon
from controlplane.daemon.environment import with_files
from controlplane.daemon.log import log
from controlplane.errors import MailserverError, Refused
from controlplane.events import Event, StoreRepaired
from controlplane.git import OF_THE_CONTROL_FOLDER, Change, NewFile, full_name, sweep
from controlplane.image import Image
from controlplane.intake.accepted_pushes import Cause
from controlplane.intake.checks.warnings import unsupported
from controlplane.intake.edits.node_reports import environment_events
from controlplane.intake.main_branch import MAIN
from controlplane.intake.pipeline import OURSELVES, Intake
from controlplane.intake.proposal import SETTING_NAME, propose_events
from controlplane.intake.stores import Stores
from controlplane.password_schemes import in_words
from controlplane.recovery import opening, places
from controlplane.recovery.findings import Findings
from controlplane.release import PREVIEWS
from controlplane.settings import ENV_FILE
from controlplane.state_volume import CONTROL, REPOSITORY
from controlplane.statefiles.tree import CONFIG

HOOKS = ("pre-receive", "update", "post-receive")


def prepare(
    root: Path,
    environment: Mapping[str, str] | None,
    hooks: Path,
    template: Path,
    ask_agent: Ask,
    upgrades: bool = True,
) -> Daemon:
    """Open the stores, heal what a crash left, observe the environment, make the first `main`.

    `root` is the state volume, `hooks` the folder with our hooks, `template` the first tree of `main`. Where
    it `upgrades` nothing, a volume of another image is left as it is, to be asked about.
    """
    findings = Findings()
    places.mend(root / REPOSITORY, root / CONTROL, findings)
    stores = Stores.open(root)
    if opening.set_damaged_packs_aside(stores, findings):
        stores = Stores.open(root)
    link_hooks(stores.repo.path, hooks)
    first = read_template(template)
    daemon = Daemon(opening.open_intake(stores, first, findings), ask_agent, first, damage=findings.damage)
    if findings.halted is None and (upgrades or not daemon.upgrade.look().events):
        _bring_up(daemon, environment, findings)
    for damage in findings.damage:
        log.warning("damaged", **damage.as_dict())
    for part, how in daemon.intake.repairs:
        log.warning("repaired", part=part, how=how)
    for complaint in daemon.complaints:
        log.warning("environment", problem=complaint)
    state = daemon.intake.state
    if weak := state.desired.weak_counts:  # counted once: changes count on from here
        log.warning("weak password hashes", accounts=sum(weak.values()), schemes=in_words(weak))
    if idle := [name for name in unsupported(state) if name in state.observed.pins]:
        log.warning("not supported yet", settings=",".join(idle))
    return daemon


def _bring_up(daemon: Daemon, environment: Mapping[str, str] | None, findings: Findings) -> None:
    """Heal what a crash left, observe the environment, make the first `main`; record what was put back."""
    intake, stores = daemon.intake, daemon.intake.stores
    is_new = not intake.position
    if intake.release is not None:
        daemon.upgrade.take_over()
        if not daemon.upgrade.pending.events:
            intake.ensure_release()  # before more is recorded: the position of a release says what it brought
    if environment is not None:
        observe(daemon, environment)
    has_identity = opening.mend_identity(intake, is_new, findings)
    make_main(intake, daemon.template)
    intake.catch_up()
    if has_identity:
        keep_recipient(intake)
    stores.accepted.keep_only({stores.repo.refs.get(MAIN)} - {intake.main})  # what is recorded needs none
    tidy(stores)
    if not daemon.upgrade.pending.events:
        intake.ensure_release()
    if findings.repairs and not is_new:
        events = [StoreRepaired(part=part, how=how) for part, how in findings.repairs]
        intake.record(events, Cause(OURSELVES, "heal", "Put back what was lost"), renders=False)


def tidy(stores: Stores) -> None:
    """Remove what killed writers left, and previews of branches that are gone."""
    for folder, gone in (
        (stores.repo.path, sweep(stores.repo.path)),
        (stores.control, sweep(stores.control, OF_THE_CONTROL_FOLDER)),
    ):
        if gone:
            log.info("left-overs removed", folder=str(folder), names=",".join(gone))
    prefix = full_name(PREVIEWS)
    for name in stores.repo.refs.names(prefix):
        branch = name.removeprefix(prefix)
        with suppress(MailserverError):  # either may be garbage, and a preview is nothing that a start needs
            if not stores.repo.refs.get(branch):
                stores.releases.drop_preview(branch)


def link_hooks(repository: Path, hooks: Path) -> None:
    """Point the repository's hooks at ours, so that a newer image brings newer hooks."""
    folder = repository / "hooks"
    folder.mkdir(exist_ok=True)
    for name in HOOKS:
        link = folder / name
        if link.is_symlink() and link.readlink() == hooks / name:
            continue
        aside = folder / f".{name}.new"
        with suppress(FileNotFoundError):
            aside.unlink()
        aside.symlink_to(hooks / name)
        aside.replace(link)


def read_template(folder: Path) -> dict[str, bytes]:
    """The files of a new `main`."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
    return {
        name: content for name, content in files.items() if name.startswith(("config/", "mailserver.env"))
    }


def observe(daemon: Daemon, environment: Mapping[str, str]) -> None:
    """Record what the container's environment pins, and the name of this node, where that is new."""
    intake = daemon.intake
    control = intake.stores.control
    given, unread = with_files(environment)
    events, wrong = fitting_events(
        intake, given, lambda value: secrets.digest(control, value), daemon.upgrade.told
    )
    daemon.complaints = [*unread, *wrong]
    if events:
        first = not intake.position
        reason = "First start" if first else "The container's environment changed"
        # Nothing is rendered before there is a `main`: its first release would start the services twice.
        intake.record(events, Cause(OURSELVES, "environment", reason), renders=not first)


def fitting_events(
    intake: Intake, given: Mapping[str, str], digest: Callable[[str], str], image: Image
) -> tuple[list[Event], list[str]]:
    """The events of an environment without values that a service refuses; and everything that is wrong.

    Such a value pins nothing, as one of the wrong form: a server that could not render would not serve.
    """
    refused: list[str] = []
    while True:
        events, wrong = environment_events(intake.state, given, digest, image)
        problems = propose_events(intake.state, intake.trees, tuple(events)).problems if events else ()
        blamed = {
            name: problem
            for problem in problems
            if problem.path == ENV_FILE
            for name in SETTING_NAME.findall(problem.message)
            if name in given
        }
        if not blamed:
            return events, wrong + refused
        refused += [f"{p.message}; {p.cure}; {name} is left out" for name, p in blamed.items()]
        given = {name: value for name, value in given.items() if name not in blamed}


def make_main(intake: Intake, template: Mapping[str, bytes]) -> None:
    """Make the first commit of `main` where there is none."""
    if intake.stores.repo.refs.get(MAIN):
        return
    files = {**template, secrets.RECIPIENT: f"{intake.sealer.recipient}\n".encode()}
    tree: dict[str, Change] = {path: NewFile(content) for path, content in files.items()}
    intake.edit(lambda _: tree, Cause(OURSELVES, "import", "First start"))


def keep_recipient(intake: Intake) -> None:
    """Make `main` name this server's recipient: a volume restored without its identity gets a new one."""
    content = f"{intake.sealer.recipient}\n".encode()
    known = intake.state.desired.overrides.get(secrets.RECIPIENT.removeprefix(CONFIG))
    if known is None or known.content != content:
        with suppress(Refused):  # `main` is in trouble, which status says
            reason = "Name the recipient that secrets are to be sealed for"
            intake.edit(lambda _: {secrets.RECIPIENT: NewFile(content)}, Cause(OURSELVES, "heal", reason))
