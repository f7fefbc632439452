"""What an agreement must hold to, and the event that tells of it."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from http import HTTPStatus

from prepay_ledger.agreements.values import Agreement
from prepay_ledger.facts.values import Decided
from prepay_ledger.tariffs.book import Tariffs
from prepay_ledger.tariffs.needs import unknown
from prewatt_common.contracts.ledger_facts_v1 import AgreementSet
from prewatt_common.refusals import Refusal
from prewatt_metering.tariffs.book import NoTariff, TariffBook


class AgreementRefused(Refusal):
    """The agreement does not fit: the message says what to change."""

    kind = "agreement-refused"


class UnknownAgreement(Refusal):
    """The account has no such agreement."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-agreement"


def set_event(agreement: Agreement, decided: Decided) -> AgreementSet:
    """The event that tells how an agreement stands."""
    return AgreementSet(
        agreement_id=agreement.id,
        revision=agreement.revision,
        account_id=agreement.account_id,
        tariff_code=agreement.tariff_code,
        first_day=agreement.first_day,
        end_day=agreement.end_day,
        capacity_va=agreement.capacity_va,
        contracted_w=agreement.contracted_w,
        by=decided.by,
        reason=decided.reason,
        at=decided.at,
    )


def check_tariff(
    tariffs: Tariffs, *, agreement: Agreement, currency: str, others: Iterable[Agreement] = ()
) -> None:
    """Raises `AgreementRefused` or `UnknownTariff` unless the tariff rates the agreement's days in
    the account's currency, in the zone of its other agreements."""
    book = tariffs.book(agreement.tariff_code)
    first = book.versions[0]
    if first.currency != currency:
        message = f"tariff {book.code} is in {first.currency}, the account in {currency}"
        raise AgreementRefused(message)
    try:
        book.version_of(agreement.first_day)
    except NoTariff as error:
        message = f"{error}; let the agreement begin on that day or later"
        raise AgreementRefused(message) from error
    for other in others:
        zone = tariffs.book(other.tariff_code).versions[0].timezone
        if zone != first.timezone:
            message = (
                f"tariff {book.code} is of {first.timezone}, the account's {other.tariff_code} of "
                f"{zone}: an account's days are of one zone"
            )
            raise AgreementRefused(message)
    check_rated(book, agreement)


def check_rated(book: TariffBook, agreement: Agreement) -> None:
    """Raises `AgreementRefused` where a version of the agreement's days asks for what is not known
    of it."""
    for version in book.versions_of(agreement.first_day, agreement.end_day):
        lacking = unknown(version, capacity_va=agreement.capacity_va)
        if lacking is not None:
            raise AgreementRefused(lacking)


def with_agreement(known: Sequence[Agreement], new: Agreement) -> list[Agreement]:
    """Those of ``known`` that ``new`` changes: an open one that began earlier ends where it begins.
    Raises `AgreementRefused` where they would hold at once."""
    changed: list[Agreement] = []
    for other in known:
        if other.end_day is None and other.first_day < new.first_day:
            changed.append(replace(other, end_day=new.first_day, revision=other.revision + 1))
        elif _overlap(other, new):
            raise AgreementRefused(_at_once(other))
    return changed


def ended(known: Sequence[Agreement], agreement: Agreement, *, end_day: date) -> Agreement:
    """``agreement`` with another end. Raises `AgreementRefused`."""
    if end_day <= agreement.first_day:
        message = f"the agreement began on {agreement.first_day}; it cannot end before {end_day}"
        raise AgreementRefused(message)
    new = replace(agreement, end_day=end_day, revision=agreement.revision + 1)
    for other in known:
        if other.id != agreement.id and _overlap(other, new):
            raise AgreementRefused(_at_once(other))
    return new


def _overlap(a: Agreement, b: Agreement) -> bool:
    return (a.end_day is None or b.first_day < a.end_day) and (
        b.end_day is None or a.first_day < b.end_day
    )


def _at_once(other: Agreement) -> str:
    until = "still" if other.end_day is None else f"until {other.end_day}"
    return (
        f"the account is charged by {other.tariff_code} from {other.first_day} on, {until}: two "
        "agreements at once are none"
    )
