"""``prewatt tariff``: check, rate and compare tariff documents. Needs no stack."""

import csv
import json
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from prewatt_cli.errors import one_line_errors
from prewatt_metering.rating.charge import Charge, charge, parts_of_use
from prewatt_metering.rating.lines import Line, Unit
from prewatt_metering.rating.part import Enterprise
from prewatt_metering.tariffs.book import TariffBook
from prewatt_metering.tariffs.document import (
    InvalidTariff,
    TariffVersion,
    parse_tariff,
    tariff_schema,
)
from prewatt_metering.tariffs.periods import Period, period_of
from prewatt_metering.usage.days import DayUsage

tariff = typer.Typer(help="Tariff documents.", no_args_is_help=True)

Document = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]
Documents = Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, readable=True)]
Month = Annotated[str, typer.Option(help="A month of the billing period, like 2026-05.")]
Energy = Annotated[
    list[str] | None,
    typer.Option("--kwh", help="NAME=KWH by time of use, or KWH alone; spread over the days."),
]
Usage = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="CSV with the columns day,name,wh instead."),
]
Days = Annotated[int | None, typer.Option(min=0, help="Days served; the whole period if left out.")]
Kva = Annotated[str | None, typer.Option(help="Contracted capacity.")]
ContractedKw = Annotated[str | None, typer.Option(help="Contracted demand.")]
DemandKw = Annotated[str | None, typer.Option(help="Highest quarter-hour of the period.")]
Kvarh = Annotated[str | None, typer.Option(help="Reactive energy of the period.")]


@tariff.command()
def check(documents: Documents) -> None:
    """Whether each document is a tariff; says every place at fault."""
    with one_line_errors():
        for path in documents:
            version = _read(path)
            names = ", ".join(version.slot_names)
            print(  # noqa: T201
                f"{path}: {version.code} from {version.valid_from}, {version.currency},"
                f" {len(version.components)} components, time of use: {names}"
            )


@tariff.command()
def schema() -> None:
    """Print the JSON Schema of a document."""
    print(json.dumps(tariff_schema(), indent=2))  # noqa: T201


@tariff.command()
def rate(
    documents: Documents,
    *,
    month: Month,
    kwh: Energy = None,
    usage: Usage = None,
    days: Days = None,
    kva: Kva = None,
    contracted_kw: ContractedKw = None,
    demand_kw: DemandKw = None,
    kvarh: Kvarh = None,
) -> None:
    """Print the lines of a period's bill; several documents are versions of one tariff."""
    with one_line_errors():
        firm = _enterprise(kva, contracted_kw, demand_kw, kvarh)
        book = TariffBook([_read(path) for path in documents])
        Console().print(_bill(book, _rated(book, month, kwh or [], usage, days, firm=firm)))


@tariff.command()
def compare(
    documents: Documents,
    *,
    month: Month,
    kwh: Energy = None,
    usage: Usage = None,
    days: Days = None,
    kva: Kva = None,
    contracted_kw: ContractedKw = None,
    demand_kw: DemandKw = None,
    kvarh: Kvarh = None,
) -> None:
    """What the same use costs under each of several tariffs, cheapest first."""
    with one_line_errors():
        firm = _enterprise(kva, contracted_kw, demand_kw, kvarh)
        totals: list[tuple[int, str, str]] = []
        for path in documents:
            book = TariffBook([_read(path)])
            total = _rated(book, month, kwh or [], usage, days, firm=firm).total_micro
            totals.append((total, str(path), book.versions[0].currency))
        if len({currency for *_, currency in totals}) > 1:
            message = "the tariffs are in different currencies"
            raise ValueError(message)
        table = Table("tariff", "total", "more than the cheapest", box=None)
        cheapest = min(totals)[0]
        places = _places(total for total, *_ in totals)
        for total, name, currency in sorted(totals):
            more = _money(total - cheapest, places)
            table.add_row(name, f"{_money(total, places)} {currency}", more)
        Console().print(table)


def _read(path: Path) -> TariffVersion:
    try:
        return parse_tariff(path.read_bytes())
    except InvalidTariff as error:
        message = f"{path}: {error}"
        raise ValueError(message) from error


def _rated(
    book: TariffBook,
    month: str,
    kwh: Sequence[str],
    usage: Path | None,
    days: int | None,
    *,
    firm: Enterprise,
) -> Charge:
    if usage is not None and kwh:
        message = "give either --kwh or --usage"
        raise ValueError(message)
    period = period_of(_first_of(month), cycle=book.cycle)
    names = book.version_of(period.end - timedelta(days=1)).slot_names
    use = _from_csv(usage) if usage else _spread(_energy(kwh, names), period)
    _check_names(use, book, period)
    served = period if days is None else _first_days(period, days)
    parts = parts_of_use(book=book, period=period, use_wh=use, served=served)
    return charge(period=period, parts=parts, enterprise=firm, closed=True)


def _first_of(month: str) -> date:
    try:
        return date.fromisoformat(f"{month}-01")
    except ValueError:
        message = f"a month is written like 2026-05, not {month!r}"
        raise ValueError(message) from None


def _first_days(period: Period, days: int) -> Period | None:
    if days > period.days:
        message = f"the period has {period.days} days, not {days}"
        raise ValueError(message)
    return Period(period.first, period.first + timedelta(days=days)) if days else None


def _energy(kwh: Sequence[str], names: Sequence[str]) -> dict[str, int]:
    energy: dict[str, int] = {}
    for text in kwh:
        name, equals, amount = text.rpartition("=")
        if not equals and len(names) > 1:
            message = f"say of which name {text} kWh are: {', '.join(names)}"
            raise ValueError(message)
        name = name or names[0]
        energy[name] = energy.get(name, 0) + _thousands(amount, "kWh")
    return energy


def _spread(energy: dict[str, int], period: Period) -> DayUsage:
    """Evenly over the days, in integers that sum."""
    return {
        (period.first + timedelta(days=number), name): (
            wh * (number + 1) // period.days - wh * number // period.days
        )
        for name, wh in energy.items()
        for number in range(period.days)
    }


def _from_csv(path: Path) -> DayUsage:
    use: DayUsage = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), 2):
            try:
                key = date.fromisoformat(row["day"]), row["name"]
                use[key] = use.get(key, 0) + int(row["wh"])
            except (KeyError, ValueError, TypeError) as error:
                message = f"{path}, line {number}: {error!r}; the columns are day,name,wh"
                raise ValueError(message) from error
    return use


def _check_names(use: DayUsage, book: TariffBook, period: Period) -> None:
    for day, name in use:
        if day in period and name not in book.version_of(day).slot_names:
            message = f"{day}: the tariff has no name {name}"
            raise ValueError(message)


def _enterprise(
    kva: str | None, contracted_kw: str | None, demand_kw: str | None, kvarh: str | None
) -> Enterprise:
    def thousands(text: str | None, unit: str) -> int | None:
        return None if text is None else _thousands(text, unit)

    return Enterprise(
        capacity_va=thousands(kva, "kVA"),
        contracted_w=thousands(contracted_kw, "kW"),
        demand_w=thousands(demand_kw, "kW"),
        reactive_varh=thousands(kvarh, "kvarh"),
    )


def _thousands(text: str, unit: str) -> int:
    """Whole Wh, VA, W or varh of a decimal number of thousands."""
    try:
        value = Decimal(text) * 1000
        whole = int(value)
    except (InvalidOperation, ValueError, OverflowError):
        message = f"{text!r} is no number of {unit}"
        raise ValueError(message) from None
    if value != whole or whole < 0:
        message = f"{text} {unit}: give at most three decimals, not below zero"
        raise ValueError(message)
    return whole


def _bill(book: TariffBook, result: Charge) -> Table:
    table = Table(
        "", "quantity", "price", "amount", box=None,
        title=f"{book.code}, {result.period.first} to {result.period.end - timedelta(days=1)}",
        title_justify="left",
    )  # fmt: skip
    for column in table.columns[1:]:
        column.justify = "right"
    places = _places([*(line.amount_micro for line in result.lines), result.total_micro])
    for part in result.parts:
        if len(result.parts) > 1:
            table.add_row(f"[b]from {part.span.first}", "", "", "")
        for line in part.lines:
            table.add_row(*_row(line), _money(line.amount_micro, places))
    table.add_section()
    total = _money(result.total_micro, places)
    table.add_row("[b]total", "", book.versions[0].currency, f"[b]{total}")
    return table


def _row(line: Line) -> tuple[str, str, str]:
    label = line.component
    if line.kind in ("blocks", "tables"):
        label += f", up to {int(line.detail) / 1000:g} kWh" if line.detail else ", above"
    elif line.detail:
        label += f", {line.detail}"
    if line.paid_by:
        label += f" (paid by {line.paid_by})"
    match line.unit:
        case Unit.WH:
            quantity, price = f"{line.quantity / 1000:,.3f} kWh", _money(line.price_micro)
        case Unit.DAY:
            quantity, price = f"{line.quantity} days", _money(line.price_micro)
        case Unit.VA:
            quantity, price = f"{line.quantity / 1000:,g} kVA", _money(line.price_micro)
        case Unit.W:
            quantity, price = f"{line.quantity / 1000:,g} kW", _money(line.price_micro)
        case Unit.SHARE:
            quantity, price = _money(line.quantity), f"{line.price_micro / 10_000:g} %"
        case Unit.NONE:
            quantity, price = "", ""
    return label, quantity, price


def _money(micro: int, places: int = 2) -> str:
    """At least ``places`` decimals and no zeros beyond them."""
    text = f"{Decimal(micro).scaleb(-6):,.6f}"
    whole, _, decimals = text.partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(places, '0')}"


def _places(amounts: Iterable[int]) -> int:
    """The decimals that a column of amounts needs, so that its points stand below each other."""
    return max((len(_money(micro).partition(".")[2]) for micro in amounts), default=2)
