"""Restores the server's identity: what is sealed for a lost one cannot be opened by another."""

from __future__ import annotations

import re
from pathlib import Path

from controlplane import secrets
from controlplane.errors import Corrupt, Refused
from controlplane.model import Desired
from controlplane.recovery.findings import Findings
from controlplane.recovery.places import put_aside
from controlplane.sealing import VALUE, is_sealed, open_value, unseal
from controlplane.statefiles.tree import CONFIG

CURE = (
    "put control/identity.age back from a backup of the state volume and restart; or take every sealed value"
    " off main and restart: with nothing sealed a new identity is made, and `mailctl seal` seals for that"
)
_IDENTITY = re.compile(r"AGE-SECRET-KEY-1[0-9A-Z]{58}")


def mend(control: Path, desired: Desired, is_new: bool, findings: Findings) -> bool:
    """Make sure that the identity fits `main`; False if sealed texts need one that is lost."""
    fault = _fault(control)
    sealed = _sealed(desired)
    if not fault:
        if not sealed or secrets.own_recipient(control) == named(desired) or _opens(control, sealed[0]):
            return True
        findings.lost("identity", "what is sealed on main was sealed for another identity", CURE)
        return False
    if sealed:
        findings.lost("identity", f"{fault}: {len(sealed)} sealed values on main cannot be opened", CURE)
        return False
    if (control / secrets.IDENTITY).exists():
        put_aside(control / secrets.IDENTITY, control)
    secrets.ensure_identity(control)
    if not is_new:
        findings.repaired("identity", f"{fault}: nothing was sealed for it, and a new one was made")
    return True


def mend_digest_key(control: Path, findings: Findings) -> None:
    """Replace a truncated key, which would be no secret; pinned secrets look changed once after that."""
    path = control / secrets.DIGEST_KEY
    if path.exists() and path.stat().st_size != secrets.DIGEST_BYTES:
        put_aside(path, control)
        findings.repaired("digest.key", "the key that tells whether a secret changed was cut: made anew")


def _fault(control: Path) -> str:
    path = control / secrets.IDENTITY
    try:
        text = path.read_text("ascii").strip()
    except FileNotFoundError:
        return "identity.age was lost"
    except (OSError, ValueError) as error:
        return f"identity.age cannot be read ({error})"
    if not _IDENTITY.fullmatch(text):
        return "identity.age is damaged"
    try:
        secrets.own_recipient(control)
    except Exception as error:  # noqa: BLE001  # the library has one class for every fault, of its own
        return f"identity.age is damaged ({error})"
    return ""


def named(desired: Desired) -> str:
    """The recipient that `main` publishes."""
    known = desired.overrides.get(secrets.RECIPIENT.removeprefix(CONFIG))
    return known.content.decode("ascii", "replace").strip() if known else ""


def _sealed(desired: Desired) -> list[str]:
    """Everything that is sealed on `main`: words and whole files."""
    texts = [
        *desired.settings.values(),
        *desired.relay_credentials.values(),
        *(master.password_hash for master in desired.masters.values()),
    ]
    found = [word for text in texts for word in VALUE.findall(text)]
    for override in desired.overrides.values():
        text = override.content.decode("utf-8", "replace")
        found += [text] if is_sealed(override.content) else VALUE.findall(text)
    return found


def _opens(control: Path, sealed: str) -> bool:
    identity = secrets.ensure_identity(control)
    try:
        if VALUE.fullmatch(sealed):
            open_value(sealed, identity)
        else:
            unseal(sealed.encode(), identity)
    except (Refused, Corrupt):
        return False
    return True
