"""Use case: a customer has agreed to pay in another way, from a day on."""

from collections.abc import Sequence
from uuid import UUID

from prepay_ledger.agreements.rules import check_tariff
from prepay_ledger.agreements.values import Agreement
from prepay_ledger.balances.refusals import UnknownAccount
from prepay_ledger.conditions.tell_condition import begin_condition
from prepay_ledger.facts.values import Decided
from prepay_ledger.mode_changes.note_step import note_step, other_request
from prepay_ledger.mode_changes.ports import Unit
from prepay_ledger.mode_changes.refusals import ModeChangeRefused
from prepay_ledger.mode_changes.rules import first_state, why_not_requested
from prepay_ledger.mode_changes.values import ModeChange, StepAction, Terms
from prepay_ledger.modes.refuse_meanwhile import refuse_meanwhile
from prepay_ledger.prepay_agreements.values import class_of
from prewatt_common.contracts.cut_facts_v1 import ConditionKind
from prewatt_common.contracts.supply_modes_v1 import ModeChanges
from prewatt_common.ids import new_id
from prewatt_metering.calendar.instants import instant_of, us_of


async def request_change(
    *, unit: Unit, account_id: UUID, terms: Terms, key: str, decided: Decided
) -> ModeChange:
    """The change as it stands; the same again under the same key changes nothing. From our commit
    on the policy's gate holds cuts of the account, and what contradicts the change is refused.

    Raises `UnknownAccount`, `ModeChangeRefused`, `ModeChangeUnderWay`, `KeyUsedBefore`,
    `UnknownTariff` or `AgreementRefused`."""
    await unit.charging.hold_accounts([account_id])
    account = await unit.balances.account(account_id)
    if account is None:
        message = f"account {account_id} does not exist"
        raise UnknownAccount(message)
    before = await _asked_before(unit, account_id, terms, key, decided)
    if before is not None:
        return before
    await refuse_meanwhile(unit, [account_id])
    rules = await _rules(unit, account_id, decided)
    known = await unit.agreements.of_account(account_id)
    await unit.tariffs.hold()
    tariffs = await unit.tariffs.book()
    last = open_agreement(known, terms)
    agreement = next_agreement(last, terms)
    check_tariff(tariffs, agreement=agreement, currency=account.currency, others=known)
    calendar = tariffs.calendar(terms.tariff_code)
    why = why_not_requested(
        terms, rules, mode=account.mode, today=calendar.day_of(us_of(decided.at)), now=decided.at
    )
    if why is not None:
        message = f"{why}; nothing was changed"
        raise ModeChangeRefused(message)
    effective_at = instant_of(calendar.first_instant_us(terms.first_day))
    change = ModeChange(
        id=new_id(),
        account_id=account_id,
        terms=terms,
        rules=rules,
        effective_at=effective_at,
        state=first_state(rules),
        look_at=effective_at,
    )
    is_new = await unit.mode_changes.add(change)
    assert is_new, "who decides about the account has it alone"
    await begin_condition(
        unit=unit,
        kind=ConditionKind.MODE_CHANGE,
        account_id=account_id,
        reference=str(change.id),
        until=None,
        decided=decided,
    )
    await note_step(unit, change, StepAction.REQUEST, decided, key=key)
    return change


def open_agreement(known: Sequence[Agreement], terms: Terms) -> Agreement:
    """The one that charges the account up to the change and would go on. Raises
    `ModeChangeRefused` where none does."""
    for each in known:
        if each.end_day is None and each.first_day < terms.first_day:
            return each
    message = (
        f"no agreement without an end charges the account before {terms.first_day}: there is "
        "nothing to close on that day; nothing was changed"
    )
    raise ModeChangeRefused(message)


def next_agreement(last: Agreement, terms: Terms) -> Agreement:
    """What charges the account in the new way, with the capacity of the old one."""
    return Agreement(
        id=new_id(),
        account_id=last.account_id,
        tariff_code=terms.tariff_code,
        first_day=terms.first_day,
        capacity_va=last.capacity_va,
        contracted_w=last.contracted_w,
    )


async def _rules(unit: Unit, account_id: UUID, decided: Decided) -> ModeChanges:
    signed = await unit.prepay_agreements.in_force([account_id], at=decided.at)
    book = await unit.policies.book()
    return book.in_force(class_of(signed.get(account_id)), at=decided.at).terms.mode_changes


async def _asked_before(
    unit: Unit, account_id: UUID, terms: Terms, key: str, decided: Decided
) -> ModeChange | None:
    step = await unit.mode_changes.asked_as(key, who=decided.by)
    if step is None:
        return None
    change = await unit.mode_changes.change(step.change_id)
    assert change is not None, "a change is never deleted"
    if step.action is not StepAction.REQUEST or (change.account_id, change.terms) != (
        account_id, terms,
    ):  # fmt: skip
        raise other_request(key)
    return change
