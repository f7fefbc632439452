"""Notices in words: by the version that was published, or by the texts that are shipped."""

import logging

from notifier.contacts.values import Channel, Language
from notifier.metrics import TEXT_FALLBACKS
from notifier.notices.values import Notice, Text
from notifier.templates.catalogue import built_in
from notifier.templates.language import NotThisLanguage, Unsaid, say
from notifier.templates.ports import Unrenderable
from notifier.templates.values import BUILT_IN, PublishedText, Source, TextKey, Worded
from notifier.templates.wording import Signature, Value, values_of

logger = logging.getLogger(__name__)


class JinjaRenderer:
    """Renders plain text. What a text names and a notice does not have is an error.

    A language that nobody has given the text in is said in ``fallback``.
    """

    def __init__(
        self,
        *,
        utility_name: str,
        notice_page: str | None = None,
        pay_at: str | None = None,
        fallback: Language = Language.ZH_CN,
    ) -> None:
        self._signature = Signature(utility_name, notice_page, pay_at)
        self._fallback = fallback

    def render(
        self, notice: Notice, *, account_number: str, published: PublishedText | None = None
    ) -> Worded:
        """Raises `Unrenderable` where the template and the notice do not fit. A published text that
        cannot be said of this notice gives way to the shipped one: the customer is told."""
        values = values_of(
            notice.facts,
            account_number=account_number,
            signature=self._signature,
            language=notice.language,
            channel=notice.channel,
            code=notice.code,
        )
        if published is not None:
            try:
                text = _text(published.source, notice.channel, dict(values))
                return Worded(text, published.number)
            except (NotThisLanguage, Unsaid) as error:
                logger.error(
                    "version %d of %s cannot be said: %s; the shipped text is",
                    published.number, notice.template, error,
                    extra={"notice_id": str(notice.id), "language": notice.language},
                )  # fmt: skip
                TEXT_FALLBACKS.labels(notice.template, notice.language, "unsayable").inc()
        if notice.campaign_id is not None:
            # What is shipped says nothing of what the campaign is about.
            message = f"campaign {notice.campaign_id} has no text that can be said"
            raise Unrenderable(message)
        try:
            return Worded(_text(self._shipped(notice), notice.channel, dict(values)), BUILT_IN)
        except (NotThisLanguage, Unsaid) as error:
            detail = f"template {notice.template} in {notice.language}: {error}"
            raise Unrenderable(detail) from error

    def _shipped(self, notice: Notice) -> Source:
        source = built_in(TextKey(notice.template, notice.language, notice.channel))
        if source is None:
            TEXT_FALLBACKS.labels(notice.template, notice.language, "language").inc()
            source = built_in(TextKey(notice.template, self._fallback, notice.channel))
        if source is None:
            message = f"template {notice.template} is not there in {self._fallback}"
            raise Unrenderable(message)
        return source


def _text(source: Source, channel: Channel, values: dict[str, Value]) -> Text:
    subject = say(source.subject, values) if source.subject is not None else ""
    body = say(source.body, values)
    said = {name: str(value) for name, value in values.items()}
    if channel is Channel.EMAIL:
        return Text(subject=subject, body=f"{body}\n", short="", values=said)
    return Text(subject="", body="", short=body, values=said)
