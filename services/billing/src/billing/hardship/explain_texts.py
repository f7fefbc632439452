"""The words in which a flag is explained to a person of the utility: a catalogue a language."""

from collections.abc import Mapping
from enum import StrEnum

from billing.hardship.values import Doubt, Level, Name


class Language(StrEnum):
    """BCP 47."""

    EN = "en"
    ZH_CN = "zh-CN"


LEVELS: Mapping[Language, Mapping[Level, str]] = {
    Language.EN: {
        Level.LIKELY: "Account {number}: since {first_day} this household probably runs out of "
        "money and goes without. Last seen on {last_day}.",
        Level.WATCH: "Account {number}: since {first_day} there are signs that this household may "
        "run out of money and go without. Last seen on {last_day}.",
    },
    Language.ZH_CN: {
        Level.LIKELY: "户号{number}：自{first_day}起，该户很可能因余额用尽而停用电。最近一次出现："
        "{last_day}。",
        Level.WATCH: "户号{number}：自{first_day}起，有迹象表明该户可能因缺钱而停用电。最近一次"
        "出现：{last_day}。",
    },
}

INDICATORS: Mapping[Language, Mapping[Name, str]] = {
    Language.EN: {
        Name.RAN_OUT: "Supply was off for want of money {seen_times} times for {minutes} minutes "
        "or more in {window_days} days, {seen_hours} hours in all (shown from {times} times on).",
        Name.STAYS_OFF: "Supply has been off for want of money for {seen_hours} hours (shown from "
        "{hours} on).",
        Name.TINY_TOP_UPS: "{seen_times} top-ups in {window_days} days, half of them of "
        "{seen_median} or less; in the {before_days} days before it was {before_median} (shown "
        "from {share} of that down).",
        Name.MORE_OFTEN: "{seen_times} top-ups in {window_days} days; in the {before_days} days "
        "before there were {before_times} (shown from {ratio} as often on).",
        Name.LATE_AT_NIGHT: "{seen_times} of {all_times} top-ups came between {from_hour}:00 and "
        "{until_hour}:00 (shown from {times} and {share} on).",
        Name.EMERGENCY_CREDIT: "Emergency credit was taken {seen_times} times and stood on "
        "{seen_days} of {window_days} days (shown from {times} times or {days} days on).",
        Name.USE_FELL: "Use is {seen_wh_a_day} Wh a day, {seen} of the {before_wh_a_day} Wh "
        "before; of {neighbours} households of the tariff the middle one is at {neighbours_seen} "
        "(shown from {ratio} of that down).",
        Name.NOT_WARMED: "It became cold: of {neighbours} households of the tariff the middle one "
        "uses {neighbours_seen} of what it used before, this one {seen} (shown from {own} down).",
    },
    Language.ZH_CN: {
        Name.RAN_OUT: "{window_days}天内因余额用尽停电{seen_times}次（每次{minutes}分钟以上），共"
        "{seen_hours}小时（{times}次起显示）。",
        Name.STAYS_OFF: "因余额用尽已停电{seen_hours}小时（{hours}小时起显示）。",
        Name.TINY_TOP_UPS: "{window_days}天内充值{seen_times}次，中位数{seen_median}；此前"
        "{before_days}天的中位数为{before_median}（降至其{share}及以下时显示）。",
        Name.MORE_OFTEN: "{window_days}天内充值{seen_times}次；此前{before_days}天共"
        "{before_times}次（频率达{ratio}起显示）。",
        Name.LATE_AT_NIGHT: "{all_times}次充值中有{seen_times}次在{from_hour}点至{until_hour}点之间"
        "（{times}次且占{share}起显示）。",
        Name.EMERGENCY_CREDIT: "{window_days}天内使用透支额度{seen_times}次，共{seen_days}天"
        "（{times}次或{days}天起显示）。",
        Name.USE_FELL: "日均用电{seen_wh_a_day} Wh，为此前{before_wh_a_day} Wh的{seen}；同电价"
        "{neighbours}户的中位数为{neighbours_seen}（降至其{ratio}及以下时显示）。",
        Name.NOT_WARMED: "天气转冷：同电价{neighbours}户用电的中位数为此前的{neighbours_seen}，该户"
        "为{seen}（{own}及以下时显示）。",
    },
}

DOUBTS: Mapping[Language, Mapping[Doubt, str]] = {
    Language.EN: {
        Doubt.MAY_BE_EMPTY: "But hardly anything was used in the week before supply went off: the "
        "dwelling may be empty, or nobody was at home.",
    },
    Language.ZH_CN: {
        Doubt.MAY_BE_EMPTY: "但停电前一周几乎没有用电：可能无人居住或外出。",
    },
}

LAST: Mapping[Language, str] = {
    Language.EN: "None of this is proof, and none of it is a reason to cut: ask, and offer help.",
    Language.ZH_CN: "以上均非证据，也不得作为停电理由：请询问并提供帮助。",
}
