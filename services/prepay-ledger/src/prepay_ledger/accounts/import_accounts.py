"""Use case: many accounts with their meters at once, from another system's export."""

from collections.abc import Sequence
from datetime import datetime

from prepay_ledger.accounts.open_account import opened
from prepay_ledger.accounts.ports import Unit
from prepay_ledger.accounts.values import ImportLine, ImportResult
from prepay_ledger.installations.charge_waiting import charge_waiting
from prepay_ledger.installations.rules import BindingRefused, bound, check_tariff
from prepay_ledger.journal.values import Entry, Journal, UtilityAccount
from prepay_ledger.supply.review_supply import SupplyReview


class ImportRefused(Exception):
    """Nothing was imported; ``problems`` names lines and what is wrong with them."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class ImportAccounts:
    """Opens accounts and binds their meters; readings that waited for these are charged."""

    def __init__(self, *, review: SupplyReview) -> None:
        self._review = review

    async def __call__(
        self, *, unit: Unit, lines: Sequence[ImportLine], now: datetime
    ) -> ImportResult:
        """All or nothing; sent again it changes nothing, so a broken upload is simply repeated.

        Raises `ImportRefused`.
        """
        await unit.bindings.begin()
        result = await _open(unit=unit, lines=lines, now=now)
        if result.opened:
            # Only now: a large file takes seconds to insert, and batches wait from here on.
            await unit.charging.wait_for_batches()
            due = await charge_waiting(
                unit=unit,
                meter_ids=[line.binding.meter_id for line in lines],
                tariffs=await unit.tariffs.book(),
                source="import",
                now=now,
            )
            if due:
                await self._review(unit, due, now=now, caused_at=now)
        return result


async def _open(*, unit: Unit, lines: Sequence[ImportLine], now: datetime) -> ImportResult:
    existing = await unit.bulk.existing_numbers([line.account.number for line in lines])
    new = [line for line in lines if line.account.number not in existing]
    await _check(unit, new)
    if new:
        # Accounts start empty: the opening journal moves the balance, as every balance is moved.
        await unit.bulk.insert([line.account for line in new], [line.binding for line in new])
        entries = tuple(
            Entry(line.account.id, line.account.balance_micro)
            for line in new
            if line.account.balance_micro
        )
        if entries:
            total = sum(entry.amount_micro for entry in entries)
            journal = Journal(
                kind="opening-balance",
                source="import",
                entries=entries,
                postings={UtilityAccount.OPENING_BALANCES: -total},
            )
            await unit.journals.post(journal, at=now)
        await unit.publish([opened(line.account) for line in new])
        await unit.publish([bound(line.binding, at=now) for line in new])
    return ImportResult(opened=len(new), existing=len(existing))


async def _check(unit: Unit, lines: Sequence[ImportLine]) -> None:
    tariffs = await unit.tariffs.book()
    taken = await unit.bulk.bound_meters([line.binding.meter_id for line in lines])
    numbers: set[str] = set()
    problems: list[str] = []
    for line in lines:
        if line.account.number in numbers:
            problems.append(f"line {line.number}: account {line.account.number} is there twice")
        numbers.add(line.account.number)
        if line.binding.meter_id in taken:
            problems.append(
                f"line {line.number}: meter {line.binding.meter_id} serves an account already"
            )
        taken.add(line.binding.meter_id)
        try:
            check_tariff(tariffs, binding=line.binding, currency=line.account.currency)
        except BindingRefused as error:
            problems.append(f"line {line.number}: {error}")
    if problems:
        raise ImportRefused(problems)
