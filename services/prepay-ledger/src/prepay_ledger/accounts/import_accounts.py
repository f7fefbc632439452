"""Use case: many accounts with their meters at once, from another system's export."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from prepay_ledger.accounts.open_account import opened
from prepay_ledger.accounts.ports import Unit
from prepay_ledger.accounts.rules import problems_of
from prepay_ledger.accounts.values import ImportLine, ImportResult, Opening
from prepay_ledger.agreements.rules import set_event
from prepay_ledger.charging.begin_charges import Alike, begin_charges, first_charges
from prepay_ledger.charging.meters import Agreement
from prepay_ledger.charging.pricing import Pricings
from prepay_ledger.charging.rederive import NotRated, rederive
from prepay_ledger.epochs.values import first_number
from prepay_ledger.events import account_events
from prepay_ledger.facts.tell import tell
from prepay_ledger.facts.values import Decided
from prepay_ledger.installations.rules import installation_event, meter_event
from prepay_ledger.journal.values import Entry, Journal, UtilityAccount
from prepay_ledger.prepay_agreements.sign_agreement import enter_agreements
from prepay_ledger.prepay_agreements.values import PrepayAgreement, first_agreement
from prepay_ledger.supply.review_supply import SupplyReview
from prepay_ledger.tariffs.book import Tariffs
from prewatt_common.kafka.gathering import Partitions
from prewatt_metering.rating.part import Unrated


class ImportRefused(Exception):
    """Nothing was imported; ``problems`` names lines and what is wrong with them."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class ImportAccounts:
    """Opens accounts with their agreements and meters; what is due of them is charged."""

    def __init__(
        self, *, review: SupplyReview, partitions: Callable[[], Awaitable[Partitions]]
    ) -> None:
        """``partitions``: those of the ledger's topics, by which its events are gathered."""
        self._review = review
        self._partitions = partitions

    async def __call__(
        self, *, unit: Unit, lines: Sequence[ImportLine], decided: Decided
    ) -> ImportResult:
        """All or nothing; sent again it changes nothing, so a broken upload is simply repeated.

        Raises `ImportRefused` or `NotRated`.
        """
        partitions = await self._partitions()
        await unit.tariffs.hold()
        # Of two who send the same file one waits here, and then finds what the other has opened.
        made = await unit.charging.hold([line.installed.meter_id for line in lines])
        existing = await unit.bulk.existing_numbers([line.account.number for line in lines])
        new = [line for line in lines if line.account.number not in existing]
        if new:
            tariffs = await unit.tariffs.book()
            problems = problems_of(
                new,
                known_meters=await unit.bulk.known_meters([e.installed.meter_id for e in new]),
                tariffs=tariffs,
                procedures=await unit.procedures.book(),
                now=decided.at,
            )
            if problems:
                raise ImportRefused(problems)
            # A batch under way that knows of no installation is refused, and comes again.
            meter_ids = [line.installed.meter_id for line in new]
            await unit.charging.outdate([each for each in meter_ids if each not in made])
            due = await _open(
                unit, [_of_now(line, tariffs) for line in new], tariffs, decided, partitions
            )
            due += await _follow(unit, new, decided)
            if (await unit.policies.book()).version(decided.at).document.warns:
                # Limits beside their own are found by a review alone.
                due = [line.account.id for line in new]
            if due:
                await self._review(
                    unit, list(dict.fromkeys(due)), now=decided.at, caused_at=decided.at
                )
        return ImportResult(opened=len(new), existing=len(existing))


async def _open(
    unit: Unit,
    new: Sequence[ImportLine],
    tariffs: Tariffs,
    decided: Decided,
    partitions: Partitions,
) -> list[UUID]:
    """Everything of accounts whose meters have told of nothing; gives those to review. Nobody has
    seen these accounts yet: their rows are written once, as they stand in the end."""
    try:
        alike = first_charges(
            [_to_charge(line) for line in new], pricings=Pricings(tariffs), now=decided.at
        )
    except Unrated as error:
        raise NotRated(str(error)) from error
    day = await unit.charging.posting_day()
    above = first_number(await unit.charging.epoch())
    charges = _charges(alike)
    openings = [
        Opening.of(line, charges_micro=charges.get(line.account.id), above=above) for line in new
    ]
    await unit.bulk.insert(openings)
    for journal in _journals(new):
        await unit.journals.write(journal, at=decided.at)
    told = [(each.line.account.id, opened(each.line.account, each.brought)) for each in openings]
    await unit.publish(account_events(told, at=decided.at, partitions=partitions))
    await _tell(unit, new, decided, partitions)
    await enter_agreements(unit, _agreements(new, decided), partitions=partitions)
    await begin_charges(
        unit=unit,
        alike=alike,
        balances={
            each.line.account.id: each.balance
            for each in openings
            if each.line.account.id in charges
        },
        day=day,
        now=decided.at,
    )
    return [each.balance.account_id for each in openings if each.balance.is_due]


async def _follow(unit: Unit, new: Sequence[ImportLine], decided: Decided) -> list[UUID]:
    """Readings that came before their meter served anybody are charged; gives those to review."""
    waiting = set(await unit.bulk.waiting([line.installed.meter_id for line in new]))
    if not waiting:
        return []
    due = await rederive(
        unit=unit,
        meter_ids=waiting,
        account_ids=[line.account.id for line in new if line.installed.meter_id in waiting],
        now=decided.at,
    )
    return list(due)


def _charges(alike: Sequence[Alike]) -> Mapping[UUID, int]:
    """What the accounts' balances move by, in micro-units."""
    return {
        agreement.account_id: moved_micro
        for each in alike
        if (moved_micro := each.moved_micro) is not None
        for agreement in each.agreements
    }


def _journals(new: Sequence[ImportLine]) -> list[Journal]:
    """What customers had left, a journal a currency."""
    journals: list[Journal] = []
    with_money = [line.account for line in new if line.account.balance_micro]
    for currency in sorted({account.currency for account in with_money}):
        entries = tuple(
            Entry(account.id, account.balance_micro)
            for account in with_money
            if account.currency == currency
        )
        total = sum(entry.amount_micro for entry in entries)
        journals.append(
            Journal(
                kind="opening-balance",
                source="import",
                currency=currency,
                entries=entries,
                postings={UtilityAccount.OPENING_BALANCES: -total},
            )
        )
    return journals


async def _tell(
    unit: Unit, new: Sequence[ImportLine], decided: Decided, partitions: Partitions
) -> None:
    await tell(
        unit,
        [
            (line.meter.meter_id, line.meter.meter_id, meter_event(line.meter, decided))
            for line in new
            if line.meter is not None
        ]
        + [
            (str(line.account.id), str(line.agreement.id), set_event(line.agreement, decided))
            for line in new
        ]
        + [
            (
                line.installed.meter_id,
                str(line.installed.id),
                installation_event(line.installed, decided),
            )
            for line in new
        ],
        decided,
        partitions=partitions,
    )


def _agreements(new: Sequence[ImportLine], decided: Decided) -> list[PrepayAgreement]:
    return [
        first_agreement(line.account.id, line.signed, decided)
        for line in new
        if line.signed is not None
    ]


def _of_now(line: ImportLine, tariffs: Tariffs) -> ImportLine:
    """Charged by its tariff with all corrections made."""
    corrections = tariffs.corrections(line.agreement.tariff_code)
    if corrections == line.agreement.corrections:
        return line
    return replace(line, agreement=replace(line.agreement, corrections=corrections))


def _to_charge(line: ImportLine) -> Agreement:
    agreement = line.agreement
    return Agreement(
        id=agreement.id,
        account_id=agreement.account_id,
        tariff_code=agreement.tariff_code,
        first_day=agreement.first_day,
        corrections=agreement.corrections,
    )
