"""A job: instalments that customers have collected are asked for some days before they are due, so
that the bank's file has them in time. Each account in a transaction of its own."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from prepay_ledger.debts.local_day import local_days
from prepay_ledger.mandates.ask_collection import AskCollection
from prepay_ledger.mandates.ask_in_portions import ACCOUNTS_AT_ONCE, ask_in_portions
from prepay_ledger.mandates.instalments import next_instalment
from prepay_ledger.mandates.ports import CollectingUnit, OpenCollectingUnit
from prepay_ledger.mandates.values import TopUpPolicy
from prewatt_common.clock import Clock


class AskInstalments:
    """Asks for what is due soon. ``days_ahead``: how many days before, by provider; of one that is
    not there no instalments are asked for."""

    def __init__(
        self,
        *,
        open_unit: OpenCollectingUnit,
        days_ahead: Mapping[str, int],
        zone: ZoneInfo,
        policy: TopUpPolicy,
        clock: Clock,
        committed: Callable[[], None],
    ) -> None:
        self._open_unit = open_unit
        self._days_ahead = days_ahead
        self._ask = AskCollection(zone=zone, policy=policy)
        self._clock = clock
        self._committed = committed

    async def __call__(self) -> None:
        """All that is due soon, bank by bank. Nothing is remembered: what was asked for is a
        request, so it begins anew after a crash. An account that raises keeps none of the others
        from being asked."""
        await ask_in_portions(
            "ask for instalments",
            days_ahead=self._days_ahead,
            accounts=self._accounts,
            ask=self._look,
        )

    async def _accounts(self, provider: str, days_ahead: int, after: UUID | None) -> Sequence[UUID]:
        # A day more than in any zone; each account's own day decides.
        until = self._clock().date() + timedelta(days=days_ahead + 1)
        async with self._open_unit() as unit:
            return await unit.mandates.with_instalments(
                provider, until, after=after, limit=ACCOUNTS_AT_ONCE
            )

    async def _look(self, account_id: UUID) -> None:
        async with self._open_unit() as unit:
            await self._ask_of(unit, account_id, now=self._clock())
        self._committed()

    async def _ask_of(self, unit: CollectingUnit, account_id: UUID, *, now: datetime) -> None:
        account = await unit.balances.lock(account_id)
        assert account is not None, "an account stays"
        mandate = await unit.mandates.live(account_id)
        if mandate is None or mandate.provider not in self._days_ahead:
            return
        debts = await unit.debts.lock_of(account_id)
        collected = await unit.debts.collected(account_id)
        days = await local_days(unit, debts, at=now)
        for debt in debts:
            found = next_instalment(
                debt,
                today=days[debt.id],
                days_ahead=self._days_ahead[mandate.provider],
                collected=collected,
            )
            if found is not None:
                await self._ask(
                    unit,
                    account,
                    mandate,
                    found,
                    cap_micro=mandate.terms.instalment_micro_max,
                    debt_id=debt.id,
                    now=now,
                )
