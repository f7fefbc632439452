"""Every household that a supply policy knows apart, at every hour that it knows apart, and what
must become of its supply: by what the policy is meant to do, and not by the ledger's code."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import product
from typing import NamedTuple
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from ledger_procedures import procedure

from prepay_ledger.prepay_agreements.values import PrepayTerms, direct_terms
from prewatt_common.contracts.notice_events_v1 import NoticeDelivered, Proof
from prewatt_common.contracts.procedure_v1 import document_of

ZONE = ZoneInfo("Asia/Shanghai")
LOW, CREDIT, BACK_ABOVE = 5, 10, 20
"""Warned at or below the first, cut at or below the second under zero; a household that was cut
comes back above the third, all others above zero."""
LOW_FOR = timedelta(hours=3)
POLICY = {
    "calendars": {
        "homes": {
            "friendly_hours": [{"begin": "22:00", "end": "07:00"}],
            "weekdays": ["sun"],
            "nth_weekdays": [{"nth": 2, "weekday": "sat"}],
            "public_holidays": ["2026-05-01"],
            "before_holiday_from": "12:00",
        }
    },
    "classes": {
        "household": {
            "calendar": "homes",
            "evidence": {"estimated_readings": True, "failed_readings": True},
            "coming_back": {"balance_above_micro": BACK_ABOVE},
        },
        "shop": {"evidence": {"estimated_readings": False, "failed_readings": False}},
        "hospital": {"protected": True},
        "careful": {
            "evidence": {
                "low_balance_notice_minutes": 30,
                "disputed_readings": True,
                "mode_change": True,
            },
            "grace_days_after_conversion": 7,
            "small_load": {"below_wh": 1_000, "days": 7},
        },
    },
}
WARNED_LAW = document_of(
    procedure(
        {"kind": "low_balance_notice", "name": "told", "least": {"minutes": 60}, "forms": ["sms"]},
        jurisdiction="warned",
    )
)
"""Nobody is cut before a notice of the low balance was delivered an hour ago."""


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


HERE, ELSEWHERE = "north", "south"
"""Station areas: of all these households, and of none."""
HEAT = {HERE: local("2026-03-16T00:00:00"), ELSEWHERE: local("2026-03-17T00:00:00")}
"""The day on which an area has a heat warning."""

CLASSES = ("household", "shop", "hospital")
INSTANTS = tuple(
    map(
        local,
        (
            "2026-03-11T10:00:00",  # a Wednesday
            "2026-03-11T21:59:30",
            "2026-03-11T22:00:00",
            "2026-03-12T06:59:59",
            "2026-03-12T07:00:00",
            "2026-03-07T10:00:00",  # the first Saturday
            "2026-03-14T10:00:00",  # the second
            "2026-03-15T10:00:00",  # a Sunday
            "2026-03-16T10:00:00",  # heat here
            "2026-03-17T10:00:00",  # heat elsewhere
            "2026-04-30T11:59:00",
            "2026-04-30T12:00:00",
            "2026-05-01T10:00:00",
        ),
    )
)
EVIDENCE = (
    "good", "estimated", "finding", "parked", "unsigned",
    "not told", "told just now", "told before it was low", "told",
)  # fmt: skip
BALANCES = (
    ("plenty", 100), ("low", LOW), ("into credit", -CREDIT + 1), ("at the line", -CREDIT),
    ("below it", -CREDIT - 1), ("dark", 0), ("dark", BACK_ABOVE), ("dark", BACK_ABOVE + 1),
)  # fmt: skip
GATES = {
    "of late": "grace_after_conversion",
    "uses little": "small_load",
    "disputes": "disputed_readings",
    "changes mode": "mode_change",
    "pays": None,
}
"""What may speak against a cut besides, and by which rule the class that is careful heeds it; of
a payment under way it heeds nothing, and the other classes of none."""
PROTECTIONS = ("none", "account", "medical", "expired", "to come")


class Expected(NamedTuple):
    """``outcome``: ``on`` (nothing is asked of the relay), ``cut``, ``held`` (on, by these rules),
    ``dark`` (it stays so) or ``back``."""

    outcome: str
    held: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Home:
    """One line of the table."""

    customer_class: str
    now: datetime
    evidence: str
    balance: str
    balance_micro: int
    protection: str
    gate: str = ""
    id: UUID

    @property
    def was_cut(self) -> bool:
        return self.balance == "dark"

    @property
    def is_signed(self) -> bool:
        return self.evidence != "unsigned"

    @property
    def meter_id(self) -> str:
        return f"m-{self.id.hex}"

    @property
    def low_since(self) -> datetime | None:
        return self.now - LOW_FOR if self.balance_micro <= LOW else None

    @property
    def terms(self) -> PrepayTerms:
        """What is signed, where anything is."""
        terms = direct_terms(
            number="1",
            low_balance_micro=LOW,
            overdraft_micro=CREDIT,
            at=self.now - timedelta(days=1 if self.gate == "of late" else 300),
        )
        law = "warned" if "told" in self.evidence else terms.jurisdiction
        return replace(terms, jurisdiction=law, customer_class=self.customer_class)

    @property
    def notice(self) -> NoticeDelivered | None:
        """What was delivered to them, where anything was."""
        ago = {
            "told just now": timedelta(minutes=59),
            "told before it was low": LOW_FOR + timedelta(minutes=1),
            "told": timedelta(minutes=60),
        }.get(self.evidence)
        return ago and NoticeDelivered(
            notice_id=uuid4(), account_id=self.id, template="low-balance", channel="sms",
            cause_id=str(uuid4()), proof=Proof.RECEIPT, at=self.now - ago,
        )  # fmt: skip

    def __str__(self) -> str:
        return (
            f"{self.customer_class}, {self.now:%a %d %b %H:%M:%S}, {self.evidence}, "
            f"{self.balance} ({self.balance_micro}), protection {self.protection}, {self.gate}"
        )


def homes_at(now: datetime) -> list[Home]:
    """All that can be told apart at an instant."""
    return [
        Home(
            customer_class=customer_class, now=now, evidence=evidence, balance=balance,
            balance_micro=balance_micro, protection=protection, id=uuid4(),
        )
        for customer_class, evidence, (balance, balance_micro), protection in product(
            CLASSES, EVIDENCE, BALANCES, PROTECTIONS
        )
    ]  # fmt: skip


def gated_homes_at(now: datetime) -> list[Home]:
    """All that the gates tell apart at an instant: of the class that heeds them with and without,
    of another with them."""
    return [
        Home(
            customer_class=customer_class, now=now, evidence=evidence, balance=balance,
            balance_micro=balance_micro, protection="none", gate=gate, id=uuid4(),
        )
        for customer_class, gates in (("careful", ("", *GATES)), ("shop", GATES))
        for gate, evidence, (balance, balance_micro) in product(gates, EVIDENCE, BALANCES)
    ]  # fmt: skip


def expected(home: Home) -> Expected:
    """What the policy is meant to do, in the order in which a person would ask."""
    # The class is what was signed; who has signed nothing has the default's, which has no calendar.
    is_household = home.customer_class == "household" and home.is_signed
    is_hospital = home.customer_class == "hospital" and home.is_signed
    if home.was_cut:
        owes = home.balance_micro <= (BACK_ABOVE if is_household else 0)
    else:
        owes = home.balance_micro <= -CREDIT
    if not owes:
        return Expected("back" if home.was_cut else "on")
    is_protected = is_hospital or home.protection in ("account", "medical")
    if home.was_cut:
        return Expected("back" if is_protected else "dark")
    held = {"protected_customer"} if is_protected else set[str]()
    # No cut without a signature, nor before who is owed a warning has had it for an hour.
    if not home.is_signed:
        held.add("no_agreement")
    if home.evidence in ("not told", "told just now", "told before it was low"):
        held.add("step:told")
    # No cut on what is in doubt, as far as the class says so; a parked meter always is.
    if home.evidence == "parked":
        held.add("parked_meter")
    if home.evidence == "estimated" and is_household:
        held.add("estimated_readings")
    if home.evidence == "finding" and home.customer_class != "shop":
        held.add("untrusted_readings")
    if is_household:
        held |= _by_the_clock(home.now)
    if (home.now.month, home.now.day) == (3, 16):
        held.add("protected_period")
    if home.customer_class == "careful" and home.is_signed:
        held |= _by_the_gates(home)
    return Expected("held", frozenset(held)) if held else Expected("cut")


def _by_the_gates(home: Home) -> set[str]:
    rule = GATES.get(home.gate)
    held = set[str]() if rule is None else {rule}
    # It is to have heard of this shortfall for half an hour, whatever its law asks.
    if home.evidence not in ("told", "told just now"):
        held.add("not_notified")
    return held


def _by_the_clock(now: datetime) -> set[str]:
    held: set[str] = set()
    if now.hour >= 22 or now.hour < 7:
        held.add("friendly_hours")
    is_second_saturday = now.isoweekday() == 6 and 8 <= now.day <= 14
    if now.isoweekday() == 7 or is_second_saturday:
        held.add("day_off")
    if (now.month, now.day) == (5, 1):
        held.add("public_holiday")
    if (now.month, now.day) == (4, 30) and now.hour >= 12:
        held.add("before_holiday")
    return held


def expires_at(home: Home) -> datetime:
    """Of a cut: a minute is the longest, and no hold begins before it is over."""
    latest = home.now + timedelta(seconds=60)
    if home.customer_class == "household" and home.now.hour == 21:
        return min(latest, home.now.replace(hour=22, minute=0, second=0))
    if home.customer_class == "household" and f"{home.now:%m-%d %H}" == "04-30 11":
        return min(latest, home.now.replace(hour=12, minute=0, second=0))
    return latest
