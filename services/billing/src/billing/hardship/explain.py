"""A flag in the words of a person: what was seen, what it was held against, and what it may be."""

from collections.abc import Mapping
from decimal import Decimal

from billing.hardship.explain_texts import DOUBTS, INDICATORS, LAST, LEVELS, Language
from billing.hardship.policy import HardshipPolicy
from billing.hardship.values import Evidence, Flag

_MICRO = 1_000_000
_PERCENT_PPM = 10_000


def explain(
    flag: Flag, *, policy: HardshipPolicy, number: str, currency: str | None, language: Language
) -> str:
    """Lines of text. ``policy``: the version that the flag names. ``number``: the account's, or
    its id where billing has not heard of it; without ``currency`` money is said as a number."""
    first = LEVELS[language][flag.level].format(
        number=number, first_day=flag.first_day, last_day=flag.last_true_day
    )
    lines = [
        INDICATORS[language][each.name].format(
            **words_of(each, currency=currency),
            window_days=policy.window_days,
            **({} if "before_days" in each.numbers else {"before_days": policy.before_days}),
        )
        for each in flag.evidence
    ]
    doubts = [DOUBTS[language][each] for each in flag.doubts]
    return "\n".join([first, *(f"- {line}" for line in [*lines, *doubts]), LAST[language]])


def words_of(evidence: Evidence, *, currency: str | None) -> Mapping[str, str]:
    """The numbers as people read them: money in whole units, ratios in percent."""
    words: dict[str, str] = {}
    for name, value in evidence.numbers.items():
        if name.endswith("_micro"):
            amount = f"{(Decimal(value) / _MICRO):.2f}"
            words[name.removesuffix("_micro")] = f"{amount} {currency}" if currency else amount
        elif name.endswith("_ppm"):
            words[name.removesuffix("_ppm")] = f"{value // _PERCENT_PPM} %"
        else:
            words[name] = str(value)
    return words
