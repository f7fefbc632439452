"""Use case: what customers have written is worked through, and answered.

A message is done in one transaction with its answer. Died before that, it is taken up again once
the lease of who died is over: what it has done by then changes nothing when it is done again.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from notifier.contacts.values import Channel
from notifier.deliveries.retries import RetryPolicy
from notifier.inbound import answers
from notifier.inbound.catalogue import Catalogue
from notifier.inbound.obey import Obey
from notifier.inbound.ports import Ledger, LedgerAway, LedgerKnowsNothing, NotOffered, OpenInbound
from notifier.inbound.rules import (
    is_obeyed_of_nominated,
    meant,
    number_of,
    reply_to_nominated,
    reply_without_asking,
    tails_of,
    understood,
)
from notifier.inbound.values import Customer, Message, Outcome, Reply, Request, Word
from notifier.metrics import INBOUND
from notifier.notices.making import make_notice
from notifier.notices.values import PAGE_CHARS_MAX, Facts, Template
from prewatt_common.clock import Clock

logger = logging.getLogger(__name__)

_WORTH: Mapping[Word, timedelta] = {
    Word.BALANCE: timedelta(minutes=30),
    Word.DAYS: timedelta(minutes=30),
    Word.CREDIT: timedelta(hours=12),
}
"""For so long the ledger is asked anew; then the customer is told that it could not be done."""
_RETRIES = RetryPolicy(first_s=2, longest_s=60)
_FAULTS_MAX = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswersAre:
    """``lifetimes``: of notices. ``zone``: of customers who name none. ``pay_at``: the utility's
    page for payments, if it has one."""

    lifetimes: Mapping[Template, timedelta]
    zone: str
    pay_at: str | None
    country_code: str


class WorkMessages:
    """One message at a time, the oldest first."""

    def __init__(
        self,
        *,
        open_inbound: OpenInbound,
        ledger: Ledger,
        obey: Obey,
        catalogue: Catalogue,
        are: AnswersAre,
        lease: timedelta,
        clock: Clock,
        jitter: Callable[[], float],
        passing: Callable[[BaseException], bool],
        committed: Callable[[], None],
    ) -> None:
        self._open_inbound = open_inbound
        self._ledger = ledger
        self._obey = obey
        self._catalogue = catalogue
        self._are = are
        self._lease = lease
        self._clock = clock
        self._jitter = jitter
        self._passing = passing
        self._committed = committed

    async def __call__(self) -> float | None:
        """The seconds until there may be another one; none where none was due."""
        now = self._clock()
        async with self._open_inbound() as store:
            message = await store.claim(now=now, lease_until=now + self._lease)
        if message is None:
            return None
        try:
            reply = await self._reply(message)
            await self._finish(message, reply)
        except LedgerAway as away:
            await self._put_off(message, away)
        except Exception as error:
            if self._passing(error):
                raise
            # A fault of ours with one message is not to end what tells of supply.
            await self._fault(message, error)
        return 0.0

    async def _fault(self, message: Message, error: Exception) -> None:
        logger.error("a message of a customer failed unexpectedly", exc_info=error,
                     extra={"message_id": str(message.id)})  # fmt: skip
        faults = message.faults + 1
        if faults < _FAULTS_MAX:
            await self._wait(message, faults=faults)
        else:
            await self._finish(message, Reply(Outcome.GIVEN_UP))

    async def _wait(self, message: Message, *, faults: int) -> None:
        pause = _RETRIES.pause_after(message.attempts, jitter=self._jitter())
        async with self._open_inbound() as store:
            await store.put_off(message, until=self._clock() + pause, faults=faults)

    async def _reply(self, message: Message) -> Reply:
        phone = number_of(message.sender, country_code=self._are.country_code)
        if phone is None:
            return Reply(Outcome.NO_PERSON)
        request = understood(message.text, self._catalogue)
        now = self._clock()
        async with self._open_inbound() as store:
            customers = await store.customers(phone)
            nominated = await store.nominated(phone)
            history = await store.history(message.sender, now=now)
        whose = customers or nominated
        if nominated and not customers:
            reply = reply_to_nominated(request, nominated, history)
        elif (
            nominated
            and request is not None
            and is_obeyed_of_nominated(request, [*customers, *nominated])
        ):
            reply, whose = None, [*customers, *nominated]
        else:
            reply = reply_without_asking(request, customers, history)
        if reply is not None:
            facts = answers.of_accounts(now, tails_of(whose))
            return Reply(reply.outcome, reply.word, reply.customer, reply.answer, facts)
        assert request is not None, "what is not understood has its reply"
        if request.word in (Word.STOP, Word.START):
            return await self._obey(message, request, whose, history, now=now)
        return await self._of_account(message, request, meant(request, customers), now=now)

    async def _of_account(
        self, message: Message, request: Request, whose: Sequence[Customer], *, now: datetime
    ) -> Reply:
        (customer,) = whose
        word = request.word
        try:
            answer, facts = await self._asked(message, word, customer, now=now)
        except LedgerKnowsNothing as nothing:
            logger.error(
                "a customer's %s is not answered: %s", word, nothing,
                extra={"message_id": str(message.id)},
            )  # fmt: skip
            return self._given_up(word, customer, now=now)
        except NotOffered:
            facts = answers.of_nothing(now)
            return Reply(Outcome.NOT_OFFERED, word, customer, Template.ANSWER_FAILED, facts)
        return Reply(Outcome.DONE, word, customer, answer, facts)

    async def _asked(
        self, message: Message, word: Word, customer: Customer, *, now: datetime
    ) -> tuple[Template, Facts]:
        account_id = customer.contact.account_id
        zone = customer.contact.timezone or self._are.zone
        match word:
            case Word.BALANCE:
                standing = await self._ledger.standing(account_id)
                return Template.ANSWER_BALANCE, answers.of_standing(standing, zone=zone)
            case Word.DAYS:
                return answers.of_lasting(await self._ledger.lasting(account_id), zone=zone)
            case Word.CREDIT:
                credit = await self._ledger.accept_credit(account_id, message_id=message.id)
                return answers.of_credit(credit, zone=zone)
            case _:
                assert word is Word.PAY, f"{word} is of no account"
                pay_at = await self._pay_at(message, account_id)
                return Template.ANSWER_PAY, answers.of_payment(now, pay_at)

    async def _pay_at(self, message: Message, account_id: UUID) -> str | None:
        """A link of the account's own, else the utility's page: who wants to pay does not wait for
        a ledger that is away."""
        try:
            link = await self._ledger.pay_link(account_id, message_id=message.id)
        except NotOffered:
            return self._are.pay_at
        except (LedgerAway, LedgerKnowsNothing) as error:
            logger.info(
                "a customer who wants to pay gets no link of their own: %s", error,
                extra={"message_id": str(message.id)},
            )  # fmt: skip
            return self._are.pay_at
        return link if len(link) <= PAGE_CHARS_MAX else self._are.pay_at

    async def _put_off(self, message: Message, away: LedgerAway) -> None:
        """Or the customer is told, once it has taken too long."""
        request = understood(message.text, self._catalogue)
        assert request is not None, "the ledger is asked for what is understood"
        context = {"message_id": str(message.id)}
        now = self._clock()
        if now - message.heard_at < _WORTH[request.word]:
            logger.warning("a customer's %s waits: %s", request.word, away, extra=context)
            await self._wait(message, faults=message.faults)
            return
        logger.error("a customer's %s is given up: %s", request.word, away, extra=context)
        async with self._open_inbound() as store:
            whose = meant(request, await store.customers(message.sender))
        customer = whose[0] if whose else None
        await self._finish(message, self._given_up(request.word, customer, now=now))

    def _given_up(self, word: Word, customer: Customer | None, *, now: datetime) -> Reply:
        facts = answers.of_nothing(now)
        return Reply(Outcome.GIVEN_UP, word, customer, Template.ANSWER_FAILED, facts)

    async def _finish(self, message: Message, reply: Reply) -> None:
        """The message is done, and its answer is a notice like any other, in one transaction."""
        now = self._clock()
        async with self._open_inbound() as store:
            contact = None
            if reply.customer is not None:
                asked = reply.customer.contact
                contact = await store.hold_account(asked.account_id, asked.role)
            # Forgotten meanwhile, or another's number by now: nothing is said to it.
            if contact is None or contact.phone != message.sender or reply.facts is None:
                reply = Reply(reply.outcome, reply.word, reply.customer)
            if not await store.finish(message, reply, now=now):
                logger.warning("a message was worked through twice: its first answer stands",
                               extra={"message_id": str(message.id)})  # fmt: skip
                return
            if contact is not None and reply.answer is not None and reply.facts is not None:
                notice = make_notice(
                    cause_id=message.id,
                    template=reply.answer,
                    contact=contact,
                    channel=Channel.SMS,
                    facts=reply.facts,
                    settled_above_micro=None,
                    position=0,
                    now=now,
                    expires_at=now + self._are.lifetimes[reply.answer],
                )
                await store.add_notice(notice, now=now)
        INBOUND.labels(message.gateway, reply.word or "none", reply.outcome).inc()
        self._committed()
