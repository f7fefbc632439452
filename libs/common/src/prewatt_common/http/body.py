"""What a route takes as a body: its media type and its limits, declared where it is used.

The gate (`gate.py`) holds requests to them. A route that declares nothing takes `JSON_BODY`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """How much of a body is taken, and for how long it is waited for."""

    media_type: str | None
    """None: whatever it is called, compressed or not, it is taken as it came."""
    bytes_max: int
    timeout_s: float
    """For the whole body, from the request's head to its last byte."""
    held_bytes_max: int
    """Of all requests under these limits at once: what the process may spend on them."""


JSON_BODY = BodyLimits(
    media_type="application/json",
    bytes_max=256 * KIB,
    timeout_s=20,
    held_bytes_max=16 * MIB,
)


class TakesBody:
    """A dependency that takes the request's body, within ``limits``."""

    csv_line: Mapping[str, Any] | None = None
    """The JSON Schema of a line, where the body is a CSV file."""

    def __init__(self, limits: BodyLimits) -> None:
        self.limits = limits


class DeclaredBody(TakesBody):
    """Says how large the body may be that the endpoint declares as a model:
    ``dependencies=[Depends(DeclaredBody(LIMITS))]``."""

    async def __call__(self) -> None:
        """The endpoint reads it."""


class RawBody(TakesBody):
    """Gives the body's bytes as they came:
    ``async def take(body: Annotated[bytes, Depends(RawBody(LIMITS))]) -> Answer``."""

    async def __call__(self, request: Request) -> bytes:
        return await request.body()
