"""How often somebody without a token may try: by address, and by what is tried.

Counts live in the memory of a process and are of a fixed size, whatever comes. So each replica
allows a rate for itself: with three of them an address has up to three times as many tries. A new
process begins at nothing.
"""

import math
import secrets
import time
from array import array
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from http import HTTPStatus

from fastapi import Request
from starlette.datastructures import Headers
from starlette.types import Scope

from prewatt_common.http.client_address import client_address
from prewatt_common.http.problems import Problem
from prewatt_common.metrics import RATE_LIMITED

_ROWS = 3
_SLOTS = 16_384
"""A power of two. With a row, 128 KiB: an own table, 384 KiB in all, for each rate."""
_SLOT_BYTES = 4

SteadyClock = Callable[[], float]
"""Seconds that only go forward, as of `time.monotonic`."""


@dataclass(frozen=True, slots=True)
class Rate:
    """``times`` in ``seconds``: so many at once, and after those one each ``seconds / times``."""

    times: int
    seconds: int

    def __post_init__(self) -> None:
        assert self.times > 0, "a rate lets something through"
        assert self.seconds > 0, "a rate is over some time"


@dataclass(frozen=True, slots=True, eq=False)
class PublicLimits:
    """How often a public route is answered: ``Depends(public(because=..., limits=LIMITS))``.

    Routes that declare the same object count together.
    """

    address: Rate
    """Of one client address; of IPv6 of one network of 64 bits, which is what a customer gets."""
    parameters: tuple[tuple[str, Rate], ...] = ()
    """Of one value of a parameter of the path, whoever sends it: ``(("token", Rate(30, 60)),)``."""
    meant: Callable[[str], str] = str
    """What a value means: others that mean the same count together. Where a route reads a value in
    many spellings each would have a rate of its own otherwise."""


class TooManyRequests(Problem):
    """429: come back later."""

    def __init__(self, wait_s: float) -> None:
        seconds = max(1, math.ceil(wait_s))
        super().__init__(
            status=HTTPStatus.TOO_MANY_REQUESTS,
            kind="too-many-requests",
            detail=f"Too many requests came of here or for this; nothing was done. Send it again "
            f"in {seconds} s.",
        )
        self.headers["Retry-After"] = str(seconds)


class RateTable:
    """Who has used how much of a rate.

    For each key the time is known by which what it used is free again (the generic cell rate
    algorithm), in one slot of each of `_ROWS` rows that a keyed hash picks. Keys may meet in a
    slot, and the earliest time of all rows holds: a key is refused for what others used only where
    it meets one in each row. So a table never grows, and nobody can be pushed out of it by many.
    """

    def __init__(self, rate: Rate, *, clock: SteadyClock = time.monotonic) -> None:
        self._each_s = rate.seconds / rate.times
        self._ahead_s = rate.seconds - self._each_s
        self._clock = clock
        self._secret = secrets.token_bytes(16)
        self._free_at = array("d", bytes(8 * _ROWS * _SLOTS))

    def take(self, key: str) -> float:
        """Counts one of ``key``; gives 0. Where it has none left nothing is counted, and it is
        given after how many seconds there is one."""
        now = self._clock()
        slots = self._slots(key)
        free_at = max(now, min(self._free_at[slot] for slot in slots))
        wait_s = free_at - now - self._ahead_s
        if wait_s > 1e-9 * self._each_s:  # what sums of floats are off by
            return wait_s
        for slot in slots:
            self._free_at[slot] = max(self._free_at[slot], free_at + self._each_s)
        return 0.0

    def _slots(self, key: str) -> list[int]:
        digest = blake2b(
            key.encode("utf-8", "surrogatepass"),
            digest_size=_ROWS * _SLOT_BYTES,
            key=self._secret,
        ).digest()
        return [
            row * _SLOTS
            + int.from_bytes(digest[row * _SLOT_BYTES : (row + 1) * _SLOT_BYTES], "big") % _SLOTS
            for row in range(_ROWS)
        ]


class PublicCounts:
    """What was used of the limits of an app's public routes."""

    def __init__(self, *, trusted_proxy_hops: int, clock: SteadyClock = time.monotonic) -> None:
        self._trusted_proxy_hops = trusted_proxy_hops
        self._clock = clock
        self._tables: dict[tuple[PublicLimits, str], RateTable] = {}

    def take(
        self, limits: PublicLimits, route: str, parameters: Mapping[str, str], scope: Scope
    ) -> None:
        """Counts a request, whose path has these ``parameters``. Raises `TooManyRequests`: where it
        came too often from its address, it is not counted as a try of what its path names."""
        address = client_address(
            peer=(scope.get("client") or ("", 0))[0],
            forwarded=Headers(scope=scope).getlist("x-forwarded-for"),
            hops=self._trusted_proxy_hops,
        )
        for by, rate, key in _keys(limits, address, parameters):
            table = self._tables.get((limits, by))
            if table is None:
                table = self._tables[limits, by] = RateTable(rate, clock=self._clock)
            _take(table, key, route=route, by=by)


class Tries:
    """A dependency that counts tries of what stands in the body: ``tries = Tries("account",
    Rate(5, 3600))``, made with the router, and ``tried: Annotated[Callable[[str], None],
    Depends(tries)]``. ``tried(body.account_number)`` raises `TooManyRequests`."""

    def __init__(self, by: str, rate: Rate, *, clock: SteadyClock = time.monotonic) -> None:
        self._by = by
        self._table = RateTable(rate, clock=clock)

    async def __call__(self, request: Request) -> Callable[[str], None]:
        route = request.scope["route"].path

        def tried(key: str) -> None:
            _take(self._table, key, route=route, by=self._by)

        return tried


def _keys(
    limits: PublicLimits, address: str, parameters: Mapping[str, str]
) -> Iterator[tuple[str, Rate, str]]:
    yield "address", limits.address, address
    for name, rate in limits.parameters:
        yield name, rate, limits.meant(parameters[name])


def _take(table: RateTable, key: str, *, route: str, by: str) -> None:
    wait_s = table.take(key)
    if wait_s > 0:
        RATE_LIMITED.labels(route, by).inc()
        raise TooManyRequests(wait_s)
