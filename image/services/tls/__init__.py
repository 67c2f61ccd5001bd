"""Certificates that several services read; the agent fills the files from its store."""

from __future__ import annotations

from services.base import NodeService

TLS = NodeService("tls", areas=("etc/dms/tls/",))
