"""The page's words, a language each."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from notifier.confirm.values import Topic
from notifier.contacts.values import Channel, Language

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """``{...}`` in them is filled by the page."""

    title: str
    lead: str
    tail: str
    tail_hint: str
    code: str
    code_hint: str
    check: str
    yes: str
    yes_says: str
    yes_care: str
    no: str
    no_says: str
    no_call: str
    no_call_bill: str
    often: str
    often_says: str
    never: str
    other_language: str
    topics: Mapping[Topic, str]
    channels: Mapping[Channel, str]

    def day(self, day: date) -> str:
        """As it is read."""
        if self.title.isascii():
            return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"
        return f"{day.year}年{day.month}月{day.day}日"


WORDS: Mapping[Language, Words] = {
    Language.EN: Words(
        title="Is this message from us?",
        lead="Type what stands in the message. We tell you whether we sent it.",
        tail="End of the account number",
        tail_hint="The last four characters",
        code="Code",
        code_hint="Eight letters and digits, capital or small",
        check="Check the message",
        yes="Yes, we sent this",
        yes_says="Sent on {day} {channel}, about {topic}.",
        yes_care="Is the end of the account number yours? Then it is meant for you.",
        no="We did not send this",
        no_says="First look whether it is typed as in the message. If so, do not pay, open no link "
        "in it, and call no number that it names.",
        no_call="Call us:",
        no_call_bill="Call us, at the number on your contract or bill.",
        often="Too many tries",
        often_says="Please wait {minutes} min, then try again.",
        never="We never ask for a password or a code of your bank, in no message and at no door.",
        other_language="中文",
        topics={
            Topic.LOW_BALANCE: "a low balance",
            Topic.EXHAUSTED: "a balance that is used up; supply may be switched off",
            Topic.CUT: "supply that was switched off",
            Topic.LIMITED: "supply that is limited",
            Topic.BACK: "supply that is back, or may be switched on",
            Topic.OTHER: "an electricity account",
        },
        channels={
            Channel.SMS: "by SMS",
            Channel.EMAIL: "by e-mail",
            Channel.VOICE: "by a call",
            Channel.WECHAT: "by WeChat",
            Channel.CHAT: "by chat",
            Channel.LOG: "as a trial",
        },
    ),
    Language.ZH_CN: Words(
        title="这条通知是我们发的吗？",
        lead="请输入通知中的内容，我们告诉您是否由我们发出。",
        tail="用电户号尾号",
        tail_hint="户号的后四位",
        code="核对码",
        code_hint="八位字母和数字，不分大小写",
        check="查询",
        yes="是我们发的",
        yes_says="{day}{channel}发出，内容：{topic}。",
        yes_care="户号尾号是您的吗？如果是，通知就是发给您的。",
        no="不是我们发的",
        no_says="请先核对输入是否与通知一致。如果一致，请不要付款，不要点开其中的链接，也不要拨打其中的电话。",
        no_call="请致电：",
        no_call_bill="请拨打合同或账单上的电话与我们联系。",
        often="查询过于频繁",
        often_says="请{minutes}分钟后再试。",
        never="我们从不在通知中或上门时索要密码或银行验证码。",
        other_language="English",
        topics={
            Topic.LOW_BALANCE: "余额不足",
            Topic.EXHAUSTED: "余额用尽，可能停电",
            Topic.CUT: "已停电",
            Topic.LIMITED: "已限电",
            Topic.BACK: "已恢复供电或可以合闸",
            Topic.OTHER: "用电账户",
        },
        channels={
            Channel.SMS: "以短信",
            Channel.EMAIL: "以邮件",
            Channel.VOICE: "以电话",
            Channel.WECHAT: "以微信",
            Channel.CHAT: "以聊天消息",
            Channel.LOG: "以试发",
        },
    ),
}
