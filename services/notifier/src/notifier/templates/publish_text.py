"""Use cases: a person drafts a text, another one publishes it, and either may be withdrawn."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from notifier.notices.values import CAMPAIGNS
from notifier.templates.check_source import TextLimits, check_source
from notifier.templates.ports import TextStore
from notifier.templates.refusals import InvalidText, OtherRequest, TextRefused, UnknownText
from notifier.templates.values import Decided, Finding, Source, TemplateText, TextKey, TextState
from prewatt_common.ids import new_id
from prewatt_common.refusals import NeedsSecondPerson


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftOrder:
    """A text that somebody wants, and under which Idempotency-Key they ask."""

    key: TextKey
    source: Source
    effective_from: datetime | None
    asked_as: str


async def draft_text(
    *, store: TextStore, order: DraftOrder, limits: TextLimits, decided: Decided
) -> TemplateText:
    """A draft; nothing changes before it is published. Under one key it is drafted once. Raises
    `InvalidText`, `TextRefused` or `OtherRequest`."""
    known = await store.asked(by=decided.by, key=order.asked_as)
    if known is not None:
        same = (known.key, known.source) == (order.key, order.source)
        if same and known.drafted.reason == decided.reason:
            return known
        message = (
            f"the Idempotency-Key {order.asked_as} came before with another text, {known.id}, "
            "which stands"
        )
        raise OtherRequest(message)
    await _check_campaign(store, order.key)
    _check_begin(order.effective_from, decided)
    _check_text(order.source, order.key, limits=limits, then="nothing was drafted")
    text = TemplateText(
        id=new_id(),
        key=order.key,
        source=order.source,
        effective_from=order.effective_from,
        drafted=decided,
    )
    await store.add(text, key=order.asked_as)
    return text


async def publish_text(
    *, store: TextStore, text_id: UUID, limits: TextLimits, decided: Decided
) -> TemplateText:
    """The draft as it stands: notices say it from its ``effective_from`` on. The same again changes
    nothing. Raises `UnknownText`, `TextRefused`, `InvalidText` or `NeedsSecondPerson`."""
    text = _known(await store.lock(text_id), text_id)
    match text.state:
        case TextState.PUBLISHED:
            return text
        case TextState.WITHDRAWN:
            message = f"text {text_id} was withdrawn; draft another one"
            raise TextRefused(message)
        case TextState.DRAFTED:
            pass
    if decided.by == text.drafted.by:
        message = f"somebody else than {decided.by}, who drafted it, must publish text {text_id}"
        raise NeedsSecondPerson(message)
    _check_begin(text.effective_from, decided)
    # Once more: limits, and what events tell, may have changed since it was drafted.
    _check_text(text.source, text.key, limits=limits, then="it was not published")
    published = replace(
        text,
        number=await store.next_number(text.key),
        effective_from=text.effective_from or decided.at,
        published=decided,
    )
    await store.change(published)
    return published


async def withdraw_text(*, store: TextStore, text_id: UUID, decided: Decided) -> TemplateText:
    """Nobody is told anything with it any more: the version before holds again. One person is
    enough, for two have agreed to that one. The same again changes nothing. Raises
    `UnknownText`."""
    text = _known(await store.lock(text_id), text_id)
    if text.state is TextState.WITHDRAWN:
        return text
    withdrawn = replace(text, withdrawn=decided)
    await store.change(withdrawn)
    return withdrawn


async def text_by_id(store: TextStore, text_id: UUID) -> TemplateText:
    """To look at. Raises `UnknownText`."""
    return _known(await store.get(text_id), text_id)


def _known(text: TemplateText | None, text_id: UUID) -> TemplateText:
    if text is None:
        message = f"there is no text {text_id}"
        raise UnknownText(message)
    return text


async def _check_campaign(store: TextStore, key: TextKey) -> None:
    """A campaign's text is its own, and has the template of its purpose."""
    if key.campaign_id is None:
        if key.template not in CAMPAIGNS:
            return
        message = f"{key.template} is a campaign's: say of which, by campaign_id"
        raise TextRefused(message)
    template = await store.template_of(key.campaign_id)
    if template is None:
        message = f"there is no campaign {key.campaign_id}"
        raise TextRefused(message)
    if template is not key.template:
        message = f"campaign {key.campaign_id} says {template}, not {key.template}"
        raise TextRefused(message)


def _check_text(source: Source, key: TextKey, *, limits: TextLimits, then: str) -> None:
    findings = check_source(source, key, limits=limits).findings
    if findings:
        message = f"{told(findings)}; {then}"
        raise InvalidText(message)


def told(findings: Sequence[Finding]) -> str:
    """All of them, in one line."""
    return "; ".join(map(str, findings))


def _check_begin(effective_from: datetime | None, decided: Decided) -> None:
    """What was said stays said by the version that held then."""
    if effective_from is not None and effective_from < decided.at:
        message = (
            f"it was to hold from {effective_from:%Y-%m-%d %H:%M} UTC, which is past; draft it for "
            "an instant to come, or without one to have it hold once it is published"
        )
        raise TextRefused(message)
