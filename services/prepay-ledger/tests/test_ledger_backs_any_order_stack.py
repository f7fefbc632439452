"""A refund through its provider and what else is told of its payment, in any order: the answer, its
event by name and without, a failure, a dispute that is won, a refund that somebody made there."""

import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from functools import partial

import pytest
from ledger_backs import Giving, giving

from prepay_ledger.providers.values import Kind

pytestmark = pytest.mark.stack


@pytest.fixture
async def town(own_database_url: str) -> AsyncGenerator[Giving]:
    async with giving(own_database_url) as made:
        yield made


async def test_whatever_comes_first_comes_to_the_same(town: Giving) -> None:
    """Shuffled, some of it before the answer."""
    balance, went = await town.moves_out(), 0
    for seed in range(8):
        chance = random.Random(seed)
        refund = await town.back(1_000, key=f"k-{seed}")
        fails = seed % 2 == 1
        steps: list[Callable[[], Awaitable[object]]] = [
            partial(town.hears, refund),
            partial(town.hears, refund, names=False),
            partial(town.tell, "p-0", f"re_by_hand_{seed}", 10),
            partial(town.tell, "p-0", f"dp_{seed}", 500, kind=Kind.DISPUTED),
            partial(town.tell, "p-0", f"dp_{seed}", 500, kind=Kind.DISPUTE_WON),
        ]
        if fails:
            steps.append(
                partial(town.hears, refund, Kind.REFUND_FAILED, names=chance.random() < 0.5)
            )
        chance.shuffle(steps)
        before = chance.randrange(len(steps) + 1)

        async def tells(some: Sequence[Callable[[], Awaitable[object]]] = steps[:before]) -> None:
            for step in some:
                await step()

        town.giver.before_answer = tells
        await town.send()
        for step in steps[before:]:
            await step()
        balance -= 10 if fails else 1_010
        went += 10 if fails else 1_010
        assert await town.has() == (balance, 0, went), (seed, before, steps)
        ends = ("returned", "cancelled") if fails else ("paid",)
        assert (await town.known(refund))[0] in ends
