"""Identifiers: UUIDv7, so that rows made together lie together."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A new UUIDv7 (RFC 9562), as the standard library's ``UUID``."""
    return uuid7()
