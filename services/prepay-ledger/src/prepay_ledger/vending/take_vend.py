"""Use case: a vendor sells. The payment takes the same way as one that a provider reports."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from prepay_ledger.balances.refusals import UnknownAccount
from prepay_ledger.balances.values import Account
from prepay_ledger.payments.take_payment import TakePayment
from prepay_ledger.payments.values import Payment, PaymentOutcome
from prepay_ledger.prepay_agreements.load_policy import maximum_balance_micro
from prepay_ledger.vending.drawer import check_drawer, check_earlier_days, move_cash
from prepay_ledger.vending.ports import Unit
from prepay_ledger.vending.refusals import (
    AboveMaximum,
    KeyUsedBefore,
    OtherCurrency,
    ReversedBefore,
)
from prepay_ledger.vending.rules import check_may_sell, paid_off, sells, sold
from prepay_ledger.vending.values import Order, Vend, Vendor
from prewatt_common.clock import Clock
from prewatt_common.ids import new_id


class TakeVend:
    """Sells for the vendor that the person sells for."""

    def __init__(self, *, take_payment: TakePayment, zone: ZoneInfo, clock: Clock) -> None:
        self._take_payment = take_payment
        self._zone = zone
        self._clock = clock

    async def __call__(self, unit: Unit, *, order: Order, sold_by: str) -> Vend:
        """The sale; the same order again is answered the same, whatever has come of the account.

        First the vendor's row is locked: its sales queue up, so its limits hold and a key is taken
        once. The clock is read after that: a sale that waited past midnight is of the new day. A
        seller who was moved is answered what was sold for an earlier vendor. Raises `NotASeller`,
        `KeyUsedBefore`, `ReversedBefore`, `VendorClosed`, `DayLimitReached`, `FloatUsedUp`,
        `DrawerCounted`, `EarlierDayOpen`, `UnknownAccount`, `OtherCurrency` or `AboveMaximum`; then
        nothing was taken.
        """
        vendor = await seller_of(unit, sold_by)
        now = self._clock()
        known = await unit.vends.by_key(vendor.id, order.key, seller=sold_by)
        if known is not None:
            return _repeated(known, order)
        barred = await unit.vends.barred(vendor.id, order.key, seller=sold_by)
        if barred is not None:
            message = (
                f"sale {order.key} was reversed before it came, at {barred.at:%Y-%m-%d %H:%M} UTC "
                f"by {barred.who}: sell under a new key; nothing was taken"
            )
            raise ReversedBefore(message)
        today = now.astimezone(self._zone).date()
        check_may_sell(vendor, order.amount_micro, today=today)
        await check_drawer(unit, vendor, sold_by, on=today)
        await check_earlier_days(unit, vendor, sold_by, today=today)
        return await self._sell(unit, vendor, order, sold_by=sold_by, today=today, now=now)

    async def _sell(
        self,
        unit: Unit,
        vendor: Vendor,
        order: Order,
        *,
        sold_by: str,
        today: date,
        now: datetime,
    ) -> Vend:
        # The payment before its account, as everywhere.
        await unit.payments.lock_by_payment_id(provider=vendor.provider, payment_id=order.key)
        before = await unit.balances.lock_by_number(order.account_number)
        if before is None:
            message = f"there is no account {order.account_number}; nothing was taken"
            raise UnknownAccount(message)
        if before.currency != vendor.currency:
            message = (
                f"account {before.number} is in {before.currency}, and vendor {vendor.code} sells "
                f"in {vendor.currency}; nothing was taken"
            )
            raise OtherCurrency(message)
        owed_before = {each.id: each for each in await unit.debts.lock_of(before.id)}
        payment = Payment(
            provider=vendor.provider,
            payment_id=order.key,
            account_number=order.account_number,
            amount_micro=order.amount_micro,
            currency=vendor.currency,
        )
        result = await self._take_payment(unit, payment=payment, now=now)
        assert result.outcome is PaymentOutcome.CREDITED, "the account and its currency are known"
        assert not result.repeated, "a vendor's payments come by its sales alone"
        owed = {each.id: each for each in await unit.debts.lock_of(before.id)}
        after = await unit.balances.account(before.id)
        assert after is not None, "it is locked"
        await _check_maximum(unit, before, after, now=now)
        vend = Vend(
            id=new_id(),
            vendor_id=vendor.id,
            vendor_code=vendor.code,
            vendor_name=vendor.name,
            order=order,
            account_id=before.id,
            currency=vendor.currency,
            sold_by=sold_by,
            business_day=today,
            balance_before_micro=before.balance_micro,
            balance_micro=after.balance_micro,
            owed_micro=sum(each.left_micro for each in owed.values()),
            paid_off=paid_off(owed_before, owed),
            credit_micro=after.credit_micro,
            supply_state=after.supply_state,
            at=now,
        )
        await unit.vends.add(vend)
        await unit.vendors.put_sold(sold(vendor, order.amount_micro, on=vend.business_day))
        await move_cash(
            unit,
            vendor,
            tender=order.tender,
            seller=sold_by,
            business_day=vend.business_day,
            amount_micro=order.amount_micro,
        )
        return vend


async def _check_maximum(unit: Unit, before: Account, after: Account, *, now: datetime) -> None:
    """Raises `AboveMaximum`: the money is not taken yet, so all that was done is undone."""
    most_micro = await maximum_balance_micro(unit, before.id, currency=before.currency, at=now)
    if most_micro is None or after.balance_micro <= most_micro:
        return
    message = (
        f"account {before.number} would have {after.balance_micro} micro-units, and the policy "
        f"allows {most_micro}: sell {max(0, most_micro - before.balance_micro)} at most; nothing "
        "was taken"
    )
    raise AboveMaximum(message)


async def seller_of(unit: Unit, subject: str) -> Vendor:
    """The vendor that the person sells for, locked. Raises `NotASeller`."""
    return sells(await unit.vendors.lock_of(subject), subject)


def _repeated(known: Vend, order: Order) -> Vend:
    if known.order != order:
        message = (
            f"the Idempotency-Key {order.key} came before with another sale, which stands: "
            f"{known.order.amount_micro} micro-units for account {known.order.account_number}"
        )
        raise KeyUsedBefore(message)
    return known
