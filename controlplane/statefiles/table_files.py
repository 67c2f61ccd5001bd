"""The table files of `main`, by the field of `Desired` that holds their content.

One that is sealed as a whole is kept verbatim instead, as only the node can read it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controlplane.statefiles import access, masters, quotas, relay
from controlplane.statefiles.tables import Table

TABLES: Mapping[str, Table[Any]] = {
    "quotas": quotas.TABLE,
    "masters": masters.TABLE,
    "relay_routes": relay.ROUTES,
    "relay_credentials": relay.CREDENTIALS,
    "send_access": access.SEND,
    "receive_access": access.RECEIVE,
}
PATHS = frozenset(table.path for table in TABLES.values())
