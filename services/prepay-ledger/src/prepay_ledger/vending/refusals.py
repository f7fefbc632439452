"""Why a sale, or something about a point of sale, is refused."""

from http import HTTPStatus

from prewatt_common.refusals import Refusal


class UnknownVendor(Refusal):
    """No such vendor."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-vendor"


class UnknownVend(Refusal):
    """No such sale, or another vendor's."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-vend"


class VendorExists(Refusal):
    """The code is another vendor's."""

    kind = "vendor-exists"


class NotASeller(Refusal):
    """Whoever asks sells for nobody."""

    status = HTTPStatus.FORBIDDEN
    kind = "not-a-seller"


class DutiesNotSeparate(Refusal):
    """Who takes money must not be able to change what is owed."""

    status = HTTPStatus.FORBIDDEN
    kind = "duties-not-separate"


class SellsElsewhere(Refusal):
    """The person sells for another vendor."""

    kind = "sells-elsewhere"


class VendorClosed(Refusal):
    """The vendor may not sell for now."""

    kind = "vendor-closed"


class DayLimitReached(Refusal):
    """It would be more than the vendor may sell in a business day."""

    kind = "day-limit-reached"


class LimitsChanged(Refusal):
    """Others hold by now than those that a proposal was to change."""

    kind = "vendor-limits-changed"


class FloatUsedUp(Refusal):
    """It would be more than the vendor has paid in, and may owe."""

    kind = "float-used-up"


class AboveMaximum(Refusal):
    """The account would have more than the policy allows."""

    kind = "above-maximum-balance"


class OtherCurrency(Refusal):
    """The account is in another currency than the vendor sells in."""

    kind = "other-currency"


class KeyUsedBefore(Refusal):
    """The Idempotency-Key came before with something else."""

    kind = "idempotency-key-used"


class ReversedBefore(Refusal):
    """The sale was reversed before it came."""

    kind = "vend-reversed"


class SlipPaidIn(Refusal):
    """The slip or transfer was paid in before, and that stands."""

    kind = "slip-paid-in"


class UnknownFunding(Refusal):
    """The vendor paid in no such money."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-funding"


class FundingReversed(Refusal):
    """What was paid in was reversed before."""

    kind = "funding-reversed"


class VoidedBefore(Refusal):
    """The sale was voided before."""

    kind = "vend-voided"


class DrawerCounted(Refusal):
    """The cashier has counted the drawer and closed that day."""

    kind = "drawer-counted"


class EarlierDayOpen(Refusal):
    """The cashier has cash of an earlier day that nobody counted."""

    kind = "earlier-day-open"


class CashIsHandedOver(Refusal):
    """A desk's cash is counted and handed over, and not paid in."""

    kind = "cash-is-handed-over"


class BusinessDayOver(Refusal):
    """The sale is of an earlier business day."""

    kind = "business-day-over"
