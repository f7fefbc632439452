"""Use case: many accounts with their meters at once, from another system's export."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from prepay_ledger.accounts.open_account import opened
from prepay_ledger.accounts.ports import Unit
from prepay_ledger.accounts.values import ImportLine, ImportResult
from prepay_ledger.agreements.rules import AgreementRefused, check_tariff, set_event
from prepay_ledger.charging.rederive import rederive
from prepay_ledger.facts.tell import tell
from prepay_ledger.facts.values import Decided
from prepay_ledger.installations.rules import (
    InstallationRefused,
    check_installation,
    check_meter,
    check_registers,
    installation_event,
    meter_event,
)
from prepay_ledger.journal.values import Balance, Entry, Journal, UtilityAccount
from prepay_ledger.supply.review_supply import SupplyReview
from prepay_ledger.tariffs.book import Tariffs
from prepay_ledger.tariffs.refusals import UnknownTariff


class ImportRefused(Exception):
    """Nothing was imported; ``problems`` names lines and what is wrong with them."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class ImportAccounts:
    """Opens accounts with their agreements and meters; what is due of them is charged."""

    def __init__(self, *, review: SupplyReview) -> None:
        self._review = review

    async def __call__(
        self, *, unit: Unit, lines: Sequence[ImportLine], decided: Decided
    ) -> ImportResult:
        """All or nothing; sent again it changes nothing, so a broken upload is simply repeated.

        Raises `ImportRefused`.
        """
        await unit.tariffs.hold()
        # Of two who send the same file one waits here, and then finds what the other has opened.
        await unit.charging.hold([line.installed.meter_id for line in lines])
        existing = await unit.bulk.existing_numbers([line.account.number for line in lines])
        new = [line for line in lines if line.account.number not in existing]
        if new:
            meter_ids = [line.installed.meter_id for line in new]
            tariffs = await unit.tariffs.book()
            await _check(unit, new, tariffs, now=decided.at)
            await _open(unit, [_of_now(line, tariffs) for line in new], decided)
            due = await rederive(
                unit=unit,
                meter_ids=await unit.bulk.waiting(meter_ids),
                account_ids=[line.account.id for line in new],
                now=decided.at,
            )
            if due:
                await self._review(unit, due, now=decided.at, caused_at=decided.at)
        return ImportResult(opened=len(new), existing=len(existing))


async def _open(unit: Unit, new: Sequence[ImportLine], decided: Decided) -> None:
    # Accounts start empty: the opening journal moves the balance, as every balance is moved.
    await unit.bulk.insert(new)
    balances = dict[UUID, Balance]()
    for currency in sorted({line.account.currency for line in new if line.account.balance_micro}):
        entries = tuple(
            Entry(line.account.id, line.account.balance_micro)
            for line in new
            if line.account.balance_micro and line.account.currency == currency
        )
        total = sum(entry.amount_micro for entry in entries)
        journal = Journal(
            kind="opening-balance",
            source="import",
            currency=currency,
            entries=entries,
            postings={UtilityAccount.OPENING_BALANCES: -total},
        )
        _, brought = await unit.journals.post(journal, at=decided.at)
        balances |= {each.account_id: each for each in brought}
    await unit.publish([opened(line.account, balances.get(line.account.id)) for line in new])
    await _tell(unit, new, decided)


async def _tell(unit: Unit, new: Sequence[ImportLine], decided: Decided) -> None:
    await tell(
        unit,
        [
            (line.meter.meter_id, line.meter.meter_id, meter_event(line.meter, decided))
            for line in new
            if line.meter is not None
        ],
        decided,
    )
    await tell(
        unit,
        [
            (str(line.account.id), str(line.agreement.id), set_event(line.agreement, decided))
            for line in new
        ],
        decided,
    )
    await tell(
        unit,
        [
            (
                line.installed.meter_id,
                str(line.installed.id),
                installation_event(line.installed, decided),
            )
            for line in new
        ],
        decided,
    )


def _of_now(line: ImportLine, tariffs: Tariffs) -> ImportLine:
    """Charged by its tariff with all corrections made."""
    corrections = tariffs.corrections(line.agreement.tariff_code)
    return replace(line, agreement=replace(line.agreement, corrections=corrections))


async def _check(
    unit: Unit, lines: Sequence[ImportLine], tariffs: Tariffs, *, now: datetime
) -> None:
    taken = await unit.bulk.known_meters([line.installed.meter_id for line in lines])
    numbers: set[str] = set()
    problems: list[str] = []
    for line in lines:
        if line.account.number in numbers:
            problems.append(f"line {line.number}: account {line.account.number} is there twice")
        numbers.add(line.account.number)
        meter_id = line.installed.meter_id
        if meter_id in taken:
            problems.append(f"line {line.number}: meter {meter_id} serves an account already")
        taken.add(meter_id)
        try:
            check_tariff(tariffs, agreement=line.agreement, currency=line.account.currency)
            check_installation(line.installed, ())
            check_registers(line.installed, now=now)
            if line.meter is not None:
                check_meter(line.meter)
        except (AgreementRefused, InstallationRefused, UnknownTariff) as error:
            problems.append(f"line {line.number}: {error}")
    if problems:
        raise ImportRefused(problems)
