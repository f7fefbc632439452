"""Use case: a line of the bank's statement is the payout of a provider. The money is in transit no
more, and is nobody's payment."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from prepay_ledger.bank.named_account import named_account
from prepay_ledger.bank.ports import Unit
from prepay_ledger.bank.rules import ended
from prepay_ledger.bank.values import BankLine, LineState
from prepay_ledger.journal.values import Journal, UtilityAccount, clearing, payout_in_transit
from prepay_ledger.payments.find_account import NoAccount, find_account
from prepay_ledger.payments.take_movement import TakeMovement
from prepay_ledger.payments.values import PaymentOutcome
from prepay_ledger.payouts.rules import named_by, of_amount, standing
from prepay_ledger.payouts.values import FoundBy, Payout, PayoutState
from prepay_ledger.providers.values import Kind, Told
from prewatt_common.ids import new_id


class ReceivePayout:
    """Books payouts as arrived, and takes that back. ``days``: one that no line names is known by
    its amount for so long after it was sent."""

    def __init__(self, *, take_movement: TakeMovement, days: int) -> None:
        self._take_movement = take_movement
        self._days = days

    async def of_line(
        self, unit: Unit, line: BankLine, *, now: datetime, by_amount: bool = True
    ) -> BankLine | None:
        """The line as it ends, where it is a payout or names one of another amount; none where it
        is anything else. The line is locked. ``by_amount``: it may be one that it does not name."""
        expected = await unit.payouts.expected(line.currency)
        named = named_by(line.line, expected)
        for each in named:
            if each.key.amount_micro == line.line.amount_micro:
                return await self._if_expected(unit, each, line, FoundBy.REFERENCE, now=now)
        if named:
            key = named[0].key
            reason = (
                f"it names payout {key.reference} of {key.provider}, which was {key.amount_micro} "
                "micro-units: match it by hand"
            )
            return ended(line, LineState.DOUBTFUL, reason=reason)
        alike = of_amount(line.line, expected, days=self._days) if by_amount else None
        if alike is None or await _names_an_account(unit, line):
            return None
        return await self._if_expected(unit, alike, line, FoundBy.AMOUNT, now=now)

    async def _if_expected(
        self, unit: Unit, found: Payout, line: BankLine, by: FoundBy, *, now: datetime
    ) -> BankLine | None:
        payout = await unit.payouts.lock(found.id)
        if payout is None or payout.state is not PayoutState.EXPECTED:
            return None
        return await self.receive(unit, payout, line, found_by=by, reason="", now=now)

    async def receive(
        self,
        unit: Unit,
        payout: Payout,
        line: BankLine,
        *,
        found_by: FoundBy,
        reason: str,
        now: datetime,
    ) -> BankLine:
        """The line as it ends; both are locked. What it had in suspense leaves that first."""
        match_id = new_id()
        if line.payment is not None:
            await self.out_of_suspense(unit, line, match_id, now=now)
        await _post(unit, payout, line, match_id, sign=1, now=now)
        await unit.payouts.change(
            replace(
                payout,
                state=PayoutState.ARRIVED,
                found_by=found_by,
                bank_line=line.id,
                match_id=match_id,
                difference_micro=line.line.amount_micro - payout.key.amount_micro,
                reason=reason,
            )
        )
        said = f"payout {payout.key.reference} of {payout.key.provider}"
        return ended(line, LineState.PAYOUT, reason=said)

    async def undo(
        self, unit: Unit, payout: Payout, line: BankLine, *, reason: str, now: datetime
    ) -> BankLine:
        """The line as it stands then: in suspense where it was, else doubtful, or a debit. Both are
        locked."""
        assert payout.match_id is not None, "it has arrived"
        await _post(unit, payout, line, payout.match_id, sign=-1, now=now)
        before = replace(
            payout,
            state=PayoutState.EXPECTED,
            found_by=FoundBy.NOTHING,
            bank_line=None,
            match_id=None,
            difference_micro=0,
            reason=reason,
        )
        await unit.payouts.change(standing(before))
        if line.payment is not None:
            await self._suspense(unit, line, payout.match_id, Kind.DISPUTE_WON, now=now)
            return ended(line, LineState.SUSPENSE, reason=reason)
        if line.line.amount_micro < 0:
            return ended(line, LineState.DEBIT, reason=reason)
        said = f"it was taken for a payout of {payout.key.provider}, which it is not: {reason}"
        return ended(line, LineState.DOUBTFUL, reason=said)

    async def out_of_suspense(
        self, unit: Unit, line: BankLine, match_id: UUID, *, now: datetime
    ) -> None:
        """What the line has in suspense leaves that: it is nobody's payment."""
        await self._suspense(unit, line, match_id, Kind.DISPUTED, now=now)

    async def _suspense(
        self, unit: Unit, line: BankLine, match_id: UUID, kind: Kind, *, now: datetime
    ) -> None:
        """Out of it as what is disputed, and into it again as by a dispute that was won."""
        told = Told(
            kind=kind,
            type="bank.payout",
            payment_id=line.payment_id,
            movement_id=str(match_id),
            account_number="",
            amount_micro=line.line.amount_micro,
            currency=line.currency,
            at=None,
        )
        await self._take_movement(unit, provider=line.provider, told=told, now=now)


async def is_in_suspense_still(unit: Unit, line: BankLine) -> bool:
    """Whether all of the payment that the line is waits to be placed; the payment is locked."""
    payment = await unit.payments.lock_by_payment_id(
        provider=line.provider, payment_id=line.payment_id
    )
    assert payment is not None, "what is in suspense is a payment"
    return payment.outcome is PaymentOutcome.SUSPENSE and not payment.taken_back_micro


async def _post(
    unit: Unit, payout: Payout, line: BankLine, match_id: UUID, *, sign: int, now: datetime
) -> None:
    """What was kept on the way is a fee."""
    key, came_micro = payout.key, line.line.amount_micro
    postings = {
        payout_in_transit(key.provider): sign * key.amount_micro,
        clearing(line.provider): -sign * came_micro,
        UtilityAccount.PAYMENT_FEES: -sign * (key.amount_micro - came_micro),
    }
    await unit.journals.post(
        Journal(
            kind="payout" if sign > 0 else "payout-undone",
            source=f"{key.provider}/{payout.id}/{match_id}",
            currency=key.currency,
            entries=(),
            postings={name: micro for name, micro in postings.items() if micro},
        ),
        at=now,
    )


async def _names_an_account(unit: Unit, line: BankLine) -> bool:
    try:
        await find_account(unit, await named_account(unit, line.line))
    except NoAccount:
        return False
    return True
