"""The ledger's jobs, which run beside its consumers: what time alone makes due."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from prepay_ledger.breakers.follow_holds import FollowHolds
from prepay_ledger.charging.release_meter import ReleaseMeter
from prepay_ledger.charging.sweep_standing import SweepStanding
from prepay_ledger.charging.take_up_meters import TakeUpMeters
from prepay_ledger.command_keys.roll_out import RollOut
from prepay_ledger.corrections.carry_out_runs import CarryOutRuns
from prepay_ledger.debts.pay_instalments import PayInstalments
from prepay_ledger.debts.tell_debts import TellDebts
from prepay_ledger.estimates.estimate_silent import EstimateSilent
from prepay_ledger.forecasts.forecast_accounts import ForecastAccounts
from prepay_ledger.jobs_bank import bank_jobs
from prepay_ledger.late_charges.charge_late import ChargeLate
from prepay_ledger.looks.look_at_meters import LookAtMeters
from prepay_ledger.mandates.ask_when_due import AskWhenDue
from prepay_ledger.mandates.send_requests import SendRequests
from prepay_ledger.mandates.settle_request import SettleRequest
from prepay_ledger.mandates.values import TopUpPolicy
from prepay_ledger.mode_changes.carry_on import CarryOnChanges
from prepay_ledger.payment_requests.configured import Requesters
from prepay_ledger.payments.take_movement import TakeMovement
from prepay_ledger.reconnections.values import Reconnection
from prepay_ledger.reconnections.watch_reconnections import WatchReconnections
from prepay_ledger.refund_requests.send_refunds import SendRefunds
from prepay_ledger.refunders.values import Refunders
from prepay_ledger.relays.news import after_report
from prepay_ledger.relays.signing import CommandSigner
from prepay_ledger.relays.values import ObservedFrom
from prepay_ledger.seals.close_days import CloseDays
from prepay_ledger.settings import LedgerSettings
from prepay_ledger.settlements.follow_differences import FollowDifferences
from prepay_ledger.settlements.keep_file import ReadUpload
from prepay_ledger.settlements.terms import terms_of
from prepay_ledger.statements.issue_statements import IssueStatements
from prepay_ledger.supply.follow_rules import FollowRules
from prepay_ledger.supply.recheck_supply import RecheckSupply
from prepay_ledger.supply.review_supply import SupplyReview
from prepay_ledger.unit import PostgresUnit
from prewatt_common.clock import utc_now
from prewatt_common.contracts.base import RelayState
from prewatt_common.workers import Repeating

_PAY_INSTALMENTS_EVERY_S = 60.0
_PAY_INSTALMENTS_REST_FACTOR = 20
"""Those that are held over are asked for in each run: a twentieth of the time at most."""
_TELL_DEBTS_EVERY_S = 60.0
_SWEEP_EVERY_S = 5.0
_RECHECK_EVERY_S = 1.0
_TAKE_UP_EVERY_S = 5.0
_TAKE_UP_REST_FACTOR = 20
"""Where exports are not to be had they are sought in vain each time."""
_CLOSE_DAYS_EVERY_S = 5.0
_LOOK_EVERY_S = 0.5
_LOOK_REST_FACTOR = 9
"""Looking at meters takes a tenth of the time at most."""
_ESTIMATE_EVERY_S = 0.5
_ESTIMATE_REST_FACTOR = 9
"""Estimating takes a tenth of the time at most."""
_FORECAST_EVERY_S = 0.5
_FORECAST_REST_FACTOR = 9
"""Forecasting takes a tenth of the time at most."""
_CARRY_OUT_EVERY_S = 1.0
_CARRY_ON_EVERY_S = 1.0
_WATCH_RECONNECTIONS_EVERY_S = 2.0
_WATCH_RECONNECTIONS_REST_FACTOR = 20
_FOLLOW_HOLDS_EVERY_S = 1.0
_ASK_FOR_TOP_UPS_EVERY_S = 1.0
_SEND_TOP_UPS_EVERY_S = 1.0
_FOLLOW_DIFFERENCES_EVERY_S = 2.0
_FOLLOW_DIFFERENCES_REST_FACTOR = 20
"""Those that stay open are compared in each run: a twentieth of the time at most."""
_ISSUE_STATEMENTS_EVERY_S = 30.0
_ISSUE_STATEMENTS_REST_FACTOR = 20
_CHARGE_LATE_EVERY_S = 30.0
_CHARGE_LATE_REST_FACTOR = 20
_ROLL_OUT_EVERY_S = 1.0
_ROLL_OUT_REST_FACTOR = 3


def jobs(
    *,
    settings: LedgerSettings,
    units: Callable[[], AbstractAsyncContextManager[PostgresUnit]],
    review: SupplyReview,
    signer: CommandSigner,
    close_days: CloseDays,
    requesters: Requesters,
    refunders: Refunders,
    committed: Callable[[], None],
) -> list[Repeating]:
    """All of them; ``committed``: tells that there may be something to publish."""
    zone = ZoneInfo(settings.timezone)
    terms = {name: terms_of(each) for name, each in settings.payment_providers.items()}

    async def review_accounts(
        unit: PostgresUnit, account_ids: Sequence[UUID], now: datetime
    ) -> None:
        await review(unit, account_ids, now=now, caused_at=now)

    return [
        Repeating(
            name="recheck supply",
            do=RecheckSupply(open_unit=units, review=review, clock=utc_now, committed=committed),
            every_s=_RECHECK_EVERY_S,
        ),
        Repeating(
            name="take up meters",
            do=TakeUpMeters(
                open_unit=units,
                release=ReleaseMeter(review=review),
                clock=utc_now,
                committed=committed,
            ),
            every_s=_TAKE_UP_EVERY_S,
            rest_factor=_TAKE_UP_REST_FACTOR,
        ),
        Repeating(
            name="follow rules",
            do=FollowRules(open_unit=units, clock=utc_now),
            every_s=_RECHECK_EVERY_S,
        ),
        Repeating(
            name="follow holds of cuts",
            do=FollowHolds(open_unit=units, clock=utc_now, committed=committed),
            every_s=_FOLLOW_HOLDS_EVERY_S,
        ),
        Repeating(
            name="roll out command keys",
            do=RollOut(
                open_unit=units,
                signer=signer,
                most=settings.key_messages_per_s,
                again=settings.key_again,
                clock=utc_now,
                committed=committed,
            ),
            every_s=_ROLL_OUT_EVERY_S,
            rest_factor=_ROLL_OUT_REST_FACTOR,
        ),
        Repeating(
            name="sweep standing",
            do=SweepStanding(open_unit=units, review=review, clock=utc_now, committed=committed),
            every_s=_SWEEP_EVERY_S,
        ),
        Repeating(
            name="pay instalments",
            do=PayInstalments(open_unit=units, clock=utc_now, committed=committed),
            every_s=_PAY_INSTALMENTS_EVERY_S,
            rest_factor=_PAY_INSTALMENTS_REST_FACTOR,
        ),
        Repeating(
            name="tell debts",
            do=TellDebts(open_unit=units, clock=utc_now, committed=committed),
            every_s=_TELL_DEBTS_EVERY_S,
            rest_factor=_PAY_INSTALMENTS_REST_FACTOR,
        ),
        Repeating(
            name="carry on mode changes",
            do=CarryOnChanges(open_unit=units, review=review, clock=utc_now, committed=committed),
            every_s=_CARRY_ON_EVERY_S,
        ),
        Repeating(
            name="issue statements",
            do=IssueStatements(
                open_unit=units,
                zone=zone,
                after_days=settings.statement_after_days,
                clock=utc_now,
            ),
            every_s=_ISSUE_STATEMENTS_EVERY_S,
            rest_factor=_ISSUE_STATEMENTS_REST_FACTOR,
        ),
        Repeating(
            name="charge late",
            do=ChargeLate(
                open_unit=units,
                zone=zone,
                clock=utc_now,
                committed=committed,
                pay_urls=review.pay_urls,
            ),
            every_s=_CHARGE_LATE_EVERY_S,
            rest_factor=_CHARGE_LATE_REST_FACTOR,
        ),
        Repeating(
            name="carry out corrections",
            do=CarryOutRuns(open_unit=units, review=review, clock=utc_now, committed=committed),
            every_s=_CARRY_OUT_EVERY_S,
        ),
        Repeating(
            name="watch reconnections",
            do=WatchReconnections(
                open_unit=units,
                review=review,
                saw_load=_saw_load,
                has_site_codes=bool(settings.site_code_keys),
                clock=utc_now,
                committed=committed,
            ),
            every_s=_WATCH_RECONNECTIONS_EVERY_S,
            rest_factor=_WATCH_RECONNECTIONS_REST_FACTOR,
        ),
        *bank_jobs(settings=settings, units=units, review=review, committed=committed),
        Repeating(
            name="ask for top-ups",
            do=AskWhenDue(
                open_unit=units,
                zone=zone,
                policy=TopUpPolicy(),
                clock=utc_now,
                committed=committed,
            ),
            every_s=_ASK_FOR_TOP_UPS_EVERY_S,
        ),
        Repeating(
            name="send top-up requests",
            do=SendRequests(
                open_unit=units,
                requesters=requesters,
                settle=SettleRequest(zone=zone, policy=TopUpPolicy(), pay_urls=review.pay_urls),
                zone=zone,
                policy=TopUpPolicy(),
                clock=utc_now,
                committed=committed,
            ),
            every_s=_SEND_TOP_UPS_EVERY_S,
        ),
        Repeating(
            name="send refunds",
            do=SendRefunds(
                open_unit=units,
                refunders=refunders,
                take_movement=TakeMovement(review=review),
                review=review_accounts,
                clock=utc_now,
                committed=committed,
            ),
            every_s=_SEND_TOP_UPS_EVERY_S,
        ),
        Repeating(
            name="follow differences",
            do=FollowDifferences(open_unit=units, read_upload=ReadUpload(terms), clock=utc_now),
            every_s=_FOLLOW_DIFFERENCES_EVERY_S,
            rest_factor=_FOLLOW_DIFFERENCES_REST_FACTOR,
        ),
        Repeating(name="close days", do=close_days, every_s=_CLOSE_DAYS_EVERY_S),
        Repeating(
            name="look at meters",
            do=LookAtMeters(
                open_unit=units,
                timezone=zone,
                silence_borne=settings.silence_borne,
                none_while_closed_days=settings.none_while_closed_days,
                clock=utc_now,
            ),
            every_s=_LOOK_EVERY_S,
            rest_factor=_LOOK_REST_FACTOR,
        ),
        Repeating(
            name="estimate silent meters",
            do=EstimateSilent(
                open_unit=units,
                timezone=zone,
                clock=utc_now,
                committed=committed,
            ),
            every_s=_ESTIMATE_EVERY_S,
            rest_factor=_ESTIMATE_REST_FACTOR,
        ),
        Repeating(
            name="forecast accounts",
            do=ForecastAccounts(
                open_unit=units, timezone=ZoneInfo(settings.timezone), clock=utc_now
            ),
            every_s=_FORECAST_EVERY_S,
            rest_factor=_FORECAST_REST_FACTOR,
        ),
    ]


async def _saw_load(unit: PostgresUnit, loaded: Sequence[Reconnection], now: datetime) -> None:
    """Energy flows through their relays: they are closed, whatever became of the answers."""
    await unit.relays.save(
        [
            after_report(relay, RelayState.CLOSED, at=now, by=ObservedFrom.LOAD)
            for relay in await unit.relays.of_meters([each.meter_id for each in loaded])
        ]
    )
    await unit.supply.look_at([each.account_id for each in loaded], now=now)
