"""Names of contents, as git gives them."""

from __future__ import annotations

import hashlib


def blob_id(content: bytes) -> str:
    """The object id of this content (gitformat-loose(5): SHA-1 of header and content)."""
    digest = hashlib.sha1(b"blob %d\0" % len(content), usedforsecurity=False)
    digest.update(content)
    return digest.hexdigest()
