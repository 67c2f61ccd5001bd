"""The closed table of events, and how a change set is written down.

To add an event: a class in the module of its noun, a line in `EVENTS`, and intake's diff that makes it.
"""

from __future__ import annotations

from controlplane.events.access import (
    ReceiveAccessRemoved,
    ReceiveAccessSet,
    SendAccessRemoved,
    SendAccessSet,
)
from controlplane.events.accounts import AccountAdded, AccountChanged, AccountMoved, AccountRemoved
from controlplane.events.aliases import (
    AliasAdded,
    AliasChanged,
    AliasRemoved,
    RegexpAdded,
    RegexpChanged,
    RegexpMoved,
    RegexpRemoved,
)
from controlplane.events.base import Effect, Event
from controlplane.events.certificates import CertificateRefused, CertificateRemoved, CertificateRenewed
from controlplane.events.changeset import ChangeSet, Source
from controlplane.events.masters import MasterAdded, MasterChanged, MasterRemoved
from controlplane.events.nodes import (
    ApplyResumed,
    ApplySuspended,
    DriftDetected,
    DriftHealed,
    EditRefused,
    NodeObserved,
    PatchesRun,
    PathsOvermounted,
    ReleaseApplied,
    ReleaseDegraded,
    ReleaseRejected,
    ReleaseRolledBack,
)
from controlplane.events.overrides import OverrideChanged, OverrideRemoved
from controlplane.events.quotas import QuotaRemoved, QuotaSet
from controlplane.events.relay import (
    RelayCredentialsRemoved,
    RelayCredentialsSet,
    RelayRouteRemoved,
    RelayRouteSet,
)
from controlplane.events.renderers import RendererChanged, RendererRefused
from controlplane.events.settings import SettingChanged, SettingPinned, SettingUnpinned
from controlplane.events.stores import StoreRepaired

EVENTS: tuple[type[Event], ...] = (
    AccountAdded,
    AccountChanged,
    AccountMoved,
    AccountRemoved,
    AliasAdded,
    AliasChanged,
    AliasRemoved,
    RegexpAdded,
    RegexpChanged,
    RegexpMoved,
    RegexpRemoved,
    QuotaSet,
    QuotaRemoved,
    MasterAdded,
    MasterChanged,
    MasterRemoved,
    RelayRouteSet,
    RelayRouteRemoved,
    RelayCredentialsSet,
    RelayCredentialsRemoved,
    SendAccessSet,
    SendAccessRemoved,
    ReceiveAccessSet,
    ReceiveAccessRemoved,
    SettingChanged,
    SettingPinned,
    SettingUnpinned,
    OverrideChanged,
    OverrideRemoved,
    CertificateRenewed,
    CertificateRefused,
    CertificateRemoved,
    NodeObserved,
    ReleaseApplied,
    ReleaseDegraded,
    ReleaseRejected,
    ReleaseRolledBack,
    ApplySuspended,
    ApplyResumed,
    DriftDetected,
    DriftHealed,
    PathsOvermounted,
    PatchesRun,
    EditRefused,
    RendererChanged,
    RendererRefused,
    StoreRepaired,
)

__all__ = [
    "EVENTS",
    "AccountAdded",
    "AccountChanged",
    "AccountMoved",
    "AccountRemoved",
    "AliasAdded",
    "AliasChanged",
    "AliasRemoved",
    "ApplyResumed",
    "ApplySuspended",
    "CertificateRefused",
    "CertificateRemoved",
    "CertificateRenewed",
    "ChangeSet",
    "DriftDetected",
    "DriftHealed",
    "EditRefused",
    "Effect",
    "Event",
    "MasterAdded",
    "MasterChanged",
    "MasterRemoved",
    "NodeObserved",
    "OverrideChanged",
    "OverrideRemoved",
    "PatchesRun",
    "PathsOvermounted",
    "QuotaRemoved",
    "QuotaSet",
    "ReceiveAccessRemoved",
    "ReceiveAccessSet",
    "RegexpAdded",
    "RegexpChanged",
    "RegexpMoved",
    "RegexpRemoved",
    "RelayCredentialsRemoved",
    "RelayCredentialsSet",
    "RelayRouteRemoved",
    "RelayRouteSet",
    "ReleaseApplied",
    "ReleaseDegraded",
    "ReleaseRejected",
    "ReleaseRolledBack",
    "RendererChanged",
    "RendererRefused",
    "SendAccessRemoved",
    "SendAccessSet",
    "SettingChanged",
    "SettingPinned",
    "SettingUnpinned",
    "Source",
    "StoreRepaired",
]
