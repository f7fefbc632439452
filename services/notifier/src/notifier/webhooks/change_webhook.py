"""Use cases: a person makes a webhook, gives it another secret, pauses, resumes, tries, ends it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from notifier.channels.addresses import Reach
from notifier.webhooks import messages
from notifier.webhooks.ports import WebhookStore
from notifier.webhooks.refusals import (
    OtherRequest,
    TooManyWebhooks,
    UnknownWebhook,
    UrlRefused,
    WebhookStands,
    WithoutSecret,
)
from notifier.webhooks.rules import secret_of, wrong_url
from notifier.webhooks.values import Change, Changed, EventKind, Webhook, WebhookStatus

WEBHOOKS_MAX = 50
"""Each has every event that it wants written down for it, in the transaction that takes events."""
_MAY: Mapping[Change, frozenset[WebhookStatus]] = {
    Change.SECRET: frozenset({WebhookStatus.ACTIVE, WebhookStatus.PAUSED, WebhookStatus.OFF}),
    Change.PAUSED: frozenset({WebhookStatus.ACTIVE}),
    Change.RESUMED: frozenset({WebhookStatus.PAUSED, WebhookStatus.OFF}),
    Change.PINGED: frozenset({WebhookStatus.ACTIVE}),
    Change.ENDED: frozenset({WebhookStatus.ACTIVE, WebhookStatus.PAUSED, WebhookStatus.OFF}),
}
_STANDS = {
    Change.PAUSED: WebhookStatus.PAUSED,
    Change.RESUMED: WebhookStatus.ACTIVE,
    Change.ENDED: WebhookStatus.ENDED,
}


@dataclass(frozen=True, slots=True)
class WebhookTerms:
    """``key``: what secrets follow from; none: there are no webhooks. ``lifetime``: for how long a
    message is worth telling."""

    key: bytes | None
    reach: Reach
    lifetime: timedelta


class WithSecret(NamedTuple):
    """A webhook, and its newest secret where it was made just now: it is told this once."""

    webhook: Webhook
    secret: str | None


async def make_webhook(
    *,
    store: WebhookStore,
    url: str,
    events: frozenset[EventKind],
    made: Changed,
    terms: WebhookTerms,
) -> WithSecret:
    """Told of what happens from now on. Under one key it is made once, and a repeat does not tell
    the secret again. Raises `WithoutSecret`, `UrlRefused`, `TooManyWebhooks` or `OtherRequest`."""
    key = _key_of(terms)
    wrong = wrong_url(url, terms.reach)
    if wrong is not None:
        message = f"{wrong}; no webhook was made"
        raise UrlRefused(message)
    there_are = await store.hold_all()
    known = await store.asked(by=made.by, key=made.key)
    if known is not None:
        webhook = await store.get(known.webhook_id)
        assert webhook is not None, f"webhook {known.webhook_id} is never deleted"
        same = known.what is Change.MADE and known.reason == made.reason
        if same and (webhook.url, webhook.events) == (url, events):
            return WithSecret(webhook, None)
        raise _other(known)
    if there_are >= WEBHOOKS_MAX:
        message = f"there are {there_are} webhooks; end one first"
        raise TooManyWebhooks(message)
    webhook = Webhook(made.webhook_id, url, events, WebhookStatus.ACTIVE, made.reason, made.at)
    await store.add(webhook)
    await store.note(made)
    number = await store.new_secret(webhook.id, old_until=made.at)
    return WithSecret(webhook, secret_of(webhook.id, number, key=key))


async def change_webhook(
    *,
    store: WebhookStore,
    changed: Changed,
    terms: WebhookTerms,
    overlap: timedelta = timedelta(0),
) -> WithSecret:
    """Under one key once. Of another secret, ``overlap`` says for how long the old one signs too.
    Raises `UnknownWebhook`, `WebhookStands`, `OtherRequest` or `WithoutSecret`."""
    key = _key_of(terms)
    webhook = _known(await store.lock(changed.webhook_id), changed.webhook_id)
    known = await store.asked(by=changed.by, key=changed.key)
    if known is not None:
        named = known.webhook_id, known.what, known.reason
        if named == (changed.webhook_id, changed.what, changed.reason):
            return WithSecret(webhook, None)
        raise _other(known)
    if webhook.status not in _MAY[changed.what]:
        message = (
            f"webhook {webhook.id} is {webhook.status} since {webhook.since:%Y-%m-%d %H:%M} UTC "
            f"({webhook.reason}); nothing was changed"
        )
        raise WebhookStands(message)
    await store.note(changed)
    if changed.what is Change.SECRET:
        number = await store.new_secret(webhook.id, old_until=changed.at + overlap)
        return WithSecret(webhook, secret_of(webhook.id, number, key=key))
    if changed.what is Change.PINGED:
        message = messages.ping(changed.id, webhook_id=webhook.id, at=changed.at)
        expires_at = changed.at + terms.lifetime
        await store.queue(webhook.id, message, now=changed.at, expires_at=expires_at)
        return WithSecret(webhook, None)
    status = _STANDS[changed.what]
    await store.stand(webhook.id, status, reason=changed.reason, now=changed.at)
    return WithSecret(_known(await store.get(webhook.id), webhook.id), None)


async def webhook_by_id(store: WebhookStore, webhook_id: UUID) -> Webhook:
    """To look at. Raises `UnknownWebhook`."""
    return _known(await store.get(webhook_id), webhook_id)


def _key_of(terms: WebhookTerms) -> bytes:
    if terms.key is None:
        message = "there are no webhooks here: PREWATT_WEBHOOK_SECRET is not set"
        raise WithoutSecret(message)
    return terms.key


def _known(webhook: Webhook | None, webhook_id: UUID) -> Webhook:
    if webhook is None:
        message = f"there is no webhook {webhook_id}"
        raise UnknownWebhook(message)
    return webhook


def _other(known: Changed) -> OtherRequest:
    message = (
        f"the Idempotency-Key {known.key} came before: webhook {known.webhook_id} was {known.what}"
    )
    return OtherRequest(message)
