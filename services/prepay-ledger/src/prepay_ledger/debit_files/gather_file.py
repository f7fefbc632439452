"""A job: what is due is put into the files that are being made, some at a time, and each file is
made once. Requests in files that were sent or cancelled follow.

All of it stands in the rows: whatever dies goes on where it was. A request that is in a file is
`sending`, so that nobody withdraws or asks for it otherwise; the file's bytes are kept in the
transaction that makes it.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID
from zoneinfo import ZoneInfo

from prepay_ledger.business_days import BusinessDays
from prepay_ledger.debit_files.ports import OpenUnit, Unit
from prepay_ledger.debit_files.rules import file_of
from prepay_ledger.debit_files.values import Body, DebitFileRow, DebitItem, FileState
from prepay_ledger.debit_formats.configured import DebitProfile
from prepay_ledger.debit_formats.values import LINES_MAX
from prepay_ledger.debit_formats.write_file import write_file
from prepay_ledger.mandates.instalments import why_not_collected, why_not_now
from prepay_ledger.mandates.load_standing import load_standing
from prepay_ledger.mandates.rules import closed, may_send
from prepay_ledger.mandates.settle_request import SettleRequest, locked_request
from prepay_ledger.mandates.values import (
    Mandate,
    RequestState,
    Standing,
    TopUpPolicy,
    TopUpRequest,
)
from prepay_ledger.metrics import TOP_UP_REQUESTS
from prepay_ledger.payment_requests.values import Accepted
from prewatt_common.clock import Clock
from prewatt_common.db.odd_ones import odd_among

logger = logging.getLogger(__name__)

AT_ONCE = 100


class GatherFiles:
    """Goes on with all files, again and again."""

    def __init__(
        self,
        *,
        open_unit: OpenUnit,
        profiles: Mapping[str, DebitProfile],
        days: BusinessDays,
        zone: ZoneInfo,
        clock: Clock,
        committed: Callable[[], None],
    ) -> None:
        self._open_unit = open_unit
        self._profiles = profiles
        self._days = days
        self._zone = zone
        self._clock = clock
        self._committed = committed

    async def __call__(self) -> float | None:
        """Gives no rest where more may wait. A file or a request that raises keeps none of the
        others from going on."""
        async with self._open_unit() as unit:
            files = await unit.debit_files.collecting()
            requests = await unit.debit_files.to_follow(limit=AT_ONCE)
        odd_files = await odd_among(files, self._go_on)
        for file_id, error in odd_files:
            logger.error("debit file %s", file_id, exc_info=error)
        odd_requests = await odd_among(requests, self._follow)
        for request_id, error in odd_requests:
            logger.error("top-up request %s of a debit file", request_id, exc_info=error)
        is_more = len(files) > len(odd_files) or len(requests) - len(odd_requests) == AT_ONCE
        return 0.0 if is_more else None

    async def _go_on(self, file_ids: Sequence[UUID]) -> None:
        for each in file_ids:
            async with self._open_unit() as unit:
                await self.go_on(unit, each, now=self._clock())
            self._committed()

    async def go_on(self, unit: Unit, file_id: UUID, *, now: datetime) -> None:
        """Some more are put into the file; where there is none, it is made."""
        file = await unit.debit_files.lock_file(file_id)
        if file is None or file.state is not FileState.COLLECTING:
            return
        limit = min(AT_ONCE, LINES_MAX - file.lines)
        some = await unit.debit_files.to_gather(file, limit=limit) if limit else ()
        if not some:
            await self._make(unit, file, now=now)
            return
        for each in some:
            item = await self._gathered(unit, file, each, now=now)
            if item is not None:
                file = replace(
                    file, lines=file.lines + 1, sum_micro=file.sum_micro + item.amount_micro
                )
        await unit.debit_files.change_file(file)

    async def _gathered(
        self, unit: Unit, file: DebitFileRow, request_id: UUID, *, now: datetime
    ) -> DebitItem | None:
        """None where nothing is to be asked for any more."""
        request = await locked_request(unit, request_id)
        if request is None or request.state is not RequestState.REQUESTED:
            return None
        account = await unit.balances.account(request.account_id)
        mandate = await unit.mandates.mandate(request.mandate_id)
        assert account is not None, "an account stays"
        assert mandate is not None, "a mandate stays"
        standing, _ = await load_standing(unit, account, mandate, zone=self._zone, now=now)
        if (why := await _why_not(unit, mandate, request, standing)) is not None:
            await _withdraw(unit, request, why=why, now=now)
            return None
        known = (await unit.debit_files.debtors([mandate.id]))[mandate.id]
        item = DebitItem(
            request_id=request.id,
            file_id=file.id,
            number=file.lines + 1,
            account_id=account.id,
            account_number=account.number,
            mandate_reference=request.reference,
            signed_on=mandate.consent.at.astimezone(self._zone).date(),
            debtor=known.debtor,
            amount_micro=request.amount_micro,
            currency=request.currency,
        )
        await unit.debit_files.add_item(item)
        sending = replace(request, state=RequestState.SENDING, sends=request.sends + 1, send_at=now)
        await unit.mandates.put_request(sending)
        TOP_UP_REQUESTS.labels(request.provider, sending.state).inc()
        return item

    async def _make(self, unit: Unit, file: DebitFileRow, *, now: datetime) -> None:
        if not file.lines:
            await unit.debit_files.change_file(replace(file, state=FileState.CANCELLED))
            return
        items = await unit.debit_files.items(file.id)
        body = write_file(file_of(file, list(items)), self._profiles[file.provider])
        await unit.debit_files.add_body(
            Body(
                file_id=file.id,
                body=body,
                sha256=sha256(body).digest(),
                lines=file.lines,
                sum_micro=file.sum_micro,
                at=now,
            )
        )
        await unit.debit_files.change_file(replace(file, state=FileState.MADE))

    async def _follow(self, request_ids: Sequence[UUID]) -> None:
        for each in request_ids:
            async with self._open_unit() as unit:
                await self._followed(unit, each, now=self._clock())
            self._committed()

    async def _followed(self, unit: Unit, request_id: UUID, *, now: datetime) -> None:
        request = await locked_request(unit, request_id)
        item = await unit.debit_files.item(request_id)
        if request is None or item is None or request.state is not RequestState.SENDING:
            return
        # Sent or cancelled it stays: no lock, for a file is locked before accounts.
        file = await unit.debit_files.file(item.file_id)
        assert file is not None, "a file stays"
        if file.state is FileState.CANCELLED:
            await _withdraw(unit, request, why="the file was cancelled", now=now)
        elif file.state is FileState.SENT:
            last = self._days.after(file.collect_on, self._profiles[file.provider].answer_days)
            left = timedelta(days=(last - now.date()).days)
            policy = replace(TopUpPolicy(), answer_within=max(left, timedelta(days=1)))
            settle = SettleRequest(zone=self._zone, policy=policy)
            await settle.answer(unit, request_id, Accepted(""), now=now)


async def _why_not(
    unit: Unit, mandate: Mandate, request: TopUpRequest, standing: Standing
) -> str | None:
    if request.statement_id is not None:
        due = await unit.due_statements.one(request.statement_id)
        is_less = due.owed_micro < request.amount_micro
        return why_not_now(mandate, request, standing) or ("statement-not-due" if is_less else None)
    if request.debt_id is None:
        return may_send(mandate, request, standing)
    owed = {each.id: each for each in await unit.debts.lock_of(request.account_id)}
    collected = await unit.debts.collected(request.account_id)
    return why_not_collected(mandate, request, standing, owed.get(request.debt_id), collected)


async def _withdraw(unit: Unit, request: TopUpRequest, *, why: str, now: datetime) -> None:
    after = closed(request, RequestState.WITHDRAWN, code=why, now=now)
    await unit.mandates.put_request(after)
    await unit.mandates.look(after.account_id)
    TOP_UP_REQUESTS.labels(after.provider, after.state).inc()
