"""Some households in a ledger's database of a test's own; the tests say what day it is there."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from ledger_expected import document
from ledger_scratch import Scratch
from ledger_signer import SIGNER

from prepay_ledger.accounts.import_accounts import ImportAccounts
from prepay_ledger.accounts.postgres_queries import AccountQueries
from prepay_ledger.accounts.values import ImportLine
from prepay_ledger.agreements.values import Agreement
from prepay_ledger.approvals.values import ApprovalTerms
from prepay_ledger.balances.values import Account
from prepay_ledger.charging.charge_readings import charge_readings
from prepay_ledger.charging.ports import OpenUnit
from prepay_ledger.charging.pricing import Pricings
from prepay_ledger.debts.postgres_audit import audit_debts_of
from prepay_ledger.facts.values import Decided
from prepay_ledger.installations.values import InstalledMeter
from prepay_ledger.policies.publish_policy import draft_policy, publish_policy
from prepay_ledger.prepay_agreements.values import direct_terms
from prepay_ledger.seals.audit import audit
from prepay_ledger.seals.postgres import open_seals
from prepay_ledger.supply.review_supply import SupplyReview
from prepay_ledger.tariffs.publish_tariff import publish_tariff
from prepay_ledger.unit import PostgresUnit
from prewatt_common.clock import utc_now
from prewatt_common.contracts.ledger_events_v1 import SupplyState
from prewatt_common.contracts.supply_policy_v1 import policy_of
from prewatt_common.ids import new_id
from prewatt_common.kafka.gathering import APART, Partitions
from prewatt_metering.calendar.instants import us_of
from prewatt_metering.registers.readings import Reading
from prewatt_metering.tariffs.document import tariff_of

COUNT = 7
ONE_PERSON = ApprovalTerms(above_micro=None, term=timedelta(days=7))
"""Whatever amount takes one person."""
CURRENCIES = ("CNY", "EUR")
REVIEW = SupplyReview(zone=ZoneInfo("UTC"), sign=SIGNER.sign)


async def apart() -> Partitions:
    """Each event is told in a record of its own."""
    return APART


class Town(Scratch):
    """Some households with a meter each; the tests say what day it is there. Readings come every
    hour from ``begin`` on."""

    def __init__(self, url: str, *, count: int = COUNT) -> None:
        super().__init__(url)
        self.tariff: dict[str, object] = {}
        self.paid_micro = [10**9] * count
        self.now = utc_now()
        self.today = self.now.date()
        self.begin = datetime.combine(self.today - timedelta(days=20), datetime.min.time(), UTC)

    async def settle(self, day: date) -> None:
        """People move in; it is ``day``."""
        await self.open(day)
        for currency in CURRENCIES:
            of_all = {"timezone": "UTC", "currency": currency} | self.tariff
            tariff = document(f"in-{currency.lower()}", **of_all)
            async with self.unit() as unit:
                await publish_tariff(
                    unit=unit, version=tariff_of(tariff), by="test", reason="test", now=self.now
                )
        async with self.unit() as unit:
            await ImportAccounts(review=REVIEW, partitions=apart)(
                unit=unit,
                lines=[self._line(n) for n in range(len(self.paid_micro))],
                decided=self.decided(),
            )

    def decided(self, by: str = "test") -> Decided:
        return Decided(by=by, reason="test", at=self.now)

    async def says(
        self, coming_back: dict[str, object] | None = None, **corrected_bills: object
    ) -> None:
        """Two people publish a policy that says so of bills, and of what brings supply back."""
        self.now += timedelta(milliseconds=1)
        document = policy_of(
            {"default": {"corrected_bills": corrected_bills, "coming_back": coming_back or {}}}
        )
        async with self.unit() as unit:
            draft = await draft_policy(
                unit=unit, document=document, effective_from=None, decided=self.decided()
            )
        async with self.unit() as unit:
            await publish_policy(unit=unit, policy_id=draft.id, decided=self.decided("other"))

    async def read_as_new(self, *hours: int) -> None:
        """Readings that are charged to balances, however old; then the policy is as shipped."""
        await self.says(apart_after_days=3_660)
        for hour in hours:
            await self.read(hour)
        await self.says()

    def _line(self, number: int) -> ImportLine:
        currency = CURRENCIES[number % 2]
        account = Account(
            id=new_id(),
            number=f"town-{number}",
            currency=currency,
            balance_micro=self.paid_micro[number],
            low_balance_micro=0,
            overdraft_micro=0,
            protected=False,
            supply_state=SupplyState.CONNECTED,
            opened_at=self.now,
        )
        agreement = Agreement(
            id=new_id(),
            account_id=account.id,
            tariff_code=f"in-{currency.lower()}",
            first_day=self.begin.date(),
        )
        installed = InstalledMeter(
            id=new_id(),
            meter_id=f"m{number}",
            account_id=account.id,
            begins_at=self.begin,
            opening_wh=0,
        )
        signed = direct_terms(
            number=account.number, low_balance_micro=0, overdraft_micro=0, at=self.now
        )
        return ImportLine(number, account, agreement, installed, None, signed)

    async def read(
        self,
        hour: int,
        numbers: Sequence[int] = range(COUNT),
        *,
        wh: int | None = None,
        open_unit: OpenUnit | None = None,
    ) -> None:
        """A reading of that hour of some of the meters; ``wh``: what all of them say."""
        at_us = us_of(self.begin + timedelta(hours=hour))
        async with (open_unit or self.unit)() as unit:
            await charge_readings(
                unit=unit,
                by_meter={
                    f"m{n}": [Reading(at_us, hour * (100 + n) if wh is None else wh)]
                    for n in numbers
                },
                pricings=Pricings(await unit.tariffs.book()),
                partition=0,
                now=self.now,
            )

    async def turn(self, day: date) -> None:
        async with open_seals(self.database) as unit:
            assert await unit.seals.turn(day)

    async def entries(self, day: date) -> list[tuple[str, str, int, int]]:
        """Of charges on a posting day: account, source, micro-units, Wh."""
        rows = await self.sql(
            "SELECT a.number, j.source, e.amount_micro, e.energy_wh FROM entry AS e "
            "JOIN journal AS j ON j.id = e.journal_id JOIN account AS a ON a.id = e.account_id "
            "WHERE j.day = $1 AND j.kind = 'charge' ORDER BY e.journal_id, a.number",
            day,
        )
        return [tuple(row) for row in rows]

    async def charged(self) -> dict[str, tuple[int, int]]:
        """By account: what it was charged so far, and its energy."""
        rows = await self.sql(
            "SELECT a.number, sum(c.posted_micro)::bigint AS micro, sum(c.energy_wh)::bigint AS wh "
            "FROM charge_state AS c JOIN account AS a ON a.id = c.account_id GROUP BY 1"
        )
        return {row["number"]: (row["micro"], row["wh"]) for row in rows}

    async def holds(self) -> None:
        """Balances are entries and what is open; everything sums to zero; audit finds nothing."""
        totals = await AccountQueries(self.database).totals()
        assert (totals.imbalance_micro, totals.entries_differ_micro) == (0, 0)
        assert tuple(each.currency for each in totals.currencies) == CURRENCIES
        async with open_seals(self.database) as unit:
            found = [str(each) async for each in audit(store=unit.seals, published=None)]
            assert found == [], found
        connection = await self.connect()
        try:
            found = [str(each) async for each in audit_debts_of(connection)]
        finally:
            await connection.close()
        assert found == [], found


class Killed(BaseException):
    """What SIGKILL is to a job that is called in the tests' own process."""


class Dying:
    """Opens units of a town until so many are done; then whoever opens one dies, or, ``inside``,
    whoever commits it."""

    def __init__(self, town: Scratch, *, after: int, inside: bool) -> None:
        self._town = town
        self._left = after
        self._inside = inside

    @asynccontextmanager
    async def _dies_inside(self) -> AsyncGenerator[PostgresUnit]:
        async with self._town.unit() as unit:
            yield unit
            raise Killed

    def __call__(self) -> AbstractAsyncContextManager[PostgresUnit]:
        self._left -= 1
        if self._left >= 0:
            return self._town.unit()
        if not self._inside:
            raise Killed
        return self._dies_inside()
