"""What the operations share: intake, the delivery to the agent, what the container said at start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from controlplane.daemon.ahead import Ahead
from controlplane.daemon.asking import Ask
from controlplane.daemon.delivery import Delivery
from controlplane.daemon.missed_post_receive import MissedPostReceives
from controlplane.daemon.owners import Owners
from controlplane.daemon.packing import Packing
from controlplane.daemon.upgrade import Upgrade
from controlplane.errors import MailserverError, Problem
from controlplane.image import Image, read_image
from controlplane.intake.blame.changed_setting import at_setting
from controlplane.intake.blame.source_map import problem_of
from controlplane.intake.pipeline import Intake, Recorded
from controlplane.intake.plan import as_dict
from controlplane.intake.proposal import Proposal
from controlplane.intake.trees import node_files
from controlplane.protocol.changes import Applied, Change
from controlplane.recovery.findings import Damage
from controlplane.words.plans import plan_lines
from wire.outcomes import OutcomeKind

WAIT_SECONDS = 60.0
"""How long a command waits for its release to serve."""
VALIDATE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Checked:
    """What the daemons' own checkers said of a proposal; `unavailable` says why they were not asked."""

    problems: tuple[Problem, ...] = ()
    services: tuple[str, ...] = ()
    seconds: float = 0.0
    unavailable: str = ""


@dataclass
class Daemon:
    """The parts of the running control plane. `template` is what a new `main` starts with."""

    intake: Intake
    ask_agent: Ask
    template: Mapping[str, bytes]
    complaints: list[str] = field(default_factory=list)
    """What is wrong with the container's environment."""
    damage: list[Damage] = field(default_factory=list)
    """What of the state volume is lost and could not be put back."""
    refused_certificates: dict[str, str] = field(default_factory=dict)
    image: Image = field(default_factory=read_image)
    verified: int = 0
    """The position up to which somebody had the log verified since the start."""

    def __post_init__(self) -> None:
        self.upgrade = Upgrade(self.intake, self.image)
        self.owners = Owners(self.intake, self.ask_agent)
        self.packing = Packing(self.intake)
        self.ahead = Ahead(self.intake)
        self.delivery = Delivery(self.intake, self.ask_agent, after=self.upkeep)
        self.missed_post_receives = MissedPostReceives(self.intake, self.delivery.poke)

    def upkeep(self) -> None:
        """Begin, beside everything else, what has come to be worth it."""
        self.packing.consider()
        self.ahead.consider()

    def check(self, proposal: Proposal) -> Checked:
        """Let the node's checkers look at its staged tree; their complaints are led back to `main`."""
        trees, intake = proposal.trees, self.intake
        if trees is None or not proposal.plan.files:
            return Checked()
        base = intake.release.tree if intake.release else ""
        staged = intake.stores.repo.entries(intake.stores.releases.tree(node_files(trees), base))
        node = self.delivery.node
        request = {"op": "validate", "node": node, "tree": staged[node].id, "objects": []}
        try:
            found = self.ask_agent(request, VALIDATE_SECONDS)
        except MailserverError as error:  # the node checks once more before it applies
            return Checked(unavailable=str(error))
        return Checked(
            problems=tuple(
                at_setting(
                    problem_of(trees[node], proposal.state, each, proposal.files),
                    proposal.events,
                    proposal.files,
                )
                for each in found.get("problems") or ()
            ),
            services=tuple(found.get("checked") or ()),
            seconds=float(found.get("seconds") or 0.0),
        )

    def change(self, recorded: Recorded, before: int, wait: bool, projected: bool = False) -> Change:
        """A recorded change as commands hear of it, waiting for its release where they ask.

        With `projected`, and where the change needs no release, that is until the config volume has it.
        `before` is the release number before the change.
        """
        made = recorded.release > before
        asked = self.delivery.poke() if recorded.position or made else 0
        outcome: Applied | None = None
        if made and wait:
            outcome = self.delivery.wait_for(recorded.release, WAIT_SECONDS)
        elif recorded.position:
            outcome = (
                None
                if made
                else {"outcome": OutcomeKind.APPLIED, "release": recorded.release, "seconds": 0.0}
            )
        if recorded.position and wait and (projected or not made):
            self.delivery.wait_done(asked, WAIT_SECONDS)
        tried = outcome is not None and outcome["outcome"] != OutcomeKind.SUSPENDED
        held, files = self.delivery.held, recorded.plan.files
        return {
            "position": recorded.position,
            "release": recorded.release,
            "commit": recorded.commit,
            "text": plan_lines(recorded.plan) if recorded.plan.different else [],
            "plan": as_dict(recorded.plan),
            "outcome": outcome,
            "held": held.notes(files, recorded.position, tried),
            "waits": tried and held.waits(files),
        }
