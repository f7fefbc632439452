"""Use case: a vendor tells its business day, and both sides are compared."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from prepay_ledger.account_checks.ports import Unit
from prepay_ledger.account_checks.refusals import CheckDone, DayNotOver
from prepay_ledger.account_checks.rules import compared, fingerprint, to_keep
from prepay_ledger.account_checks.values import Check, Finding, Line, Posting, TheirSale
from prepay_ledger.vending.open_vendor import locked_vendor
from prepay_ledger.vending.refusals import KeyUsedBefore, NotASeller
from prepay_ledger.vending.reverse_vend import LATE
from prewatt_common.clock import Clock
from prewatt_common.ids import new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class DayTold:
    """A vendor's day as it has it, and who tells it. ``supervises``: for any vendor."""

    vendor_code: str
    business_day: date
    sales: Sequence[TheirSale]
    key: str
    who: str
    supervises: bool


class CheckDay:
    """Compares once the day is over: nothing of it is sold or taken back any more."""

    def __init__(self, *, zone: ZoneInfo, clock: Clock) -> None:
        self._zone = zone
        self._clock = clock

    async def __call__(self, unit: Unit, *, told: DayTold) -> Check:
        """The day as compared. Told again, what was resolved stays, and the rest is compared anew;
        under the same key it is answered as it is by now. Raises `UnknownVendor`, `NotASeller`,
        `DayNotOver`, `KeyUsedBefore` or `CheckDone`."""
        vendor = await locked_vendor(unit, told.vendor_code)
        if not told.supervises and await unit.vendors.sells_for(told.who) != vendor.id:
            message = f"{told.who} does not sell for {vendor.code}, and cannot tell its day"
            raise NotASeller(message)
        now = self._clock()
        self._check_is_over(told.business_day, now)
        sha256 = fingerprint(told.sales)
        before = await unit.account_checks.check_of(vendor.id, told.business_day)
        if before is not None:
            known = await unit.account_checks.posting(before.id, told.key)
            if known is not None:
                return _repeated(before, known, sha256)
            if before.is_done:
                message = (
                    f"{told.business_day} of {vendor.code} is done: nothing of it is left to "
                    "resolve; nothing was changed"
                )
                raise CheckDone(message)
        ours = await unit.account_checks.our_sales(vendor.id, told.business_day)
        standing = [sale for sale in ours if not sale.is_void]
        findings = compared(told.sales, ours)
        check_id = before.id if before else new_id()
        lines = await self._lines_left(unit, before, findings)
        differing_here = sum(1 for each in findings if each.our_micro is not None)
        check = Check(
            id=check_id,
            vendor_id=vendor.id,
            vendor_code=vendor.code,
            business_day=told.business_day,
            currency=vendor.currency,
            their_lines=len(told.sales),
            their_micro=sum(sale.amount_micro for sale in told.sales),
            our_lines=len(standing),
            our_micro=sum(sale.amount_micro for sale in standing),
            matched_lines=len(standing) - differing_here,
            open_lines=len(lines),
            posted_by=told.who,
            posted_at=now,
        )
        await unit.account_checks.put_check(check)
        posting = Posting(
            id=new_id(), key=told.key, sha256=sha256, lines=len(told.sales), who=told.who, at=now
        )
        await unit.account_checks.add_posting(check_id, posting)
        await unit.account_checks.remove_open_lines(check_id)
        await unit.account_checks.add_lines(
            [Line(id=new_id(), check_id=check_id, finding=each) for each in lines]
        )
        return check

    async def _lines_left(
        self, unit: Unit, before: Check | None, findings: Sequence[Finding]
    ) -> list[Finding]:
        resolved: dict[str, list[Finding]] = {}
        for line in await unit.account_checks.lines(before.id) if before else ():
            if line.resolution is not None:
                resolved.setdefault(line.finding.key, []).append(line.finding)
        return to_keep(findings, resolved)

    def _check_is_over(self, business_day: date, now: datetime) -> None:
        ends_at = datetime.combine(business_day + timedelta(days=1), time(), self._zone)
        if now < ends_at + LATE:
            message = (
                f"{business_day} is not over before {ends_at + LATE:%Y-%m-%d %H:%M %Z}: until then "
                "a sale may come or be reversed; nothing was compared"
            )
            raise DayNotOver(message)


def _repeated(check: Check, known: Posting, sha256: bytes) -> Check:
    if known.sha256 != sha256:
        message = (
            f"the Idempotency-Key {known.key} came before with other lines of "
            f"{check.business_day}; nothing was changed"
        )
        raise KeyUsedBefore(message)
    return check
