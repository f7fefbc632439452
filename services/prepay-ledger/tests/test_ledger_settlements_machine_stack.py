"""Webhooks, files, revisions, repeats, resolutions and deaths in any order: each payment is
credited once, and no money is made or lost."""

from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledger_clearing import Clearing
from ledger_settlements import Row
from ledger_town import Killed

from prepay_ledger.settlements import refusals
from prepay_ledger.settlements.values import Action

pytestmark = pytest.mark.stack

PAID = {"a": 100, "b": 40, "c": 7}
NUMBERS = {"a": "town-0", "b": "", "c": "nobody"}
"""As the files have them: webhooks name the account of each."""
NAMES = st.sampled_from(sorted(PAID))
ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("webhook"), NAMES),
        st.tuples(st.just("file"), st.sets(NAMES), st.booleans()),
        st.tuples(st.just("take"), st.integers(0, 2), st.booleans()),
        st.tuples(st.just("follow")),
    ),
    max_size=8,
)


async def acts(clearing: Clearing, action: tuple[Any, ...], number: str) -> None:
    @asynccontextmanager
    async def dying():
        async with clearing.unit() as unit:
            yield unit
            raise Killed

    match action:
        case ("webhook", name):
            await clearing.pay(name + number, PAID[name])
        case ("file", names, dies):
            rows = [Row(id=each + number, micro=PAID[each], account=NUMBERS[each], fee_micro=1)
                    for each in sorted(names)]  # fmt: skip
            with suppress(Killed):
                await clearing.settles(
                    clearing.first_day, *rows, reason="r", open_unit=dying if dies else None
                )
        case ("take", at, dies):
            found = [each for each in await clearing.differences()
                     if each.finding.difference == "missing-here"]  # fmt: skip
            if found:
                with suppress(Killed, refusals.DifferenceClosed):
                    await clearing.do(
                        found[at % len(found)], Action.TAKE, open_unit=dying if dies else None
                    )
        case _:
            await clearing.follow()


async def test_in_any_order_each_payment_is_credited_once(own_database_url: str) -> None:
    clearing = Clearing(own_database_url)
    await clearing.move_in()
    await clearing.next_day()
    runs = iter(range(1_000))

    async def run(actions: list[tuple[Any, ...]]) -> None:
        number = f"-{next(runs)}"
        # A day of its own, so that no file is another run's.
        clearing.first_day -= timedelta(days=2)
        before, in_suspense = (await clearing.balances())[0], await clearing.suspense()
        for action in actions:
            await acts(clearing, action, number)
        known = await clearing.sql(
            "SELECT payment_id, amount_micro, outcome FROM payment "
            "WHERE right(payment_id, length($1)) = $1", number,
        )  # fmt: skip
        got = (await clearing.balances())[0] - before
        waits = await clearing.suspense() - in_suspense
        assert got + waits == sum(row["amount_micro"] for row in known)
        # In the end all webhooks come, and a file with all: nothing differs, all are credited.
        for name in sorted(PAID):
            await acts(clearing, ("webhook", name), number)
            await acts(clearing, ("webhook", name), number)
        await acts(clearing, ("file", set(PAID), False), number)
        await clearing.follow()
        assert [each for each in await clearing.differences()
                if each.finding.payment_id.endswith(number)] == []  # fmt: skip
        assert (await clearing.balances())[0] - before == sum(PAID.values())
        assert await clearing.suspense() == in_suspense
        owed = await clearing.owed()
        balances = (await clearing.balances())[0]
        assert owed.owed_micro + owed.fees_micro == balances

    await _each(run)
    await clearing.holds()
    await clearing.database.close()


async def _each(run: Any) -> None:
    """Hypothesis calls what is not async; the tests' loop runs it."""
    found: list[list[tuple[Any, ...]]] = []

    @settings(max_examples=25, database=None, suppress_health_check=list(HealthCheck))
    @given(ACTIONS)
    def draw(actions: list[tuple[Any, ...]]) -> None:
        found.append(actions)

    draw()
    for actions in found:
        await run(actions)
