"""Use cases: a customer agrees to a mandate, to other terms of it, or to none any more."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from prepay_ledger.balances.refusals import UnknownAccount
from prepay_ledger.balances.values import Account
from prepay_ledger.debit_formats.as_requester import ByFile
from prepay_ledger.mandates.ports import Unit
from prepay_ledger.mandates.refusals import (
    InvalidMandate,
    MandateExists,
    MandateIsEnded,
    NeedsConsent,
    OtherRequest,
    UnknownMandate,
    UnknownRequester,
)
from prepay_ledger.mandates.rules import asks_for_more, why_not
from prepay_ledger.mandates.settle_request import withdraw_unsent
from prepay_ledger.mandates.values import (
    Consent,
    Mandate,
    MandateState,
    Step,
    Terms,
)
from prepay_ledger.payment_requests.configured import Requesters
from prepay_ledger.providers.amounts import minor_of_micro
from prewatt_common.contracts.procedure_v1 import Mode


async def open_mandate(
    *, unit: Unit, asked: Mandate, step: Step, requesters: Requesters
) -> tuple[Mandate, bool]:
    """The mandate, and whether it is new. The same under the same key changes nothing; the balance
    is looked at from our commit on. Raises `UnknownAccount`, `OtherRequest`, `UnknownRequester`,
    `InvalidMandate` or `MandateExists`."""
    account = await unit.balances.lock(asked.account_id)
    if account is None:
        message = f"account {asked.account_id} does not exist"
        raise UnknownAccount(message)
    known = await unit.mandates.asked_as(step.key, who=step.who)
    if known is not None:
        if _agreed(known) != _agreed(asked):
            raise _other(step)
        return known, False
    _check(asked, account, requesters, now=step.at)
    live = await unit.mandates.live(account.id)
    if live is not None:
        message = (
            f"account {account.number} has mandate {live.id}, which is {live.state}: change it, or "
            "end it first"
        )
        raise MandateExists(message)
    await unit.mandates.add(asked)
    await unit.mandates.add_step(asked, step)
    await unit.mandates.look(account.id)
    return asked, True


async def change_mandate(
    *,
    unit: Unit,
    mandate_id: UUID,
    reference: str,
    terms: Terms,
    consent: Consent | None,
    step: Step,
    requesters: Requesters,
) -> Mandate:
    """Other terms, from our commit on; what was asked for by the old ones and not sent yet is
    withdrawn. With new consent a suspended mandate is active again. Raises `UnknownMandate`,
    `OtherRequest`, `MandateIsEnded`, `NeedsConsent`, `UnknownRequester` or `InvalidMandate`."""
    mandate, account = await _locked(unit, mandate_id)
    known = await unit.mandates.asked_as(step.key, who=step.who)
    if known is not None:
        asked = replace(known, reference=reference, terms=terms, consent=consent or known.consent)
        if known.id != mandate_id or _agreed(known) != _agreed(asked):
            raise _other(step)
        return mandate
    if mandate.state is MandateState.ENDED:
        message = f"mandate {mandate_id} was ended: the customer agrees to a new one"
        raise MandateIsEnded(message)
    if consent is None:
        if reference != mandate.reference or asks_for_more(mandate.terms, terms):
            message = (
                "that is more than the customer has agreed to: say who agreed to it, when, and by "
                "what new paper or session; nothing was changed"
            )
            raise NeedsConsent(message)
    elif await unit.mandates.agreed_by(mandate_id, consent.reference):
        message = f"consent {consent.reference} was given before: each has a reference of its own"
        raise NeedsConsent(message)
    after = replace(mandate, reference=reference, terms=terms)
    if consent is not None:
        after = replace(
            after,
            consent=consent,
            state=MandateState.ACTIVE,
            state_reason="",
            failures=0,
            retry_on=None,
        )
    _check(after, account, requesters, now=step.at)
    await unit.mandates.put(after)
    await unit.mandates.add_step(after, step)
    await withdraw_unsent(unit, account.id, why="mandate-changed", now=step.at)
    return after


async def end_mandate(*, unit: Unit, mandate_id: UUID, step: Step) -> Mandate:
    """No request is sent from our commit on. One that has ended stays as it is. Raises
    `UnknownMandate`."""
    mandate, account = await _locked(unit, mandate_id)
    if mandate.state is MandateState.ENDED:
        return mandate
    after = replace(
        mandate, state=MandateState.ENDED, state_reason=step.reason, waits=None, look_at=None
    )
    await unit.mandates.put(after)
    await unit.mandates.add_step(after, step)
    await withdraw_unsent(unit, account.id, why="mandate-ended", now=step.at)
    return after


async def _locked(unit: Unit, mandate_id: UUID) -> tuple[Mandate, Account]:
    found = await unit.mandates.mandate(mandate_id)
    if found is None:
        message = f"there is no mandate {mandate_id}"
        raise UnknownMandate(message)
    account = await unit.balances.lock(found.account_id)
    mandate = await unit.mandates.mandate(mandate_id)
    assert account is not None, "an account stays"
    assert mandate is not None, "a mandate stays"
    return mandate, account


def _check(mandate: Mandate, account: Account, requesters: Requesters, *, now: datetime) -> None:
    if account.mode is not Mode.PREPAY and mandate.terms.statement_micro_max is None:
        message = (
            f"account {account.number} is post-paid: nothing is topped up; say up to how much of a "
            "statement is collected (statement_micro_max)"
        )
        raise InvalidMandate(message)
    requester = requesters.get(mandate.provider)
    if requester is None:
        known = ", ".join(sorted(requesters)) or "none is configured"
        message = f"no provider {mandate.provider} can be asked for money; those that can: {known}"
        raise UnknownRequester(message)
    wrong = requester.refused_reference(mandate.reference)
    if wrong is not None:
        message = f"reference: {wrong}"
        raise InvalidMandate(message)
    wrong = why_not(mandate.terms, mandate.consent, mandate.reference, now=now)
    if wrong is not None:
        raise InvalidMandate(wrong)
    caps = (mandate.terms.instalment_micro_max, mandate.terms.statement_micro_max)
    if caps != (None, None) and not isinstance(requester, ByFile):
        message = (
            f"{mandate.provider} takes no files: instalments and statements are collected by those "
            "alone"
        )
        raise InvalidMandate(message)
    try:
        minor_of_micro(mandate.terms.amount_micro, account.currency)
    except ValueError as error:
        message = f"amount_micro: {error}"
        raise InvalidMandate(message) from error


def _agreed(mandate: Mandate) -> tuple[object, ...]:
    return (
        mandate.account_id,
        mandate.provider,
        mandate.reference,
        mandate.terms,
        mandate.consent,
    )


def _other(step: Step) -> OtherRequest:
    message = (
        f"the Idempotency-Key {step.key} came before with something else, which stands; nothing "
        "was changed"
    )
    return OtherRequest(message)
