"""The words in which supply is explained to a customer: a catalogue a language."""

from collections.abc import Mapping
from enum import StrEnum

from prepay_ledger.breakers.values import Cause
from prepay_ledger.policies.values import HoldReason
from prepay_ledger.prepay_agreements.values import Refused
from prepay_ledger.relays.next_step import Waits
from prepay_ledger.supply.decide import Held
from prewatt_common.contracts.cut_facts_v1 import ConditionKind
from prewatt_common.contracts.ledger_events_v1 import SupplyState


class Language(StrEnum):
    """BCP 47."""

    EN = "en"
    ZH_CN = "zh-CN"


STEP = "step"
"""Stands for every step of a procedure: their names are the utility's own."""

STATES: Mapping[Language, Mapping[SupplyState, str]] = {
    Language.EN: {
        SupplyState.CONNECTED: "Account {number} has supply. The balance is {balance}.",
        SupplyState.WARNED: "Account {number} has supply. The balance is {balance}: please top up. "
        "Supply may be cut once it is {limit} or less.",
        SupplyState.PENDING: "Account {number} has supply, though the balance is {balance} and "
        "supply may be cut at {limit} or less. It is not cut now:",
        SupplyState.DISCONNECTING: "Nothing is left on account {number}: the balance is {balance}, "
        "and supply is being cut, because it is {limit} or less.",
        SupplyState.DISCONNECTED: "The supply of account {number} is off since {since}, because "
        "the balance was used up. It is {balance}.",
        SupplyState.RECONNECTING: "The supply of account {number} is being switched on again since "
        "{since}. The balance is {balance}.",
        SupplyState.ARMED: "The supply of account {number} may be switched on again since {since}: "
        "make sure that it is safe, then press the meter's button. The balance is {balance}.",
        SupplyState.LIMITED: "Account {number} may use up to {watts} W since {since}, because the "
        "balance was used up. It is {balance}. Above that the meter switches off for a while.",
    },
    Language.ZH_CN: {
        SupplyState.CONNECTED: "户号{number}正常供电，余额{balance}。",
        SupplyState.WARNED: "户号{number}正常供电，余额{balance}，请及时充值。"
        "余额降至{limit}及以下时可能停电。",
        SupplyState.PENDING: "户号{number}正常供电，余额{balance}，已降至停电界限{limit}及以下。"
        "暂不停电，原因如下：",
        SupplyState.DISCONNECTING: "户号{number}余额已用尽（{balance}，停电界限{limit}），"
        "正在停电。",
        SupplyState.DISCONNECTED: "户号{number}因余额用尽，自{since}起已停电，当前余额{balance}。",
        SupplyState.RECONNECTING: "户号{number}自{since}起正在恢复供电，当前余额{balance}。",
        SupplyState.ARMED: "户号{number}自{since}起已允许合闸，当前余额{balance}。"
        "请确认安全后按电能表按钮恢复用电。",
        SupplyState.LIMITED: "户号{number}因余额用尽，自{since}起限制用电功率至{watts}瓦，"
        "当前余额{balance}。超过该功率时电能表会暂时断电。",
    },
}
LIMITING: Mapping[Language, str] = {
    Language.EN: "Nothing is left on account {number}: the balance is {balance}, and use is being "
    "limited to {watts} W, because it is {limit} or less.",
    Language.ZH_CN: "户号{number}余额已用尽（{balance}，停电界限{limit}），"
    "正在将用电功率限制至{watts}瓦。",
}
"""In place of what is said of a cut."""

HOLDS: Mapping[Language, Mapping[str, str]] = {
    Language.EN: {
        Held.PROTECTED_CUSTOMER: "the customer is protected",
        Held.NO_METER: "no meter serves the account now",
        Held.PARKED_METER: "the readings of a meter cannot be worked on; we are looking at it",
        Held.UNTRUSTED_READINGS: "something about the readings is in doubt; we are looking at it",
        Held.ESTIMATED_READINGS: "the last use is estimated only",
        Held.SMALL_LOAD: "so little is used that it is not cut",
        Held.GRACE_AFTER_CONVERSION: "the account became prepaid a short time ago",
        Held.EMERGENCY_CREDIT_OFFERED: "emergency credit is offered, and may be accepted",
        Held.NOT_NOTIFIED: "the customer has not been told of the low balance long enough ago",
        HoldReason.FRIENDLY_HOURS: "nobody is cut at this hour",
        HoldReason.DAY_OFF: "nobody is cut on this day",
        HoldReason.PUBLIC_HOLIDAY: "it is a public holiday",
        HoldReason.BEFORE_HOLIDAY: "it is the day before a holiday",
        HoldReason.PROTECTED_PERIOD: "nobody in the area is cut at present",
        Cause.KEPT_ON: "supply was cut by our mistake, and stays on until that is put right",
        Cause.FLEET_BREAKER: "cuts have stopped until somebody has looked",
        Cause.OPERATORS: "we are not cutting anybody at present",
        Cause.PACED: "others come first",
        ConditionKind.DISPUTED_READINGS: "a reading or a charge is disputed; we are looking at it",
        ConditionKind.PAYMENT_PROVIDER_DOWN: "payments cannot be made at present",
        ConditionKind.BALANCE_VIEW_DOWN: "balances cannot be looked up at present",
        ConditionKind.PAYMENT_IN_FLIGHT: "a payment is on its way",
        ConditionKind.MODE_CHANGE: "the account is changing between prepaid and post-paid",
        Refused.NO_AGREEMENT: "no agreement about prepayment was signed",
        Refused.NOT_YET: "the signed agreement has not begun",
        Refused.ENDED: "the signed agreement has ended",
        Refused.ABOVE_CUT_THRESHOLD: "the balance is above what was signed for a cut",
        Refused.NO_PROCEDURE: "no procedure is published by which it may be cut",
        Waits.ANSWER: "the meter has not answered yet",
        Waits.CUT_IS_HELD: "the cut is held",
        Waits.METER_IS_AWAY: "the meter cannot be reached",
        Waits.NOT_READ_SINCE_RETURN: "the meter was away and has not been read since",
        Waits.PAUSE: "the meter has refused; it is asked again",
        Waits.GIVEN_UP: "the meter does not answer; somebody is sent there",
        Waits.OPENED_AT_METER: "it was switched off at the meter, so it is switched on again only "
        "after a while, in case somebody is at work there",
        Waits.OPENS_AGAIN: "it was switched off at the meter again and again; for your safety "
        "somebody looks at it before it is switched on",
        STEP: "a step that the law asks for before a cut has not been done ({name})",
    },
    Language.ZH_CN: {
        Held.PROTECTED_CUSTOMER: "该用户属于不可停电用户",
        Held.NO_METER: "该户号目前没有电能表",
        Held.PARKED_METER: "电能表数据无法处理，我们正在核实",
        Held.UNTRUSTED_READINGS: "抄表数据存在疑问，我们正在核实",
        Held.ESTIMATED_READINGS: "最近用电量仅为估算值",
        Held.SMALL_LOAD: "近期用电量很小，不予停电",
        Held.GRACE_AFTER_CONVERSION: "该户转为预付费不久，处于宽限期",
        Held.EMERGENCY_CREDIT_OFFERED: "已提供应急透支额度，等待用户确认",
        Held.NOT_NOTIFIED: "余额不足通知尚未送达或送达时间不足",
        HoldReason.FRIENDLY_HOURS: "当前为友好时段，不停电",
        HoldReason.DAY_OFF: "今日不停电",
        HoldReason.PUBLIC_HOLIDAY: "今日为法定节假日，不停电",
        HoldReason.BEFORE_HOLIDAY: "今日为节假日前一日，不停电",
        HoldReason.PROTECTED_PERIOD: "该区域目前处于保电时段",
        Cause.KEPT_ON: "此前因我方差错停电，在更正之前保持供电",
        Cause.FLEET_BREAKER: "停电操作已全部暂停，待人工核实",
        Cause.OPERATORS: "目前暂停停电操作",
        Cause.PACED: "停电操作正在排队",
        ConditionKind.DISPUTED_READINGS: "抄表数据或电费存在异议，我们正在核实",
        ConditionKind.PAYMENT_PROVIDER_DOWN: "缴费渠道暂时无法使用",
        ConditionKind.BALANCE_VIEW_DOWN: "余额查询暂时无法使用",
        ConditionKind.PAYMENT_IN_FLIGHT: "有一笔缴费正在到账途中",
        ConditionKind.MODE_CHANGE: "正在变更预付费或后付费方式",
        Refused.NO_AGREEMENT: "尚未签订预付费协议",
        Refused.NOT_YET: "已签协议尚未生效",
        Refused.ENDED: "已签协议已终止",
        Refused.ABOVE_CUT_THRESHOLD: "余额高于协议约定的停电界限",
        Refused.NO_PROCEDURE: "尚未发布适用的停电程序",
        Waits.ANSWER: "电能表尚未应答",
        Waits.CUT_IS_HELD: "停电已暂缓",
        Waits.METER_IS_AWAY: "电能表暂时无法通信",
        Waits.NOT_READ_SINCE_RETURN: "电能表恢复通信后尚未抄表",
        Waits.PAUSE: "电能表未执行，稍后重试",
        Waits.GIVEN_UP: "电能表无应答，已派人现场处理",
        Waits.OPENED_AT_METER: "电能表处曾被断开，为防有人正在作业，稍后再恢复供电",
        Waits.OPENS_AGAIN: "电能表处多次断开，为确保安全，需现场检查后再恢复供电",
        STEP: "法律规定的停电前程序尚未完成（{name}）",
    },
}

UNTIL: Mapping[Language, str] = {
    Language.EN: "{why}, until {until}",
    Language.ZH_CN: "{why}，至{until}",
}
PAY: Mapping[Language, str] = {
    Language.EN: "Top up {amount} or more: supply comes back by itself.",
    Language.ZH_CN: "请充值{amount}以上，到账后自动恢复供电。",
}
PAY_AND_LIFT: Mapping[Language, str] = {
    Language.EN: "Top up {amount} or more: the limit ends by itself.",
    Language.ZH_CN: "请充值{amount}以上，到账后自动解除限制。",
}
PAY_AND_PRESS: Mapping[Language, str] = {
    Language.EN: "Top up {amount} or more. You may then switch it on by the meter's button.",
    Language.ZH_CN: "请充值{amount}以上，到账后按电能表按钮恢复用电。",
}
OWED: Mapping[Language, str] = {
    Language.EN: "Besides, {amount} of corrected bills is owed. It is no reason for a cut.",
    Language.ZH_CN: "另有账单更正形成的欠款{amount}，不会因此停电。",
}
CITED: Mapping[Language, str] = {
    Language.EN: "Procedure: {procedure}. Policy: version {policy}. Decision {decision} of {at}.",
    Language.ZH_CN: "程序：{procedure}。策略版本：{policy}。决定编号{decision}，{at}。",
}
