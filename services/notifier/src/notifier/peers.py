"""The channels as the settings say."""

from collections.abc import Mapping

import httpx

from notifier.channels.email.channel import EmailChannel, SmtpServer
from notifier.channels.log.channel import LogChannel
from notifier.channels.ports import ChannelPort
from notifier.channels.sms.channel import SmsChannel, SmsGateway
from notifier.contacts.values import Channel
from notifier.settings import NotifierSettings
from prewatt_common.http.app import Check


def make_channels(
    settings: NotifierSettings, client: httpx.AsyncClient
) -> tuple[Mapping[Channel, ChannelPort], Mapping[str, Check]]:
    """The channels that are configured, and what tells whether each answers."""
    channels: dict[Channel, ChannelPort] = {Channel.LOG: LogChannel()}
    checks: dict[str, Check] = {}
    if settings.smtp_host and settings.smtp_from:
        password = settings.smtp_password
        email = EmailChannel(
            SmtpServer(
                host=settings.smtp_host,
                port=settings.smtp_port,
                sender=settings.smtp_from,
                username=settings.smtp_username,
                password=password.get_secret_value() if password else None,
                security=settings.smtp_security,
                ca_file=settings.smtp_ca_file,
                timeout_s=settings.delivery_timeout_s,
            )
        )
        channels[Channel.EMAIL] = email
        checks["smtp"] = email.check
    if settings.sms_url:
        sms = SmsChannel(
            SmsGateway(
                url=str(settings.sms_url),
                username=settings.sms_username,
                password=settings.sms_password.get_secret_value(),
                sender=settings.sms_from,
                receipts=settings.receipt_address,
            ),
            client=client,
        )
        channels[Channel.SMS] = sms
        checks["sms"] = sms.check
    return channels, checks
