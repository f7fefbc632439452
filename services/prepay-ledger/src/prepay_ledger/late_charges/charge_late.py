"""A job: post-paid accounts are charged for each day on which a statement was overdue, and reminded
of it. Each account is a transaction of its own: whoever dies in it has done it or has not."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from prepay_ledger.late_charges.load_terms import load_terms
from prepay_ledger.late_charges.ports import OpenSweepUnit, SweepUnit
from prepay_ledger.late_charges.post_charge import post_charge
from prepay_ledger.late_charges.remind_late import remind
from prepay_ledger.late_charges.rules import Paid, reckon, without_late_charges
from prepay_ledger.late_charges.values import (
    Change,
    Ground,
    Movement,
    Posted,
    Terms,
    posted_by,
)
from prepay_ledger.metrics import LEFT_OUT
from prepay_ledger.supply.ports import PayUrls
from prewatt_common.clock import Clock
from prewatt_common.db.odd_ones import odd_among
from prewatt_common.kafka.stops import in_words

logger = logging.getLogger(__name__)

ACCOUNTS_AT_ONCE = 100
_DAY = timedelta(days=1)


class ChargeLate:
    """Looks at accounts once a day, for all days that are over. ``zone``: the utility's.
    ``pay_urls``: none where pay links are not set up."""

    def __init__(
        self,
        *,
        open_unit: OpenSweepUnit,
        zone: ZoneInfo,
        clock: Clock,
        committed: Callable[[], None],
        pay_urls: PayUrls | None = None,
    ) -> None:
        self._open_unit = open_unit
        self._zone = zone
        self._clock = clock
        self._committed = committed
        self._pay_urls = pay_urls

    async def __call__(self) -> float | None:
        """Gives no rest where more may wait. One that raises is left out until the next run."""
        through = self._clock().astimezone(self._zone).date() - _DAY
        async with self._open_unit() as unit:
            some = await unit.late_charges.due(through, limit=ACCOUNTS_AT_ONCE)
        odd = 0
        for each in some:
            for account_id, error in await odd_among([each], self._charge_each(through)):
                logger.error(
                    "account %s is not charged for late days: %s", account_id, in_words(error),
                    exc_info=error,
                )  # fmt: skip
                odd += 1
        LEFT_OUT.labels("charge late").inc(odd)
        if some:
            self._committed()
        return 0.0 if len(some) == ACCOUNTS_AT_ONCE and not odd else None

    def _charge_each(self, through: date) -> Callable[[Sequence[UUID]], Awaitable[None]]:
        async def charge(account_ids: Sequence[UUID]) -> None:
            for account_id in account_ids:
                async with self._open_unit() as unit:
                    await charge_account(
                        unit,
                        account_id,
                        through=through,
                        zone=self._zone,
                        pay_urls=self._pay_urls,
                        now=self._clock(),
                    )

        return charge


async def charge_account(
    unit: SweepUnit,
    account_id: UUID,
    *,
    through: date,
    zone: ZoneInfo,
    pay_urls: PayUrls | None,
    now: datetime,
) -> None:
    """Up to the end of ``through``; the same again changes nothing. What days cost less than was
    charged, as money was there earlier than was known, is given back. What a file of debits has
    asked the bank for counts as paid until the bank says no. What is open then is what is reminded
    of."""
    account = await unit.balances.lock(account_id)
    assert account is not None, "an account stays"
    looked = await unit.late_charges.looked_through(account_id)
    ground = await unit.late_charges.ground(account, zone=zone)
    if ground is None or (looked is not None and looked >= through):
        return
    terms = await load_terms(unit, account_id, ground, zone=zone)
    came, paid_micro = _paid(ground, ground.movements, terms, account.currency)
    counted, _ = _paid(ground, [*ground.movements, *ground.presented], terms, account.currency)
    for claim, its in zip(ground.claims, terms, strict=True):
        before = ground.posted.get(claim.statement_id, Posted())
        found = reckon(claim, counted, terms=its, through=through, currency=account.currency)
        charged = await post_charge(
            unit,
            account,
            before=before,
            after=Change(
                statement_id=claim.statement_id,
                through=through,
                posted=before._replace(accrued_micro=found.accrued_micro),
                spans=found.spans,
                policy_number=its.policy_number,
                customer_class=its.customer_class,
            ),
            now=now,
        )
        if charged is not None:
            row, balance = charged
            account = replace(
                account, balance_micro=balance.balance_micro, balance_number=balance.number
            )
            ground.posted[claim.statement_id] = posted_by(row)
    await remind(
        unit,
        account,
        ground,
        terms=terms,
        paid=came,
        late_micro=sum(
            ground.posted.get(each.statement_id, Posted()).charged_micro for each in ground.claims
        ),
        pay_urls=pay_urls,
        today=through + _DAY,
        now=now,
    )
    await unit.late_charges.looked(account_id, through=through, paid_micro=paid_micro)


def _paid(
    ground: Ground, movements: Sequence[Movement], terms: Sequence[Terms], currency: str
) -> tuple[Paid, int]:
    """What these paid of what was used, and how much of late charges."""
    left, paid_micro = without_late_charges(
        ground.claims, movements, terms=terms, waived=ground.posted, currency=currency
    )
    return Paid(left), paid_micro
