"""A job: post-paid accounts are charged for each day on which a statement was overdue, and reminded
of it. Some accounts at a time are a transaction: whoever dies in it has done all or none."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from prepay_ledger.late_charges.late_look import look_at
from prepay_ledger.late_charges.load_terms import load_terms
from prepay_ledger.late_charges.ports import OpenSweepUnit, SweepUnit
from prepay_ledger.late_charges.post_charge import post_charges
from prepay_ledger.late_charges.remind_late import remind
from prepay_ledger.late_charges.values import Looked
from prepay_ledger.metrics import LEFT_OUT
from prepay_ledger.supply.ports import PayUrls
from prewatt_common.clock import Clock
from prewatt_common.contracts.procedure_v1 import Mode
from prewatt_common.db.odd_ones import odd_among
from prewatt_common.kafka.stops import in_words

logger = logging.getLogger(__name__)

ACCOUNTS_AT_ONCE = 50
"""They are held meanwhile: with two years of open statements each, for some tenths of a second."""
_ODD_MAX = 1_000
"""After so many that raise it rests: most likely all do."""
_DAY = timedelta(days=1)


class ChargeLate:
    """Looks at accounts on whose day it is, for all days that are over. ``zone``: the utility's.
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
        self._odd: set[UUID] = set()

    async def __call__(self) -> float | None:
        """Gives no rest where more may wait. Those that raise would stand first of all that wait:
        they are left out until the others are done."""
        today = self._clock().astimezone(self._zone).date()
        async with self._open_unit() as unit:
            some = await unit.late_charges.due(today, without=self._odd, limit=ACCOUNTS_AT_ONCE)
        if not some:
            self._odd.clear()
            return None
        odd = await odd_among(some, self._charge(today))
        for account_id, error in odd:
            logger.error(
                "account %s is not charged for late days: %s", account_id, in_words(error),
                exc_info=error,
            )  # fmt: skip
        LEFT_OUT.labels("charge late").inc(len(odd))
        self._committed()
        self._odd.update(account_id for account_id, _ in odd)
        if len(some) == ACCOUNTS_AT_ONCE and len(self._odd) < _ODD_MAX:
            return 0.0
        self._odd.clear()
        return None

    def _charge(self, today: date) -> Callable[[Sequence[UUID]], Awaitable[None]]:
        async def charge(account_ids: Sequence[UUID]) -> None:
            async with self._open_unit() as unit:
                await charge_accounts(
                    unit,
                    account_ids,
                    today=today,
                    zone=self._zone,
                    pay_urls=self._pay_urls,
                    now=self._clock(),
                )

        return charge


async def charge_accounts(
    unit: SweepUnit,
    account_ids: Sequence[UUID],
    *,
    today: date,
    zone: ZoneInfo,
    pay_urls: PayUrls | None,
    now: datetime,
) -> None:
    """Up to the end of yesterday; the same again changes nothing. What days cost less than was
    charged, as money was there earlier than was known, is given back. What is open then is what is
    reminded of."""
    accounts = await unit.balances.lock_all(account_ids)
    left = set(await unit.late_charges.still_due(account_ids, today))
    due = [each for each in accounts if each.id in left]
    post_paid = [each for each in due if each.mode is Mode.ARREARS]
    grounds = await unit.late_charges.grounds(post_paid, zone=zone)
    terms = await load_terms(unit, grounds, zone=zone)
    looks = [look_at(ground, its, today=today) for ground, its in zip(grounds, terms, strict=True)]
    wanted = [each for look in looks for each in look.wanted]
    _, moved = await post_charges(unit, wanted, now=now)
    await remind(unit, looks, moved=moved, pay_urls=pay_urls, today=today, now=now)
    through = today - _DAY
    looked = [
        Looked(each.ground.account.id, through, each.paid_micro, each.look_on) for each in looks
    ]
    await unit.late_charges.looked(looked)
    await unit.late_charges.forget(left - {each.account_id for each in looked})
