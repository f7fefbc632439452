"""Use cases: an account is charged by a tariff, and ceases to be."""

from dataclasses import replace
from datetime import date
from uuid import UUID

from prepay_ledger.agreements.ports import Unit
from prepay_ledger.agreements.rules import (
    UnknownAgreement,
    check_rated,
    check_tariff,
    ended,
    set_event,
    with_agreement,
)
from prepay_ledger.agreements.values import Agreement
from prepay_ledger.balances.refusals import UnknownAccount
from prepay_ledger.charging.rederive import rederive
from prepay_ledger.facts.tell import tell
from prepay_ledger.facts.values import Decided
from prepay_ledger.modes.refuse_meanwhile import refuse_meanwhile
from prepay_ledger.supply.review_supply import SupplyReview


class DecideAgreement:
    """Sets and ends agreements; what that changes of the charges is posted at once."""

    def __init__(self, *, review: SupplyReview) -> None:
        self._review = review

    async def set(self, *, unit: Unit, agreement: Agreement, decided: Decided) -> None:
        """A new agreement; an open one that began earlier ends where it begins. Raises
        `UnknownAccount`, `UnknownTariff`, `AgreementRefused` or `ModeChangeUnderWay`."""
        meter_ids = await self.hold(unit, agreement.account_id)
        await refuse_meanwhile(unit, [agreement.account_id])
        account = await unit.balances.account(agreement.account_id)
        if account is None:
            message = f"account {agreement.account_id} does not exist"
            raise UnknownAccount(message)
        known = await unit.agreements.of_account(agreement.account_id)
        tariffs = await unit.tariffs.book()
        check_tariff(
            tariffs,
            agreement=agreement,
            currency=account.currency,
            others=known,
        )
        agreement = replace(agreement, corrections=tariffs.corrections(agreement.tariff_code))
        changed = with_agreement(known, agreement)
        for each in changed:
            await unit.agreements.change(each)
        await unit.agreements.add(agreement)
        await self._tell(unit, [*changed, agreement], meter_ids, decided)

    async def end(
        self,
        *,
        unit: Unit,
        account_id: UUID,
        agreement_id: UUID,
        end_day: date,
        decided: Decided,
    ) -> Agreement:
        """The agreement with that end, whatever was charged since; as it stands where it ends there
        already. Raises `UnknownAgreement` or `AgreementRefused`."""
        meter_ids = await self.hold(unit, account_id)
        await refuse_meanwhile(unit, [account_id])
        known = await unit.agreements.of_account(account_id)
        for each in known:
            if each.id == agreement_id:
                if each.end_day == end_day:
                    return each
                changed = ended(known, each, end_day=end_day)
                # It may be longer now.
                check_rated((await unit.tariffs.book()).book(changed.tariff_code), changed)
                await unit.agreements.change(changed)
                await self._tell(unit, [changed], meter_ids, decided)
                return changed
        message = f"account {account_id} has no agreement {agreement_id}"
        raise UnknownAgreement(message)

    async def hold(self, unit: Unit, account_id: UUID) -> list[str]:
        """Locks all that the account's charges rest on, in the ledger's one order: decisions about
        it, tariffs, meters, periods. Gives the meters. Who changes the account's row in the same
        transaction calls it before that; once more it changes nothing."""
        await unit.charging.hold_accounts([account_id])
        await unit.tariffs.hold()
        meter_ids = list(await unit.charging.meters_of([account_id]))
        await unit.charging.hold(meter_ids)
        await unit.charging.hold_periods([account_id])
        return meter_ids

    async def _tell(
        self, unit: Unit, changed: list[Agreement], meter_ids: list[str], decided: Decided
    ) -> None:
        account_id = changed[0].account_id
        await tell(
            unit,
            [(str(each.account_id), str(each.id), set_event(each, decided)) for each in changed],
            decided,
        )
        due = await rederive(
            unit=unit,
            meter_ids=meter_ids,
            account_ids=[account_id],
            now=decided.at,
            source=f"agreement/{changed[-1].id}",
        )
        if due:
            await self._review(unit, due, now=decided.at, caused_at=decided.at)
