"""A row an account and side, as CSV."""

import csv
from typing import TextIO

from prepay_ledger.what_if.hours import Hours
from prepay_ledger.what_if.ports import Row
from prepay_ledger.what_if.side import OfAccount
from prepay_ledger.what_if.values import History, Outcome

COLUMNS = (
    "account", "currency", "side", "warnings", "limits", "cuts", "dark_hours", "closing_micro",
    "lowest_micro", "not_sold_wh", "recovered_micro", "warned_at", "limited_at", "cut_at",
)  # fmt: skip
"""The last three: instants with spaces between, to the hour."""


def _plain(text: str) -> str:
    """As text, where a spreadsheet would take it for a formula."""
    return f"'{text}" if text[:1] in "=+-@" else text


def rows_to(file: TextIO, hours: Hours) -> Row:
    """Writes the header; gives what writes a row."""
    writer = csv.writer(file)
    writer.writerow(COLUMNS)

    def when(numbers: tuple[int, ...]) -> str:
        return " ".join(f"{hours.at(each):%Y-%m-%dT%H:%MZ}" for each in numbers)

    def row(history: History, side: str, outcome: Outcome, one: OfAccount) -> None:
        writer.writerow(
            (
                _plain(history.account.number), history.account.currency, side, one.warnings,
                one.limits, one.cuts, one.dark_hours, one.closing_micro, one.lowest_micro,
                one.not_sold_wh, one.recovered_micro, when(outcome.warnings), when(outcome.limits),
                when(outcome.cuts),
            )
        )  # fmt: skip

    return row
