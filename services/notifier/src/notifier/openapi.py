"""What OpenAPI says of this service's tags, and what its fields are like."""

from collections.abc import Mapping
from typing import Any

TAGS: Mapping[str, str] = {
    "contacts": "Where an account's customer is told, in which language, and whom they have named.",
    "door-notices": "What people in the field brought to customers' doors, with photo and place.",
    "confirm": "Where anybody learns whether a notice is ours.",
    "templates": "The words of notices: drafted, tried, published by a second person.",
    "notices": "What was said to whom, and what became of it.",
    "campaigns": "What many are told at once: drafted, approved, told at a pace, counted.",
    "webhooks": "Other systems that are told what happens to accounts, by signed webhooks.",
    "inbound": "What customers write by SMS, and what became of it.",
    "receipts": "What an SMS network says of a message's delivery.",
}

EXAMPLES: Mapping[str, Any] = {
    "body": "{{ utility }}: account {{ account }} has {{ balance }}.",
    "by": "li.wei",
    "ContactIn": {
        "language": "zh-CN",
        "email": "zhang.min@example.org",
        "channels": ["email"],
    },
    "ContactLine.channels": "email",
    "email": "zhang.min@example.org",
    "account": "100001",
    "approved_by": "wang.fang",
    "drafted_by": "li.wei",
    "from_time": "09:00",
    "until_time": "20:00",
    "name": "tariff of January",
    "number": "100001",
    "tariff": "cn-residential",
    "how": "app",
    "InboundMessageOut.gateway": "smpp",
    "InboundMessageOut.sender": "+86...00",
    "InboundMessageOut.text": "BALANCE 4711",
    "error": "ValidationError: Expected `str`, got `int` - at `$.at`",
    "ParkedNoticeOut.template": "low-balance",
    "ParkedNoticeOut.channel": "sms",
    "part": "body",
    "SaidOut.body": "Prewatt: account 100001 has ¥12.34.",
    "SampleOut.body": "Prewatt: account 100001 has ¥12.34.",
    "says": "line 1: no loop: no fact is a list",
    "subject": "Your electricity balance",
    "to": "+86...00",
    "address": "12 Plum Lane, door 3",
    "photo_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "chat": "telegram:123456789",
    "wechat_openid": "oReader0000000000000000000000",
    "phone": "+8613800138000",
    "kind": "prewatt.ledger.topped-up.v1",
    "answer": "503 come back later",
    "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=",
    "url": "https://crm.example.org/hooks/prewatt",
    "recipient": "+8613800138000",
}
