"""The channels as the settings say."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import uuid4

import httpx

from notifier.channels.aliyun.channel import AliyunChannel
from notifier.channels.aliyun.signature import AccessKey
from notifier.channels.aliyun.values import AliyunGateway
from notifier.channels.chat.channel import ChatChannel
from notifier.channels.chat.values import ChatServices
from notifier.channels.email.channel import EmailChannel, SmtpServer
from notifier.channels.gateway.channel import GatewayChannel
from notifier.channels.gateway.values import HttpGateway
from notifier.channels.log.channel import LogChannel
from notifier.channels.ports import ChannelPort, TakeReceipt, TakeWritten
from notifier.channels.smpp.channel import SmppChannel
from notifier.channels.smpp.inbox import Inbox
from notifier.channels.smpp.link import SmppLink
from notifier.channels.sms.channel import SmsChannel, SmsGateway
from notifier.channels.tencent.channel import TencentChannel
from notifier.channels.tencent.signature import SecretKey
from notifier.channels.tencent.values import TencentGateway
from notifier.channels.voice.channel import VoiceChannel
from notifier.channels.wechat.channel import WechatChannel
from notifier.channels.wechat.token import AccessToken
from notifier.contacts.values import Channel
from notifier.gateway_settings import SmsGatewayDocument
from notifier.settings import NotifierSettings
from prewatt_common.clock import utc_now
from prewatt_common.http.app import Check


@dataclass(frozen=True, slots=True)
class Peers:
    """The channels that are configured, what tells whether each answers, and what holds the
    binding of those that keep one."""

    channels: Mapping[Channel, ChannelPort]
    checks: Mapping[str, Check]
    links: Sequence[SmppLink]


def make_peers(
    settings: NotifierSettings,
    client: httpx.AsyncClient,
    *,
    take_receipt: TakeReceipt,
    take_written: TakeWritten,
    passing: Callable[[BaseException], bool],
) -> Peers:
    """As the settings say."""
    links: list[SmppLink] = []
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
                bounces=settings.bounce_address,
                asks_delivered=settings.smtp_asks_delivered,
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
    if gateway := settings.sms_gateway:
        by_http = _by_http(gateway, settings, client)
        channels[Channel.SMS] = by_http
        checks["sms"] = by_http.check
    if gateway := settings.voice_gateway:
        calls = GatewayChannel(
            gateway,
            sender=settings.voice_from,
            key=settings.voice_gateway_key,
            secret=settings.voice_gateway_secret.get_secret_value(),
            receipts=settings.voice_reports,
            client=client,
        )
        channels[Channel.VOICE] = VoiceChannel(calls)
        checks["voice"] = calls.check
    if account := settings.wechat_account:
        token = AccessToken(
            app_id=account.app_id,
            secret=settings.wechat_secret.get_secret_value(),
            endpoint=str(account.endpoint),
            client=client,
            clock=utc_now,
        )
        wechat = WechatChannel(account, token=token, client=client)
        channels[Channel.WECHAT] = wechat
        checks["wechat"] = wechat.check
    if settings.chat_services:
        channels[Channel.CHAT] = ChatChannel(ChatServices(settings.chat_services))
    if centre := settings.smpp_centre:
        inbox = Inbox(
            take_receipt,
            take_written=take_written,
            codings=settings.smpp_form.codings,
            answered_as=settings.smpp_answer_ids,
            reported_as=settings.smpp_receipt_ids,
            passing=passing,
        )
        link = SmppLink(centre, take_delivery=inbox)
        links.append(link)
        channels[Channel.SMS] = SmppChannel(link, settings.smpp_form, clock=utc_now)
        checks["sms"] = link.check
    return Peers(channels, checks, links)


def _by_http(
    gateway: SmsGatewayDocument, settings: NotifierSettings, client: httpx.AsyncClient
) -> GatewayChannel | AliyunChannel | TencentChannel:
    key, secret = settings.sms_gateway_key, settings.sms_gateway_secret.get_secret_value()
    receipts = settings.gateway_reports
    match gateway:
        case HttpGateway():
            return GatewayChannel(
                gateway,
                sender=settings.sms_from or "",
                key=key,
                secret=secret,
                receipts=receipts,
                client=client,
            )
        case AliyunGateway():
            return AliyunChannel(
                gateway,
                key=AccessKey(key, secret),
                receipts=receipts,
                client=client,
                clock=utc_now,
                nonce=lambda: uuid4().hex,
            )
        case TencentGateway():
            return TencentChannel(
                gateway,
                key=SecretKey(key, secret),
                receipts=receipts,
                client=client,
                clock=utc_now,
            )
