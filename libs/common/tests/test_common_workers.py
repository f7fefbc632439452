"""How long a worker rests, as a table."""

import asyncio

import pytest

from prewatt_common import workers
from prewatt_common.workers import Repeating


class Passing(Exception):
    """A fault that will pass."""


# Took, gave, the factor, and the rest that follows where it did not fail and where it did.
@pytest.mark.parametrize(
    "case",
    [
        (0.5, None, 0, {False: 30, True: 30}),
        (0.5, None, 50, {False: 30, True: 30}),
        (2.0, None, 50, {False: 100, True: 100}),
        (2.0, 0, 50, {False: 0, True: 100}),
        (2.0, 7, 0, {False: 7, True: 30}),
    ],
)
@pytest.mark.parametrize("fails", [False, True])
async def test_how_long_it_rests(monkeypatch, case, fails):
    took_s, gives_s, rest_factor, rests = case
    clock_s = [0.0]
    stop = asyncio.Event()
    rested: list[float] = []

    async def do() -> float | None:
        clock_s[0] += took_s
        if fails:
            raise Passing
        return gives_s

    async def wait(*_: asyncio.Event, timeout_s: float) -> None:
        rested.append(timeout_s)
        stop.set()

    monkeypatch.setattr(workers.time, "monotonic", lambda: clock_s[0])
    monkeypatch.setattr(workers, "wait_any", wait)
    repeating = Repeating(
        name="some",
        do=do,
        every_s=30,
        rest_factor=rest_factor,
        passing=lambda error: isinstance(error, Passing),
    )
    await repeating.run(stop)
    assert rested == [rests[fails]]


async def test_a_fault_that_will_not_pass_ends_it():
    async def do() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await Repeating(name="some", do=do, every_s=30).run(asyncio.Event())
