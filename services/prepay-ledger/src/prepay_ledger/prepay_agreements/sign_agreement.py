"""Use cases: what a customer has signed is entered, and ended."""

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import datetime
from uuid import UUID

from prepay_ledger.balances.refusals import UnknownAccount
from prepay_ledger.events import facts
from prepay_ledger.facts.values import Decided
from prepay_ledger.modes.refuse_meanwhile import refuse_meanwhile
from prepay_ledger.prepay_agreements.ports import HasGrounds, Unit
from prepay_ledger.prepay_agreements.refusals import NoPrepayAgreement, PrepayAgreementRefused
from prepay_ledger.prepay_agreements.rules import wrong_terms
from prepay_ledger.prepay_agreements.values import (
    PrepayAgreement,
    PrepayTerms,
    first_agreement,
)
from prepay_ledger.procedures.book import ProcedureBook
from prewatt_common.contracts.cut_facts_v1 import PrepayAgreementSigned
from prewatt_common.contracts.procedure_v1 import Mode
from prewatt_common.kafka.gathering import APART, Partitions

_TERMS = tuple(each.name for each in fields(PrepayTerms))


async def sign_agreement(
    *, unit: Unit, account_id: UUID, terms: PrepayTerms, decided: Decided
) -> tuple[PrepayAgreement, bool]:
    """The account's agreement from the terms' begin on, and whether that is new: the same again
    changes nothing. Raises `UnknownAccount`, `PrepayAgreementRefused`."""
    last = await _last(unit, account_id)
    if last is not None and last.terms == terms:
        return last, False
    await refuse_meanwhile(unit, [account_id], to=Mode.ARREARS)
    wrong = wrong_terms(terms, before=last, now=decided.at) or unknown_procedure(
        terms, await unit.procedures.book()
    )
    if wrong:
        raise PrepayAgreementRefused(wrong)
    agreement = _next(account_id, last, terms, decided)
    await enter_agreements(unit, [agreement])
    return agreement, True


async def end_agreement(
    *, unit: Unit, account_id: UUID, ends_at: datetime, decided: Decided
) -> PrepayAgreement:
    """From ``ends_at`` on nothing is agreed, and the account is not cut by itself; as it stands
    where it is ended already. Raises `UnknownAccount`, `NoPrepayAgreement`,
    `PrepayAgreementRefused`."""
    last = await _last(unit, account_id)
    if last is None:
        message = f"account {account_id} has signed no prepay agreement"
        raise NoPrepayAgreement(message)
    if last.terms.is_ended:
        return last
    await refuse_meanwhile(unit, [account_id], to=Mode.PREPAY)
    terms = replace(last.terms, is_ended=True, valid_from=ends_at)
    wrong = wrong_terms(terms, before=last, now=decided.at)
    if wrong:
        raise PrepayAgreementRefused(wrong)
    agreement = _next(account_id, last, terms, decided)
    await enter_agreements(unit, [agreement])
    return agreement


async def enter_agreements(
    unit: HasGrounds, agreements: Sequence[PrepayAgreement], *, partitions: Partitions = APART
) -> None:
    """Kept and told, gathered as far as the topic's ``partitions`` are known. The caller has
    checked them, entered them at one instant, and holds their accounts."""
    if not agreements:
        return
    await unit.prepay_agreements.add(agreements)
    told = [(str(each.account_id), _signed(each)) for each in agreements]
    await unit.publish(facts(told, at=agreements[0].at, partitions=partitions))


def unknown_procedure(terms: PrepayTerms, book: ProcedureBook) -> str | None:
    """Why nobody can be cut by such an agreement, in words: its procedure was never published."""
    if book.knows(
        jurisdiction=terms.jurisdiction, customer_class=terms.customer_class, mode=terms.mode
    ):
        return None
    of = f"{terms.jurisdiction}/{terms.customer_class}/{terms.mode}"
    return f"no procedure {of} is published; publish it first"


async def _last(unit: Unit, account_id: UUID) -> PrepayAgreement | None:
    if await unit.balances.lock(account_id) is None:
        message = f"account {account_id} does not exist"
        raise UnknownAccount(message)
    return await unit.prepay_agreements.last(account_id)


def _next(
    account_id: UUID, last: PrepayAgreement | None, terms: PrepayTerms, decided: Decided
) -> PrepayAgreement:
    first = first_agreement(account_id, terms, decided)
    return first if last is None else replace(first, version=last.version + 1)


def _signed(agreement: PrepayAgreement) -> PrepayAgreementSigned:
    return PrepayAgreementSigned(
        account_id=agreement.account_id,
        version=agreement.version,
        by=agreement.by,
        reason=agreement.reason,
        at=agreement.at,
        **{name: getattr(agreement.terms, name) for name in _TERMS},
    )
