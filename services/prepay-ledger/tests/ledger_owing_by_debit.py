"""A household that owes a debt by instalments, which its bank is told by files to collect."""

from datetime import date
from typing import Any
from uuid import uuid4

from ledger_debits import Debits, nothing
from ledger_expected import document
from ledger_saving import POLICY, Open
from ledger_scratch import UTC_ZONE

from prepay_ledger.debts.move_debt import record_debt
from prepay_ledger.debts.pay_off import pay_off
from prepay_ledger.debts.plan_debt import plan_debt
from prepay_ledger.debts.postgres_audit import audit_debts_of
from prepay_ledger.debts.values import BillCause, Debt, NewDebt, Origin
from prepay_ledger.facts.values import Decided
from prepay_ledger.mandates.ask_instalments import AskInstalments
from prepay_ledger.mandates.values import Mandate
from prepay_ledger.tariffs.publish_tariff import publish_tariff
from prewatt_metering.tariffs.document import tariff_of

FIRST_DUE = date(2026, 3, 18)
"""Three days after the test's first day."""


class OwingByDebit(Debits):
    """60 are owed in three instalments; the mandate collects them, each up to 25."""

    async def begin(self) -> None:
        await super().begin()
        tariff = document("t", timezone="UTC")
        async with self.scratch.unit() as unit:
            await publish_tariff(
                unit=unit, version=tariff_of(tariff), by="test", reason="test", now=self.now
            )
        self.agreement_id = uuid4()
        await self.scratch.sql(
            "INSERT INTO agreement (id, account_id, tariff_code, first_day, revision) "
            "VALUES ($1, $2, 't', '2026-01-01', 1)",
            self.agreement_id, self.account_id,
        )  # fmt: skip

    async def owe(self, units: int = 60) -> None:
        """What was charged is owed apart: the balance stays at 50."""
        await self.move(-units)
        new = NewDebt(
            account_id=self.account_id, source="edit/1", currency="CNY",
            origin=Origin(self.agreement_id, date(2026, 1, 1)), cause=BillCause.EDIT,
            our_fault=True, used_until=date(2026, 2, 1), amount_micro=units * 1_000_000,
        )  # fmt: skip
        async with self.scratch.unit() as unit:
            await unit.balances.lock(self.account_id)
            await record_debt(unit=unit, new=new, at=self.now)
        await self.plan(3, FIRST_DUE)

    async def plan(self, instalments: int, first_due: date) -> None:
        async with self.scratch.unit() as unit:
            await plan_debt(
                unit=unit, debt_id=(await self.debt()).id, instalments=instalments,
                first_due=first_due, decided=Decided(by="li", reason="r", at=self.now),
            )  # fmt: skip

    async def covered(self, **terms: Any) -> Mandate:
        """A mandate that covers instalments, whose debtor is known, and the first is asked for."""
        mandate = await self.open(**{"instalment_micro_max": 25_000_000} | terms)
        await self.debtor(mandate)
        await self.ask_instalments()
        return mandate

    async def ask_instalments(self, open_unit: Open | None = None) -> None:
        await AskInstalments(
            open_unit=open_unit or self.scratch.unit, days_ahead={"demo": 5}, zone=UTC_ZONE,
            policy=POLICY, clock=lambda: self.now, committed=nothing,
        )()  # fmt: skip

    async def debt(self) -> Debt:
        async with self.scratch.unit() as unit:
            rows = await self.scratch.sql("SELECT id FROM debt")
            found = await unit.debts.lock(rows[0]["id"])
        assert found is not None
        return found

    async def holds(self) -> None:
        """The debt is what its journals come to."""
        connection = await self.scratch.connect()
        try:
            found = [str(each) async for each in audit_debts_of(connection)]
        finally:
            await connection.close()
        assert found == [], found

    async def owed(self) -> int:
        """What is left of the debt."""
        return (await self.debt()).left_micro // 1_000_000

    async def take_from_balance(self) -> int:
        """What the daily job takes of the balance for what is due."""
        async with self.scratch.unit() as unit:
            paid = await pay_off(
                unit=unit, account_ids=[self.account_id], today=self.now.date(), at=self.now
            )
        return paid // 1_000_000
