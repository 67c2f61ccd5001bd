"""Which files of tables there are, by the field of `Desired` that holds their meaning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controlplane.statefiles import access, masters, quotas, relay
from controlplane.statefiles.tables import SEALED_FILE, Table

TABLES: Mapping[str, Table[Any]] = {
    "quotas": quotas.TABLE,
    "masters": masters.TABLE,
    "relay_routes": relay.ROUTES,
    "relay_credentials": relay.CREDENTIALS,
    "send_access": access.SEND,
    "receive_access": access.RECEIVE,
}
PATHS = frozenset(table.path for table in TABLES.values())


def is_sealed(content: bytes) -> bool:
    """Whether the file is sealed as a whole: then it is kept verbatim, as only the node can read it."""
    return content.startswith(SEALED_FILE)
