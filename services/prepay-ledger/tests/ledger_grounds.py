"""Customers who sign, are warned and are cut by law, with a clock of the test's own."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from ledger_scratch import ACCOUNT, Scratch

from prepay_ledger.facts.values import Decided
from prepay_ledger.prepay_agreements.load_grounds import load_grounds
from prepay_ledger.prepay_agreements.record_step import Done, record_step
from prepay_ledger.prepay_agreements.rules import lawful
from prepay_ledger.prepay_agreements.sign_agreement import (
    sign_agreement,
)
from prepay_ledger.prepay_agreements.values import (
    Lawful,
    PrepayTerms,
    direct_terms,
)
from prepay_ledger.procedures.draft_procedure import draft_procedure
from prepay_ledger.procedures.publish_procedure import publish_procedure
from prepay_ledger.procedures.take_notices import NoticeEvent, take_notices
from prepay_ledger.procedures.values import Evidence, Shortfall, Why
from prewatt_common.contracts.notice_events_v1 import (
    NoticeBounced,
    NoticeDelivered,
    NoticeFailed,
    Proof,
)
from prewatt_common.contracts.procedure_v1 import procedure_of
from prewatt_common.kafka.decoding import Delivered

NOW = datetime(2026, 3, 2, 4, tzinfo=UTC)  # noon in China
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CHINA_DAY = {"valid_from": "2026-03-02", "verified": True}


class Town(Scratch):
    """Two accounts, whose customers sign and are warned."""

    now = NOW

    def decided(self, by: str = "li") -> Decided:
        return Decided(by=by, reason="a test", at=self.now)

    async def publish(self, document: dict[str, Any], *, by: str = "wu") -> int:
        async with self.unit() as unit:
            draft = await draft_procedure(
                unit=unit, procedure=procedure_of(document), decided=self.decided()
            )
        async with self.unit() as unit:
            made = await publish_procedure(unit=unit, draft_id=draft.id, decided=self.decided(by))
        assert made.version is not None
        return made.version

    async def sign(self, account_id: UUID = ACCOUNT, **change: Any) -> PrepayTerms:
        terms = direct_terms(number="1", low_balance_micro=0, overdraft_micro=0, at=self.now)
        terms = replace(terms, **{"jurisdiction": "cn"} | change)
        async with self.unit() as unit:
            await sign_agreement(
                unit=unit, account_id=account_id, terms=terms, decided=self.decided()
            )
        return terms

    async def do(self, name: str, by: str = "li", **more: Any) -> Evidence:
        done = Done(name=name, at=more.pop("at", self.now), **more)
        async with self.unit() as unit:
            return await record_step(
                unit=unit, account_id=ACCOUNT, done=done, decided=self.decided(by)
            )

    async def hear(self, *events: NoticeEvent) -> set[UUID]:
        batch: list[Delivered[Any]] = [Delivered(event, None) for event in events]  # type: ignore[arg-type]
        async with self.unit() as unit:
            return (await take_notices(unit, batch, now=self.now)).accounts

    async def stands(self, balance_micro: int = 0, since: datetime = NOW - DAY) -> Lawful:
        async with self.unit() as unit:
            grounds = await load_grounds(unit, [ACCOUNT], at=self.now)
        return lawful(
            grounds[ACCOUNT],
            short=Shortfall(since, since),
            balance_micro=balance_micro,
            now=self.now,
        )

    async def missing(self) -> dict[str, Why]:
        return {each.name: each.why for each in (await self.stands()).missing}


def delivered(
    channel: str = "sms", *, at: datetime = NOW, cause: UUID | None = None, **more: Any
) -> NoticeDelivered:
    return NoticeDelivered(
        **{
            "notice_id": uuid4(), "account_id": ACCOUNT, "template": "low-balance",
            "channel": channel, "cause_id": str(cause or uuid4()), "at": at,
            "proof": Proof.RECEIPT,
        } | more
    )  # fmt: skip


def bounced(of: NoticeDelivered, *, at: datetime) -> NoticeBounced:
    """The very notice comes back."""
    return NoticeBounced(
        notice_id=of.notice_id, account_id=of.account_id, template=of.template,
        channel=of.channel, cause_id=of.cause_id, reason="<li@example.org>: unknown", at=at,
    )  # fmt: skip


def failed(of: NoticeDelivered, *, at: datetime, channel: str = "email") -> NoticeFailed:
    """No channel is left: the notice that failed last is another than the one that came back."""
    return NoticeFailed(
        notice_id=uuid4(), account_id=of.account_id, template=of.template, channel=channel,
        cause_id=of.cause_id, reason="550 <li@example.org>: unknown", at=at,
    )  # fmt: skip
