"""A town in which everything that moves money is done, died in, repeated and done twice at once; it
looks at what each act has moved."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Any, ClassVar, TypeVar
from uuid import UUID, uuid4

import asyncpg
import msgspec
from ledger_town import REVIEW, Killed, Town, apart

from prepay_ledger.accounts.import_accounts import ImportAccounts
from prepay_ledger.accounts.postgres_queries import AccountQueries
from prepay_ledger.policies.publish_policy import draft_policy, publish_policy
from prepay_ledger.unit import PostgresUnit
from prewatt_common.contracts.ledger_charges_v1 import ChargesPosted
from prewatt_common.contracts.supply_policy_v1 import policy_of
from prewatt_common.db.database import Database
from prewatt_common.refusals import Refusal

ACCOUNTS = 4
"""Those with an even number pay in CNY, the others in EUR."""
START_MICRO = 2_000
CHEAP = [
    {
        "kind": "blocks",
        "name": "energy",
        "blocks": [
            {"upto_wh": 7_001, "micro_per_kwh": 3},
            {"upto_wh": None, "micro_per_kwh": 7},
        ],
    },
    {"kind": "standing", "name": "standing", "micro_per_day": 11},
]
"""So that what is used matters beside what is paid, and neither is all there is."""
T = TypeVar("T")
Act = Callable[[PostgresUnit], Awaitable[T]]
Moves = Mapping[str, int]
"""By how much accounts (by their ids) and the utility's ledger accounts move, in micro-units; an
account with all that is its own, so that what goes from its balance to its debts is nothing."""
_MOVED = """
SELECT account_id::text AS name, sum(e.amount_micro)::bigint AS micro
FROM entry AS e JOIN journal AS j ON j.id = e.journal_id
WHERE j.id > $1 AND j.kind <> 'charge' GROUP BY 1
UNION ALL
SELECT p.ledger_account, sum(p.amount_micro)::bigint
FROM posting AS p JOIN journal AS j ON j.id = p.journal_id
WHERE j.id > $1 AND j.kind <> 'charge' GROUP BY 1
"""
_BOUNDS = """
SELECT a.number FROM account AS a LEFT JOIN (
    SELECT account_id, sum(left_micro) AS micro FROM debt GROUP BY 1) AS d ON d.account_id = a.id
LEFT JOIN (SELECT account_id, sum(left_micro) AS micro FROM deposit WHERE kind = 'cash' GROUP BY 1
    ) AS h ON h.account_id = a.id
LEFT JOIN sub_balance AS owed ON owed.account_id = a.id AND owed.sub_account = 'debt'
LEFT JOIN sub_balance AS held ON held.account_id = a.id AND held.sub_account = 'deposit'
WHERE coalesce(owed.amount_micro, 0) <> -coalesce(d.micro, 0)
   OR coalesce(held.amount_micro, 0) <> coalesce(h.micro, 0)
   OR owed.amount_micro > 0 OR held.amount_micro < 0
"""


class How(StrEnum):
    """What happens while something is done. Whatever it is, it is done once."""

    ONCE = "once"
    DIES = "dies"
    """The process dies before it commits; it is asked for again."""
    AGAIN = "again"
    """The answer is lost; it is asked for again."""
    TWICE = "twice"
    """It is asked for twice at once."""


class Moving(Town):
    """Four households at a time, anew for each run; nothing is left of the one before."""

    says_besides: ClassVar[Mapping[str, Any]] = {}
    """What the policy says to all, of what a town below knows."""

    def __init__(self, url: str) -> None:
        super().__init__(url, count=0)
        self.at = datetime.combine(self.today, time(12), UTC)
        self.tariff = {"components": CHEAP}
        self.run = ""
        self.accounts: list[UUID] = []
        self.opened = 0
        self.done: set[str] = set()
        """What was done once at least, and not only refused."""
        self._seen = self._outbox = 0
        self._looking: asyncpg.Connection | None = None

    async def begin_here(self) -> None:
        """The utility's own: tariffs, and a policy that offers emergency credit."""
        await self.settle(self.today)
        credit = {"amount_micro": 300, "offered_at_micro": 500, "wait_minutes": 60}
        document = policy_of(
            {
                "default": {
                    "emergency_credit": credit,
                    "corrected_bills": {"apart_after_days": 3_660},
                    "mode_changes": {"notice_days": 0, "instalments": 3},
                    **self.says_besides,
                }
            }
        )
        async with self.unit() as unit:
            draft = await draft_policy(
                unit=unit, document=document, effective_from=None, decided=self.decided()
            )
        async with self.unit() as unit:
            await publish_policy(unit=unit, policy_id=draft.id, decided=self.decided("other"))
        self.now += timedelta(seconds=1)

    async def move_in(self) -> None:
        """The households of a run."""
        self.run = uuid4().hex[:8]
        self.at = max(self.at, self.now)
        numbers = range(self.opened, self.opened + ACCOUNTS)
        self.paid_micro = [START_MICRO] * (self.opened + ACCOUNTS)
        self.opened += ACCOUNTS
        lines = [self._line(number) for number in numbers]
        (row,) = await self.sql("SELECT coalesce(max(id), 0) AS id FROM outbox")
        self._outbox = row["id"]
        async with self.unit() as unit:
            await ImportAccounts(review=REVIEW, partitions=apart)(
                unit=unit, lines=lines, decided=self.decided()
            )
        self.accounts = [line.account.id for line in lines]
        await self._moved()

    async def restart(self) -> None:
        """As a process that begins anew: with nothing remembered, and connections of its own."""
        await self.database.close()
        self.database = Database(url=self.url)
        self.make()

    def make(self) -> None:
        """What a process is made of."""

    async def sql(self, query: str, *values: Any) -> list[asyncpg.Record]:
        """By one connection for all, as it is asked after every act."""
        if self._looking is None:
            self._looking = await self.connect()
        return await self._looking.fetch(query, *values)

    async def close(self) -> None:
        if self._looking is not None:
            await self._looking.close()
        await self.database.close()

    async def step(
        self, act: Act[T], moves: Callable[[T], Moves], *, how: How, what: str
    ) -> T | Refusal:
        """The act is done, and has moved just that; refused it has moved nothing."""
        outcome = await self.attempt(act, how=how, what=what)
        await self.has_moved({} if isinstance(outcome, Refusal) else moves(outcome), what)
        return outcome

    async def attempt(self, act: Act[T], *, how: How, what: str) -> T | Refusal:
        """What came of it. Died in, it has moved nothing."""
        if how is How.DIES:
            with suppress(Killed, Refusal):
                async with self.unit() as unit:
                    await act(unit)
                    raise Killed
            await self.has_moved({}, what)
        outcomes = [await self._once(act)] if how is not How.TWICE else []
        if how is How.AGAIN:
            outcomes.append(await self._once(act))
        if how is How.TWICE:
            outcomes += await asyncio.gather(self._once(act), self._once(act))
        done = [each for each in outcomes if not isinstance(each, Refusal)]
        if done:
            self.done.add(what)
        return (done or outcomes)[0]

    async def _once(self, act: Act[T]) -> T | Refusal:
        try:
            async with self.unit() as unit:
                return await act(unit)
        except Refusal as error:
            return error

    async def has_moved(self, moves: Moves, what: str) -> None:
        """Since it was asked last."""
        expected = {name: micro for name, micro in moves.items() if micro}
        moved = await self._moved()
        assert moved == expected, f"{what}: {moved} and not {expected}"

    async def _moved(self) -> dict[str, int]:
        rows = await self.sql(_MOVED, self._seen)
        (last,) = await self.sql("SELECT coalesce(max(id), 0) AS id FROM journal")
        self._seen = last["id"]
        return {row["name"]: row["micro"] for row in rows if row["micro"]}

    async def balance(self, number: int) -> int:
        """What the account has, open charges included."""
        view = await AccountQueries(self.database).account(account_id=self.accounts[number])
        assert view is not None
        return view.account.balance_micro

    async def agrees(self) -> None:
        """Sums are zero by currency, sub-accounts are what they stand for and within their bounds,
        vendors' floats are what was posted, billing has heard of all that moved, and what is told
        of an account is in the order of its balances."""
        totals = await AccountQueries(self.database).totals()
        assert (totals.imbalance_micro, totals.entries_differ_micro) == (0, 0)
        assert await self.sql(_BOUNDS) == []
        floats = await self.sql(
            "SELECT v.code FROM vendor AS v WHERE balance_micro <> (SELECT "
            "coalesce(sum(amount_micro), 0) FROM posting "
            "WHERE ledger_account = 'clearing:vendor/' || v.code)"
        )
        assert floats == []
        for number in range(ACCOUNTS):
            assert await self._billing_has(self.accounts[number]) == await self.balance(number)
        await self._tells_in_order()

    async def _tells_in_order(self) -> None:
        """By this the notifier knows an event that comes again after newer ones: each movement
        before what follows from the balance that it left."""
        rows = await self.sql(
            "SELECT value FROM outbox WHERE id > $1 AND topic = 'ledger.events.v1' ORDER BY id",
            self._outbox,
        )
        places = defaultdict[str, list[tuple[int, bool]]](list)
        for row in rows:
            told = msgspec.json.decode(row["value"])
            if "balance_number" in told and "opened_at" not in told:
                place = told["balance_number"], not moves_balance(told)
                places[told["account_id"]].append(place)
        assert all(each == sorted(each) for each in places.values()), places

    async def _billing_has(self, account_id: UUID) -> int:
        """The account's balance as billing makes it up: what was given, less what was charged."""
        rows = await self.sql(
            "SELECT topic, value FROM outbox WHERE id > $1 AND topic IN "
            "('ledger.events.v1', 'ledger.charges.v1') ORDER BY id",
            self._outbox,
        )
        given_micro, charged = 0, dict[tuple[UUID, Any], int]()
        for row in rows:
            if row["topic"] == "ledger.charges.v1":
                for each in msgspec.json.decode(row["value"], type=ChargesPosted).charges:
                    if each.account_id == account_id:
                        charged[each.agreement_id, each.period_first] = each.total_micro
                continue
            told = msgspec.json.decode(row["value"])
            if moves_balance(told) and told["account_id"] == str(account_id):
                given_micro += _given_micro(told)
        return given_micro - sum(charged.values())


def moves_balance(told: Mapping[str, Any]) -> bool:
    """Whether an event tells how a balance came to be, and not what follows from one."""
    return "balance_number" in told and not told.keys().isdisjoint(
        {"opened_at", "payment_id", "source"}
    )


def _given_micro(told: Mapping[str, Any]) -> int:
    """What an event says that the balance was given; an account that is opened has what it has."""
    if "journal_id" in told:
        return -told["amount_micro"]
    return told.get("amount_micro", told["balance_micro"])
