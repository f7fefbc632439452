"""Instants as a person reads them: on the wall clock where the customer lives."""

from datetime import datetime
from zoneinfo import ZoneInfo

from notifier.contacts.values import Language
from notifier.notices.values import Facts

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = (
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
)  # fmt: skip


def wall_text(at: datetime, facts: Facts, language: Language) -> str:
    """Like ``Fri 4 Dec 18:00``; in Chinese without the weekday, so that a SMS stays one."""
    return _text(_wall(at, facts), language)


def about_hour_text(at: datetime, facts: Facts, language: Language) -> str:
    """The same by the hour: a forecast knows no minutes."""
    return _text(_wall(at, facts).replace(minute=0), language)


def _wall(at: datetime, facts: Facts) -> datetime:
    assert facts.timezone is not None, "who says when says where"
    return at.astimezone(ZoneInfo(facts.timezone))


def _text(wall: datetime, language: Language) -> str:
    match language:
        case Language.EN:
            day = f"{_DAYS[wall.weekday()]} {wall.day} {_MONTHS[wall.month - 1]}"
            return f"{day} {wall:%H:%M}"
        case Language.ZH_CN:
            return f"{wall.month}月{wall.day}日{wall:%H:%M}"
