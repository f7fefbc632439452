"""What a provider settles of one day, in our words. Money: integer micro-units with their
currency."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

MIDNIGHT = time()


class FileFormat(StrEnum):
    """How a file is written."""

    STRIPE = "stripe"
    """Stripe's itemised balance or payout report, CSV."""
    WECHAT_PAY = "wechat-pay"
    """WeChat Pay's trade bill (交易账单) of a day, of all trades."""
    ALIPAY = "alipay"
    """Alipay's itemised trade bill (业务明细) of a day."""
    CSV = "csv"
    """Any other provider's, by a mapping of its columns."""


class LineKind(StrEnum):
    """What the provider says has happened to money."""

    PAYMENT = "payment"
    REFUND = "refund"
    REFUND_FAILED = "refund-failed"
    """What was to be given back came back to us."""
    REVERSAL = "reversal"
    """It is as if it had not been paid."""
    CHARGEBACK = "chargeback"
    """The payer's bank took it back (a dispute)."""
    CHARGEBACK_WON = "chargeback-won"
    FEE = "fee"
    """Kept by the provider for itself, apart from any payment."""
    PAYOUT = "payout"
    """Sent to the utility's bank; below zero: it came back from there."""
    OTHER = "other"
    """None of these. Its amount has its sign: below zero where the provider owes less after it."""


PAID = frozenset({LineKind.PAYMENT})
GIVES = PAID | {LineKind.REFUND_FAILED, LineKind.CHARGEBACK_WON}
"""After it the provider owes more."""
TAKES = frozenset({LineKind.REFUND, LineKind.REVERSAL, LineKind.CHARGEBACK})
"""After it the provider owes less."""
ABOUT_PAYMENTS = GIVES | TAKES
"""What names a payment, so that it is compared with ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledLine:
    """A line of a file. ``amount_micro``: before fees, above zero in its kind's own direction.
    ``fee_micro``: what the provider keeps of it; below zero where it gives that back."""

    kind: LineKind
    amount_micro: int
    currency: str
    payment_id: str = ""
    """As the provider's webhooks name it."""
    movement_id: str = ""
    """Of a refund or dispute its own id; of a payment the payment's."""
    fee_micro: int = 0
    account_number: str = ""
    """As the payer gave it, where the file tells it."""
    at: datetime | None = None
    reference: str = ""
    """Of a payout: by what the bank's statement names it."""
    text: str = ""
    place: str
    """Where it stands in the file."""

    @property
    def owed_micro(self) -> int:
        """What the provider owes us more after it."""
        sign = -1 if self.kind in TAKES or self.kind is LineKind.PAYOUT else 1
        return sign * self.amount_micro - self.fee_micro


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledDays:
    """A provider's business days: each ends at ``cut_off`` in its zone; at midnight where that is
    00:00."""

    zone: ZoneInfo
    cut_off: time = MIDNIGHT

    def day_of(self, at: datetime) -> date:
        """The business day of an instant."""
        local = at.astimezone(self.zone)
        is_next = self.cut_off != MIDNIGHT and local.time() >= self.cut_off
        return local.date() + timedelta(days=1 if is_next else 0)

    def ends_at(self, day: date) -> datetime:
        """The first instant that is none of the day any more."""
        last = day if self.cut_off != MIDNIGHT else day + timedelta(days=1)
        return datetime.combine(last, self.cut_off, self.zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a file must be: ``format`` of ``day``, and, where ``merchants`` are named, of one of
    them."""

    format: FileFormat
    day: date
    days: SettledDays
    merchants: frozenset[str] = frozenset()


Lines = Sequence[SettledLine]
