"""Answers of the daemon that several tests take for a sample."""

from __future__ import annotations

from typing import Any

CERTIFICATE: dict[str, Any] = {
    "slot": "default",
    "names": ["mail.example.test"],
    "key": "ECDSA P-256",
    "issuer": "CN=Test CA",
    "serial": "7",
    "not_after": "2027-01-25T13:00:00Z",
    "days": 61,
    "source": "/srv/tls/chain.pem",
    "serves": True,
    "warnings": [],
}

STATUS: dict[str, Any] = {
    "hostname": "mail.example.test",
    "healthy": True,
    "applied": 97,
    "attempted": 97,
    "applied_at": "2026-11-25T11:58:00Z",
    "position": 128,
    "verified": 128,
    "services": [
        {
            "name": "postfix",
            "state": "serving",
            "since": "2026-11-22T12:00:00Z",
            "probes": [{"name": "25", "ok": True, "ms": 12}, {"name": "465", "ok": True, "ms": 4}],
            "memory_kib": 18432,
        },
        {
            "name": "dovecot",
            "state": "serving",
            "since": "2026-11-22T12:00:00Z",
            "probes": [],
            "memory_kib": 22528,
        },
    ],
    "certificates": [CERTIFICATE],
    "pins": {"ENABLE_RSPAMD": "1", "RELAY_PASSWORD": None},
    "drift": [],
    "dns": True,
}

ENTRY: dict[str, Any] = {
    "position": 128,
    "time": "2026-11-22T14:03:11Z",
    "kind": "alias.added",
    "effect": "add",
    "subject": "info@example.test",
    "detail": "→ user1@example.test",
    "actor": "ada@laptop",
    "source": "push",
    "author": "Ada Admin",
    "reason": "Add the info alias (ticket 4711)\n\nbody",
    "live": "2026-11-22T14:03:12Z",
}
