"""The ledger's jobs about banks: lines of statements, payouts, and batch debits."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from zoneinfo import ZoneInfo

from prepay_ledger.bank.match_payouts import MatchPayouts
from prepay_ledger.bank.take_lines import TakeLines
from prepay_ledger.bank_parts import make_bank_parts
from prepay_ledger.business_days import BusinessDays
from prepay_ledger.debit_files.ask_statements import AskStatements
from prepay_ledger.debit_files.gather_file import GatherFiles
from prepay_ledger.debit_files.take_answers import TakeAnswers
from prepay_ledger.mandates.ask_instalments import AskInstalments
from prepay_ledger.mandates.values import TopUpPolicy
from prepay_ledger.settings import LedgerSettings
from prepay_ledger.supply.review_supply import SupplyReview
from prepay_ledger.unit import PostgresUnit
from prewatt_common.clock import utc_now
from prewatt_common.workers import Repeating

_TAKE_BANK_LINES_EVERY_S = 0.5
_MATCH_PAYOUTS_EVERY_S = 2.0
_MATCH_PAYOUTS_REST_FACTOR = 20
"""Those that have not arrived are looked for in each run: a twentieth of the time at most."""
_ASK_INSTALMENTS_EVERY_S = 30.0
_ASK_INSTALMENTS_REST_FACTOR = 20
"""Those that a mandate cannot collect yet are looked at in each run."""
_DEBITS_EVERY_S = 1.0


def bank_jobs(
    *,
    settings: LedgerSettings,
    units: Callable[[], AbstractAsyncContextManager[PostgresUnit]],
    review: SupplyReview,
    committed: Callable[[], None],
) -> list[Repeating]:
    """All of them; ``committed``: tells that there may be something to publish."""
    zone, days = ZoneInfo(settings.timezone), BusinessDays(settings.bank_holidays)
    days_ahead = {name: each.instalment_days for name, each in settings.debit_profiles.items()}
    parts = make_bank_parts(settings, review=review)
    return [
        Repeating(
            name="take bank lines",
            do=TakeLines(open_unit=units, take_line=parts.take_line, committed=committed),
            every_s=_TAKE_BANK_LINES_EVERY_S,
        ),
        Repeating(
            name="match payouts",
            do=MatchPayouts(
                open_unit=units,
                receive_payout=parts.receive_payout,
                receive_debit=parts.receive_debit,
                committed=committed,
                clock=utc_now,
            ),
            every_s=_MATCH_PAYOUTS_EVERY_S,
            rest_factor=_MATCH_PAYOUTS_REST_FACTOR,
        ),
        Repeating(
            name="ask for statements",
            do=AskStatements(
                open_unit=units,
                days_ahead=days_ahead,
                zone=zone,
                policy=TopUpPolicy(),
                clock=utc_now,
                committed=committed,
            ),
            every_s=_ASK_INSTALMENTS_EVERY_S,
            rest_factor=_ASK_INSTALMENTS_REST_FACTOR,
        ),
        Repeating(
            name="ask for instalments",
            do=AskInstalments(
                open_unit=units,
                days_ahead=days_ahead,
                zone=zone,
                policy=TopUpPolicy(),
                clock=utc_now,
                committed=committed,
            ),
            every_s=_ASK_INSTALMENTS_EVERY_S,
            rest_factor=_ASK_INSTALMENTS_REST_FACTOR,
        ),
        Repeating(
            name="gather debit files",
            do=GatherFiles(
                open_unit=units,
                profiles=settings.debit_profiles,
                days=days,
                zone=zone,
                clock=utc_now,
                committed=committed,
            ),
            every_s=_DEBITS_EVERY_S,
        ),
        Repeating(
            name="take debit answers",
            do=TakeAnswers(
                open_unit=units, take_answer=parts.take_answer, committed=committed, clock=utc_now
            ),
            every_s=_DEBITS_EVERY_S,
        ),
    ]
