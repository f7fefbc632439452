"""A job: what post-paid customers owe by a statement, and have collected, is asked for some days
before it is due. Each account in a transaction of its own."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from prepay_ledger.debit_files.ports import OpenUnit, Unit
from prepay_ledger.debts.values import Instalment
from prepay_ledger.mandates.ask_collection import AskCollection
from prepay_ledger.mandates.ask_in_portions import ACCOUNTS_AT_ONCE, ask_in_portions
from prepay_ledger.mandates.values import TopUpPolicy
from prepay_ledger.providers.amounts import whole_minor
from prewatt_common.clock import Clock
from prewatt_common.contracts.procedure_v1 import Mode

LOOK_AGAIN = timedelta(hours=1)
"""At the latest: a meter that serves again, a dispute that is over, a payment taken back."""


class AskStatements:
    """Asks for the newest statement of each account that is due soon: it carries what those before
    it had left. ``days_ahead``: how many days before, by provider. ``zone``: the utility's, in
    which statements are due."""

    def __init__(
        self,
        *,
        open_unit: OpenUnit,
        days_ahead: Mapping[str, int],
        zone: ZoneInfo,
        policy: TopUpPolicy,
        clock: Clock,
        committed: Callable[[], None],
    ) -> None:
        self._open_unit = open_unit
        self._days_ahead = days_ahead
        self._zone = zone
        self._ask = AskCollection(zone=zone, policy=policy)
        self._clock = clock
        self._committed = committed
        self._looked_at: tuple[datetime, Hashable] | None = None

    async def __call__(self) -> None:
        """All that is due soon, bank by bank, where something may have become due since the last
        look; else nothing. What was asked for is a request: whoever begins anew looks once. An
        account that raises keeps none of the others from being asked."""
        now = self._clock()
        async with self._open_unit() as unit:
            news = await unit.due_statements.news()
        if not self._may_be_due(now, news):
            return
        await ask_in_portions(
            "ask for statements",
            days_ahead=self._days_ahead,
            accounts=self._accounts,
            ask=self._look,
        )
        self._looked_at = now, news

    def _may_be_due(self, now: datetime, news: Hashable) -> bool:
        """Statements are due by days; a new one, a mandate's change and a request that has closed
        are seen at once, and what of an account else keeps its mandate from collecting within
        `LOOK_AGAIN`."""
        if self._looked_at is None:
            return True
        then, known = self._looked_at
        return (
            news != known
            or now - then >= LOOK_AGAIN
            or now.astimezone(self._zone).date() != then.astimezone(self._zone).date()
        )

    async def _accounts(self, provider: str, days_ahead: int, after: UUID | None) -> Sequence[UUID]:
        until = self._clock().astimezone(self._zone).date() + timedelta(days=days_ahead)
        async with self._open_unit() as unit:
            return await unit.due_statements.accounts(
                provider, until, after=after, limit=ACCOUNTS_AT_ONCE
            )

    async def _look(self, account_id: UUID) -> None:
        async with self._open_unit() as unit:
            await self._ask_of(unit, account_id, now=self._clock())
        self._committed()

    async def _ask_of(self, unit: Unit, account_id: UUID, *, now: datetime) -> None:
        account = await unit.balances.lock(account_id)
        assert account is not None, "an account stays"
        mandate = await unit.mandates.live(account_id)
        if mandate is None or account.mode is not Mode.ARREARS:
            return
        days_ahead = self._days_ahead.get(mandate.provider)
        if days_ahead is None:
            return
        today = now.astimezone(self._zone).date()
        until = today + timedelta(days=days_ahead)
        due = await unit.due_statements.newest(account_id, until)
        if due is None or due.is_asked_for:
            return
        micro = whole_minor(due.owed_micro, account.currency)
        if micro <= 0:
            return
        await self._ask(
            unit,
            account,
            mandate,
            Instalment(max(due.due_on, today), micro),
            cap_micro=mandate.terms.statement_micro_max,
            statement_id=due.statement_id,
            now=now,
        )
