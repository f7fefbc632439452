"""STOP and START: what customers want to be told, through the one use case that writes it down."""

from collections.abc import Collection, Sequence
from datetime import datetime

from notifier.contacts.consents import Purpose, declined
from notifier.contacts.set_consents import SetConsents
from notifier.inbound import answers
from notifier.inbound.ports import OpenInbound
from notifier.inbound.rules import (
    changes_nomination,
    is_answered,
    meant,
    started_by,
    stopped_by,
    tails_of,
)
from notifier.inbound.values import Customer, History, Message, Outcome, Reply, Request, Word
from notifier.notices.values import Template
from prewatt_common.contracts.notice_events_v1 import Role

BY = "customer"
"""Who wrote a consent down: nobody of the utility did."""


class Obey:
    """Of all accounts that have the number, unless the message names one of them."""

    def __init__(
        self,
        *,
        open_inbound: OpenInbound,
        set_consents: SetConsents,
        refusable: Collection[Purpose],
    ) -> None:
        self._open_inbound = open_inbound
        self._set_consents = set_consents
        self._refusable = refusable

    async def __call__(
        self,
        message: Message,
        request: Request,
        customers: Sequence[Customer],
        history: History,
        *,
        now: datetime,
    ) -> Reply:
        """Once or twice is the same: what is said already is not written down again. A STOP that
        changes nothing, after one that was confirmed within a day, is not confirmed again.

        ``customers``: those whom others have named too. What they say stands by itself."""
        # Who wants to hear less is heard, with a slip in the account's number too.
        all_meant = meant(request, customers) or customers
        named = [each for each in all_meant if each.contact.role is Role.NOMINATED]
        whose = [each for each in all_meant if each.contact.role is Role.CUSTOMER]
        of_named = None
        if named:
            of_named = await self._of_named(message, request, named, history, now=now)
        if not whose:
            assert of_named, "a message is obeyed of somebody"
            return of_named
        word = request.word
        silent = not is_answered(history)
        if word is Word.STOP:
            purposes = stopped_by(request, refusable=self._refusable)
            changed = await self._set(whose, dict.fromkeys(purposes, False), message)
            if not purposes and of_named:
                # Of their own account nothing may be refused; of the other's something was.
                return of_named
            silent = silent or bool(purposes and not changed and history.stopped)
            answer = Template.ANSWER_STOPPED if purposes else Template.ANSWER_NOT_STOPPED
        else:
            purposes = await self._start(whose, request, message)
            answer = Template.ANSWER_STARTED if purposes else Template.ANSWER_HELP
        facts = answers.of_purposes(now, tuple(purposes)) if purposes else answers.of_nothing(now)
        return Reply(Outcome.DONE, word, whose[0], None if silent else answer, facts)

    async def _of_named(
        self,
        message: Message,
        request: Request,
        people: Sequence[Customer],
        history: History,
        *,
        now: datetime,
    ) -> Reply | None:
        """None where the message is not of what nominated persons are told."""
        if not changes_nomination(request):
            return None
        told = request.word is Word.START
        changed = False
        for person in people:
            async with self._open_inbound() as store:
                account_id = person.contact.account_id
                how = f"SMS {message.id}"
                new = await store.say_of_nomination(account_id, told=told, how=how, now=now)
            changed = changed or new
        silent = not is_answered(history) or (not told and not changed and history.stopped)
        answer = Template.ANSWER_NOMINATED_STARTED if told else Template.ANSWER_NOMINATED_STOPPED
        facts = answers.of_accounts(now, tails_of(people))
        return Reply(Outcome.DONE, request.word, people[0], None if silent else answer, facts)

    async def _start(
        self, whose: Sequence[Customer], request: Request, message: Message
    ) -> Sequence[Purpose]:
        """Each account gets back what was its own. Gives what any of them is told again."""
        started: set[Purpose] = set()
        for customer in whose:
            async with self._open_inbound() as store:
                agreed_once = await store.agreed_once(customer.contact.account_id)
            purposes = started_by(request, refusable=self._refusable, agreed_once=agreed_once)
            await self._set([customer], dict.fromkeys(purposes, True), message)
            started.update(purposes)
        return [each for each in Purpose if each in started]

    async def _set(
        self, whose: Sequence[Customer], wanted: dict[Purpose, bool], message: Message
    ) -> bool:
        """Whether it changed what somebody is told."""
        changed = False
        for customer in whose if wanted else ():
            account_id = customer.contact.account_id
            async with self._open_inbound() as store:
                before = declined(await store.consents(account_id), refusable=self._refusable)
            said = await self._set_consents(account_id, wanted, how=f"SMS {message.id}", by=BY)
            after = declined(said or (), refusable=self._refusable)
            changed = changed or (said is not None and after != before)
        return changed
