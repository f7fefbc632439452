"""What the lines of an import must hold to: the rules that each of an account, an agreement, a
meter and an installation is held to where it is told alone."""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import date, datetime
from typing import TypeAlias

from prepay_ledger.accounts.values import ImportLine
from prepay_ledger.agreements.rules import AgreementRefused, check_tariff
from prepay_ledger.installations.rules import (
    InstallationRefused,
    check_installation,
    check_meter,
    check_registers,
)
from prepay_ledger.prepay_agreements.rules import wrong_terms
from prepay_ledger.prepay_agreements.sign_agreement import unknown_procedure
from prepay_ledger.procedures.book import ProcedureBook
from prepay_ledger.tariffs.book import Tariffs
from prepay_ledger.tariffs.refusals import UnknownTariff

_Rule: TypeAlias = Callable[[ImportLine], str | None]
"""What is wrong with a line, in words; none where nothing is."""


def problems_of(
    lines: Sequence[ImportLine],
    *,
    known_meters: Collection[str],
    tariffs: Tariffs,
    procedures: ProcedureBook,
    now: datetime,
) -> list[str]:
    """What is wrong, each with its line and column. ``known_meters``: those that are or were
    installed, or that something is known of."""
    rules: Sequence[tuple[str, _Rule]] = (
        ("number", _Once("account {} is there twice", lambda line: line.account.number)),
        ("meter_id", _Once("meter {} is there twice", lambda line: line.installed.meter_id)),
        ("meter_id", lambda line: _known(line, known_meters)),
        ("tariff_code", _TariffRule(tariffs)),
        ("begins_at", lambda line: _refused(check_installation, line.installed, ())),
        ("opening_wh", lambda line: _refused(check_registers, line.installed, now=now)),
        ("max_w", _meter),
        ("signed_at", lambda line: _signed(line, procedures, now)),
    )
    return [
        f"line {line.number}: {column}: {problem}"
        for line in lines
        for column, problem in _problems(line, rules)
    ]


def _problems(line: ImportLine, rules: Sequence[tuple[str, _Rule]]) -> Iterator[tuple[str, str]]:
    for column, rule in rules:
        problem = rule(line)
        if problem is not None:
            yield column, problem


class _Once:
    """No two lines have the same."""

    def __init__(self, message: str, value: Callable[[ImportLine], str]) -> None:
        self._message = message
        self._value = value
        self._seen = set[str]()

    def __call__(self, line: ImportLine) -> str | None:
        value = self._value(line)
        if value in self._seen:
            return self._message.format(value)
        self._seen.add(value)
        return None


class _TariffRule:
    """The tariff rates the agreement's days in the account's currency. What it says of one line it
    says of all that agree in these."""

    def __init__(self, tariffs: Tariffs) -> None:
        self._tariffs = tariffs
        self._said: dict[tuple[str, str, date], str | None] = {}

    def __call__(self, line: ImportLine) -> str | None:
        agreement, currency = line.agreement, line.account.currency
        terms = (agreement.tariff_code, currency, agreement.first_day)
        if terms not in self._said:
            self._said[terms] = _refused(
                check_tariff, self._tariffs, agreement=agreement, currency=currency
            )
        return self._said[terms]


def _known(line: ImportLine, known_meters: Collection[str]) -> str | None:
    meter_id = line.installed.meter_id
    return f"meter {meter_id} serves an account already" if meter_id in known_meters else None


def _signed(line: ImportLine, procedures: ProcedureBook, now: datetime) -> str | None:
    if line.signed is None:
        return None
    return wrong_terms(line.signed, before=None, now=now) or unknown_procedure(
        line.signed, procedures
    )


def _meter(line: ImportLine) -> str | None:
    return None if line.meter is None else _refused(check_meter, line.meter)


def _refused(check: Callable[..., None], *values: object, **named: object) -> str | None:
    try:
        check(*values, **named)
    except (AgreementRefused, InstallationRefused, UnknownTariff) as error:
        return str(error)
    return None
