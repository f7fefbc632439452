"""The notifier's settings."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, HttpUrl, SecretStr, model_validator

from notifier.campaign_settings import CampaignSettings
from notifier.channels.email.channel import SmtpSecurity
from notifier.channels.sms.receipts import ReceiptAddress
from notifier.chat_settings import ChatSettings
from notifier.confirm_settings import ConfirmSettings
from notifier.contacts.consents import Purpose
from notifier.contacts.values import Channel, Language
from notifier.deliveries.lane import LaneLimits
from notifier.deliveries.quiet import QuietHours
from notifier.deliveries.retries import RetryPolicy
from notifier.deliveries.values import SegmentPrice
from notifier.door_orders.values import ORDERED
from notifier.doors_settings import DoorsSettings
from notifier.inbound_settings import InboundSettings
from notifier.notices.treatment import LIFETIMES, NEVER_QUIET
from notifier.notices.values import ANSWERS, Template
from prewatt_common.zone_names import wrong_zone

_LOG_SLOTS = 4


class NotifierSettings(
    CampaignSettings, ChatSettings, InboundSettings, ConfirmSettings, DoorsSettings
):
    """Read from ``PREWATT_*``. A channel without its host or URL is not configured: its notices
    go over the contact's next channel, or fail."""

    http_port: int = Field(default=8083, ge=1, le=65535)
    default_language: Language = Language.ZH_CN
    """Of accounts without a contact; their notices go to the log."""
    utility_name: str = Field(default="Prewatt", min_length=1, max_length=12)
    """Signs every notice."""
    text_segments_max: int = Field(default=2, ge=1, le=10)
    """So many SMS one text that an operator drafts may take."""

    timezone: str = "Asia/Shanghai"
    """Of contacts that name none."""
    quiet_begin: time | None = time(22)
    quiet_end: time = time(7)
    quiet_holiday_end: time = time(10)
    """From the evening to the morning nobody is woken; without a beginning there are no quiet
    hours."""
    quiet_holidays: frozenset[date] = frozenset()
    """Days whose morning is quiet for longer."""
    quiet_channels: frozenset[Channel] = frozenset({Channel.SMS, Channel.VOICE})
    quiet_except: frozenset[Template] = NEVER_QUIET
    """Templates that go at any hour."""

    refusable_purposes: frozenset[Purpose] = frozenset({Purpose.NEWS, Purpose.CAMPAIGNS})
    """What a customer may decline to be told."""

    smtp_host: str | None = None
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_from: str | None = None
    smtp_username: str | None = None
    smtp_password: SecretStr | None = None
    smtp_security: SmtpSecurity = SmtpSecurity.STARTTLS
    smtp_ca_file: Path | None = None
    """Certificates to trust, where the server's is not from a public authority."""

    sms_url: HttpUrl | None = None
    """Kannel's sendsms, ``http://host:13013/cgi-bin/sendsms``."""
    sms_username: str = ""
    sms_password: SecretStr = SecretStr("")
    sms_receipt_url: HttpUrl | None = None
    """The notifier as the gateway reaches it, ``http://notifier:8083``. Without it no delivery
    reports are asked for, and no SMS counts as delivered."""
    sms_receipt_secret: SecretStr | None = Field(default=None, min_length=32)
    """Signs the addresses of the reports. The same on every replica."""

    sms_segment_cost_micro: int | None = Field(default=None, ge=0)
    sms_segment_currency: str | None = Field(default=None, pattern="^[A-Z]{3}$")
    """What the network takes for each segment, for the metric of costs."""

    sms_undisputed_after_h: float | None = Field(default=None, gt=0, le=24 * 90)
    """The utility's stated substitute for a receipt: what was accepted and did not come back for so
    long counts as delivered, and as a warning before a cut. None: accepted is not delivered."""

    email_slots: int = Field(default=16, ge=1, le=200)
    sms_slots: int = Field(default=16, ge=1, le=200)
    """Notices on their way over the channel at a time."""
    email_per_s: float | None = Field(default=None, gt=0)
    sms_per_s: float | None = Field(default=None, gt=0)
    """What the channel's peer takes a second, from each of our replicas; none: no limit."""
    delivery_lease_s: float = Field(default=90, gt=0)
    """After this a notice whose sender died is sent again."""
    delivery_retry_first_s: float = Field(default=5, gt=0)
    delivery_retry_longest_s: float = Field(default=3600, gt=0)
    notice_lifetimes_h: Mapping[Template, Annotated[float, Field(gt=0, le=24 * 90)]] = {}
    """Where a template's notices are worth saying for another time than ours."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if Purpose.SUPPLY in self.refusable_purposes:
            message = "PREWATT_REFUSABLE_PURPOSES: of supply every customer is told"
            raise ValueError(message)
        if self.smtp_host and not self.smtp_from:
            message = "PREWATT_SMTP_FROM is needed with PREWATT_SMTP_HOST"
            raise ValueError(message)
        if (self.sms_receipt_url is None) != (self.sms_receipt_secret is None):
            message = "PREWATT_SMS_RECEIPT_URL and PREWATT_SMS_RECEIPT_SECRET belong together"
            raise ValueError(message)
        if sum(map(bool, (self.sms_url, self.smpp_host, self.sms_gateway))) > 1:
            message = "SMS go one way: PREWATT_SMS_URL, PREWATT_SMPP_HOST or PREWATT_SMS_GATEWAY"
            raise ValueError(message)
        if self.sms_undisputed_after_h is not None and not self._sms_is_reported:
            message = (
                "PREWATT_SMS_UNDISPUTED_AFTER_H needs PREWATT_SMS_RECEIPT_URL, "
                "PREWATT_SMPP_RECEIPTS or PREWATT_SMS_CALLBACK_SECRET: without reports nothing "
                "would ever dispute it"
            )
            raise ValueError(message)
        if (self.sms_segment_cost_micro is None) != (self.sms_segment_currency is None):
            message = (
                "PREWATT_SMS_SEGMENT_COST_MICRO and PREWATT_SMS_SEGMENT_CURRENCY belong together"
            )
            raise ValueError(message)
        if (self.smtp_username is None) != (self.smtp_password is None):
            message = "PREWATT_SMTP_USERNAME and PREWATT_SMTP_PASSWORD belong together"
            raise ValueError(message)
        if self.delivery_lease_s <= self.delivery_timeout_s:
            message = "PREWATT_DELIVERY_LEASE_S must be longer than PREWATT_DELIVERY_TIMEOUT_S"
            raise ValueError(message)
        if wrong := wrong_zone(self.timezone):
            message = f"PREWATT_TIMEZONE: {wrong}"
            raise ValueError(message)
        begin = self.quiet_begin
        if begin and not self.quiet_end <= self.quiet_holiday_end < begin:
            message = (
                "quiet hours end before they begin again: PREWATT_QUIET_END, "
                "PREWATT_QUIET_HOLIDAY_END and PREWATT_QUIET_BEGIN are in this order within a day"
            )
            raise ValueError(message)
        if begin:
            # An hour more where the clock changes.
            night = _until(begin, self.quiet_holiday_end) + timedelta(hours=1)
            short = [
                template
                for template, lifetime in self.lifetimes.items()
                if template not in self.quiet_except | ANSWERS and lifetime <= night
            ]
            if short:
                message = (
                    f"PREWATT_NOTICE_LIFETIMES_H: {', '.join(sorted(short))} would be over within "
                    f"a quiet night of {night.total_seconds() / 3600:g} hours and never be sent: "
                    "give more time, or name it in PREWATT_QUIET_EXCEPT"
                )
                raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _in_time_for_the_door(self) -> Self:
        after, lifetimes = self.door_order_policy.after, self.lifetimes
        late = sorted(each for each in ORDERED if after is not None and lifetimes[each] <= after)
        if late:
            message = (
                f"PREWATT_DOOR_NOTICE_AFTER_H: {', '.join(late)} would be over by then, and nobody "
                "be sent: give less, or more time in PREWATT_NOTICE_LIFETIMES_H"
            )
            raise ValueError(message)
        return self

    @property
    def _sms_is_reported(self) -> bool:
        if self.sms_gateway:
            return self.gateway_reports
        return self.smpp_receipts if self.smpp_host else self.sms_receipt_url is not None

    @property
    def retries(self) -> RetryPolicy:
        """How a notice that cannot be delivered now is tried again."""
        return RetryPolicy(
            first_s=self.delivery_retry_first_s,
            longest_s=self.delivery_retry_longest_s,
        )

    @property
    def lifetimes(self) -> Mapping[Template, timedelta]:
        """How long a notice of each template is worth sending."""
        ours = {
            template: timedelta(hours=hours) for template, hours in self.notice_lifetimes_h.items()
        }
        return {**LIFETIMES, **ours}

    @property
    def receipt_address(self) -> ReceiptAddress | None:
        """Where the SMS gateway reports what became of a message."""
        if self.sms_receipt_url is None or self.sms_receipt_secret is None:
            return None
        secret = self.sms_receipt_secret.get_secret_value().encode()
        return ReceiptAddress(str(self.sms_receipt_url), secret)

    @property
    def prices(self) -> Mapping[Channel, SegmentPrice]:
        """Of the channels whose price is known."""
        if self.sms_segment_cost_micro is None or self.sms_segment_currency is None:
            return {}
        return {Channel.SMS: SegmentPrice(self.sms_segment_currency, self.sms_segment_cost_micro)}

    @property
    def undisputed_after(self) -> Mapping[Channel, timedelta]:
        """Of the channels whose silence counts as delivery."""
        after_h = {
            Channel.SMS: self.sms_undisputed_after_h,
            Channel.EMAIL: self.email_undisputed_after_h,
        }
        return {channel: timedelta(hours=hours) for channel, hours in after_h.items() if hours}

    @property
    def http_connections_max(self) -> int:
        """As many as deliveries by HTTP at a time."""
        return self.sms_slots + self.voice_slots + self.wechat_slots

    @property
    def quiet_hours(self) -> QuietHours | None:
        """When nobody is woken."""
        if self.quiet_begin is None:
            return None
        return QuietHours(
            begin=self.quiet_begin,
            end=self.quiet_end,
            holiday_end=self.quiet_holiday_end,
            holidays=self.quiet_holidays,
            channels=self.quiet_channels,
            excepted=self.quiet_except | ANSWERS,
        )

    def limits_of(self, channel: Channel) -> LaneLimits:
        """What a channel may have on its way."""
        match channel:
            case Channel.EMAIL:
                return LaneLimits(self.email_slots, self.email_per_s)
            case Channel.SMS:
                return LaneLimits(self.sms_slots, self.sms_per_s)
            case Channel.VOICE:
                return LaneLimits(self.voice_slots, self.voice_per_s)
            case Channel.WECHAT:
                return LaneLimits(self.wechat_slots, self.wechat_per_s)
            case Channel.CHAT:
                return LaneLimits(self.chat_slots, self.chat_per_s)
            case Channel.LOG:
                return LaneLimits(_LOG_SLOTS)


def _until(begin: time, end: time) -> timedelta:
    """From an evening to the next morning."""
    evening = datetime.combine(date.min, begin)
    return datetime.combine(date.min + timedelta(days=1), end) - evening
