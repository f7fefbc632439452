"""A supply policy: by what rules a utility cuts and reconnects, as one document.

Two people publish a version of it (``/v1/policies``); what was published stands for ever, in full,
so that what was decided by it can be decided again. Amounts: integer micro-units of the account's
currency; shares: ppm; times: whole seconds, minutes or days, as the names say.
"""

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any, Literal, cast

import msgspec

from prewatt_common.contracts.base import Currency, LimitW
from prewatt_common.contracts.supply_calendar_v1 import Calendar, Part
from prewatt_common.contracts.supply_credit_v1 import EmergencyCredit
from prewatt_common.contracts.supply_debts_v1 import CorrectedBills
from prewatt_common.contracts.supply_late_v1 import LatePayments
from prewatt_common.contracts.supply_modes_v1 import ModeChanges

Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
"""Like ``small_business``: of a customer class, a calendar, a kind of protection."""
Micro = Annotated[int, msgspec.Meta(ge=0, le=10**13)]
Share = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
"""A part of a whole in ppm."""
Days = Annotated[int, msgspec.Meta(ge=1, le=366)]
Seconds = Annotated[int, msgspec.Meta(ge=1, le=7 * 86_400)]

DEFAULT_CLASS = "default"
"""What a class that the document does not name has; no class has this name."""


class SmallLoad(Part, frozen=True, kw_only=True):
    """Who used less than ``below_wh`` in the last ``days`` whole days is not cut: a fridge and a
    lamp cost the utility little, and their loss a household much."""

    below_wh: Annotated[int, msgspec.Meta(ge=1, le=10**6)]
    days: Annotated[int, msgspec.Meta(ge=1, le=31)] = 7


class EvidenceGate(Part, frozen=True, kw_only=True):
    """Nobody is cut on evidence that is in doubt. A parked meter always holds a cut: what it used
    is not charged."""

    estimated_readings: bool = False
    """No cut while the last use of a meter is estimated."""
    failed_readings: bool = True
    """No cut while a finding of validation waits for a person."""
    disputed_readings: bool = False
    """No cut while the customer disputes a reading or a charge."""
    low_balance_notice_minutes: Annotated[int, msgspec.Meta(ge=0, le=31 * 24 * 60)] | None = None
    """No cut before a low-balance notice was delivered at least so many minutes ago; null: none
    is waited for."""
    payment_provider_down: bool = False
    """No cut while money cannot come in."""
    balance_view_down: bool = False
    """No cut while customers cannot see what they have."""
    payment_in_flight: bool = False
    """No cut while a payment is announced and not confirmed."""
    mode_change: bool = False
    """No cut while the account changes between prepaid and post-paid."""


class ComingBack(Part, frozen=True, kw_only=True):
    """What brings supply back after a cut: a balance above ``balance_above_micro``; or, where it is
    given, ``dues_share_ppm`` of what was owed at the cut, for ``dues_days`` days."""

    balance_above_micro: Micro = 0
    dues_share_ppm: Share | None = None
    dues_days: Days | None = None

    def __post_init__(self) -> None:
        if (self.dues_share_ppm is None) != (self.dues_days is None):
            message = "give both dues_share_ppm and dues_days, or neither"
            raise ValueError(message)


class Warnings(Part, frozen=True, kw_only=True):
    """When a customer is told, besides the account's own low-balance limit; each list falls."""

    below_micro: Annotated[tuple[Micro, ...], msgspec.Meta(max_length=5)] = ()
    below_topup_ppm: Annotated[tuple[Share, ...], msgspec.Meta(max_length=5)] = ()
    """Of the last top-up."""
    days_left: Annotated[tuple[Days, ...], msgspec.Meta(max_length=5)] = ()
    """By what the household's own last weeks forecast; where they are too few, at the mean cost of
    a day in the periods of the last month."""
    days_left_percentile: Literal[10, 50, 90] = 50
    """When money will have ended with that probability, in percent: at 10 customers are warned
    earliest, and one in ten runs out by then; at 50 it is as likely to be sooner as later."""

    def __post_init__(self) -> None:
        for name in ("below_micro", "below_topup_ppm", "days_left"):
            values: tuple[int, ...] = getattr(self, name)
            if list(values) != sorted(set(values), reverse=True):
                message = f"{name} must fall from one to the next, and {list(values)} does not"
                raise ValueError(message)


class Commands(Part, frozen=True, kw_only=True):
    """How a relay is brought where it should be, and when a person has to go there."""

    answer_within_s: Seconds = 120
    """Without an answer in this time since it was sent a command counts as lost, if its meter is
    there; doubled with each that fails."""
    sent_within_s: Seconds = 300
    """And one that is not sent in this time: where thousands go at once, it waits its turn."""
    first_pause_s: Seconds = 60
    """After a meter has refused or failed; doubled with each that fails."""
    longest_pause_s: Seconds = 3_600
    """The most that doubling leads to."""
    attempts_max: Annotated[int, msgspec.Meta(ge=1, le=100)] = 8
    """So many in a row and the relay is given up, until its meter is heard of anew."""
    reclose_after_s: Seconds = 900
    """After a relay that should be closed has opened unasked, at the meter: somebody may be at work
    behind it. Doubled with each time. One that is only armed waits for its customer anyhow."""
    openings_max: Annotated[int, msgspec.Meta(ge=1, le=100)] = 3
    """So often, without a day between, and it stays open until a person has seen to it."""
    cut_lifetime_s: Annotated[int, msgspec.Meta(ge=10, le=60)] = 60
    """A cut that its meter has not made by then must not be made any more."""
    lifetime_s: Annotated[int, msgspec.Meta(ge=10, le=31 * 86_400)] = 86_400
    """For so long a reconnection waits for a meter that is away."""
    look_after_return_s: Seconds = 60
    """A meter that came back and was not read since is looked at again after this."""

    def __post_init__(self) -> None:
        for longer, shorter in (
            ("longest_pause_s", "first_pause_s"),
            ("longest_pause_s", "reclose_after_s"),
            ("longest_pause_s", "answer_within_s"),
            ("lifetime_s", "answer_within_s"),
        ):
            if getattr(self, longer) < getattr(self, shorter):
                message = (
                    f"{longer} is {getattr(self, longer)}, shorter than {shorter}, "
                    f"{getattr(self, shorter)}"
                )
                raise ValueError(message)


class Reconnection(Part, frozen=True, kw_only=True):
    """How soon a paid customer has supply again, and what they are credited where that fails."""

    sla_s: Annotated[int, msgspec.Meta(ge=1, le=31 * 86_400)] = 900
    credit_micro: Micro = 0
    """Once for each breach; 0: none."""


class ClassPolicy(Part, frozen=True, kw_only=True):
    """All that holds for a customer class. What is left out is as this schema has it."""

    protected: bool = False
    """Nobody of the class is cut; what they owe is collected by other means."""
    calendar: Name | None = None
    """One of the document's; null: a cut may be made at any hour."""
    small_load: SmallLoad | None = None
    grace_days_after_conversion: Annotated[int, msgspec.Meta(ge=0, le=366)] = 0
    """No cut in so many days after the account became prepaid."""
    evidence: EvidenceGate = EvidenceGate()
    coming_back: ComingBack = ComingBack()
    warnings: Warnings = Warnings()
    emergency_credit: EmergencyCredit | None = None
    """null: none is offered."""
    maximum_balance_micro: dict[Currency, Annotated[int, msgspec.Meta(ge=1, le=10**15)]] = (
        msgspec.field(default_factory=dict[str, int])
    )
    """By currency: no sale lifts a balance above this. Money that was taken elsewhere already is
    credited whole, and shown to people."""
    load_limit_w: LimitW | None = None
    """The meter limits the load to this instead of a cut."""
    commands: Commands = Commands()
    reconnection: Reconnection = Reconnection()
    corrected_bills: CorrectedBills = CorrectedBills()
    mode_changes: ModeChanges = ModeChanges()
    late_payments: LatePayments = LatePayments()

    def __post_init__(self) -> None:
        lowest = min(self.maximum_balance_micro.values(), default=None)
        if lowest is not None and lowest <= self.coming_back.balance_above_micro:
            message = (
                f"maximum_balance_micro is {lowest}, and coming_back.balance_above_micro of "
                f"{self.coming_back.balance_above_micro} must be passed to have supply again"
            )
            raise ValueError(message)
        if not self.protected:
            return
        for name in ("calendar", "small_load", "emergency_credit", "load_limit_w"):
            if getattr(self, name) is not None:
                message = f"{name} is given, and a protected class is neither cut nor limited"
                raise ValueError(message)


class CutLimit(Part, frozen=True, kw_only=True):
    """Of the cuts of a minute: ``paced_per_min`` are made at most, the others wait for another;
    where more than ``trip_per_min`` accounts come to be cut, all cuts stop until a person has
    looked."""

    paced_per_min: Annotated[int, msgspec.Meta(ge=1, le=10**7)] = 100_000
    trip_per_min: Annotated[int, msgspec.Meta(ge=1, le=10**7)] = 200_000


class FleetBreaker(Part, frozen=True, kw_only=True):
    """Limits of all accounts together, of each tariff, and of each supply office, station area and
    line. What is left out stops no utility: 1 % of its accounts to be cut within a minute and 3 %
    to come are a beginning."""

    all_accounts: CutLimit = CutLimit()
    tariff: CutLimit = CutLimit()
    area: CutLimit = CutLimit()


class ProtectionTerms(Part, frozen=True, kw_only=True):
    """On what terms a single account may be protected."""

    papers: bool = True
    """It takes papers: who filed them where, under which number."""
    longest_days: Annotated[int, msgspec.Meta(ge=1, le=3_660)] = 366
    """It expires by then, and may be granted again."""


def _usual_protections() -> dict[Name, ProtectionTerms]:
    return {"medical": ProtectionTerms(), "important_user": ProtectionTerms()}


class SupplyPolicy(Part, frozen=True, kw_only=True):
    """The document. A class says all that holds for it: nothing comes from ``default``, which is
    for accounts of classes that are not named."""

    title: Annotated[str, msgspec.Meta(max_length=300)] = ""
    sources: Annotated[
        tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=500)], ...],
        msgspec.Meta(max_length=50),
    ] = ()
    """Where its rules come from, and who has verified them."""
    calendars: Annotated[dict[Name, Calendar], msgspec.Meta(max_length=50)] = msgspec.field(
        default_factory=dict[str, Calendar]
    )
    classes: Annotated[dict[Name, ClassPolicy], msgspec.Meta(max_length=50)] = msgspec.field(
        default_factory=dict[str, ClassPolicy]
    )
    default: ClassPolicy = ClassPolicy()
    fleet_breaker: FleetBreaker = FleetBreaker()
    protections: Annotated[dict[Name, ProtectionTerms], msgspec.Meta(max_length=50)] = (
        msgspec.field(default_factory=_usual_protections)
    )
    """By kind; left out: ``medical`` and ``important_user``, for a year, with papers."""

    def __post_init__(self) -> None:
        if DEFAULT_CLASS in self.classes:
            message = f"{DEFAULT_CLASS} stands beside classes, not among them"
            raise ValueError(message)
        named: set[str] = set()
        for name, terms in (*self.classes.items(), (DEFAULT_CLASS, self.default)):
            if terms.calendar is None:
                continue
            named.add(terms.calendar)
            if terms.calendar not in self.calendars:
                message = f"class {name}: there is no calendar {terms.calendar} among calendars"
                raise ValueError(message)
        unused = sorted(self.calendars.keys() - named)
        if unused:
            message = f"calendars: no class has {', '.join(unused)}"
            raise ValueError(message)

    @property
    def warns(self) -> bool:
        """Whether any class is told of something at limits that are not the account's own: it is
        warned, or offered emergency credit."""
        return any(
            each.warnings != Warnings() or each.emergency_credit is not None
            for each in (self.default, *self.classes.values())
        )

    def has_maximum(self, currency: str) -> bool:
        """Whether the balance of any class is bounded in that currency."""
        return any(
            currency in each.maximum_balance_micro
            for each in (self.default, *self.classes.values())
        )

    def of_class(self, customer_class: str) -> ClassPolicy:
        """What holds for a class, named or not."""
        return self.classes.get(customer_class, self.default)


class InvalidPolicy(ValueError):
    """The document is no supply policy; the message names the place at fault."""


def policy_of(document: object) -> SupplyPolicy:
    """The policy in a document of JSON types. Raises `InvalidPolicy`, in one line."""
    try:
        return msgspec.convert(document, SupplyPolicy)
    except (msgspec.ValidationError, RecursionError) as error:
        raise InvalidPolicy(_where(document) or _in_words(error)) from error


def canonical(policy: SupplyPolicy) -> bytes:
    """The same bytes for the same policy, with all that was left out: what is kept and hashed."""
    return msgspec.json.encode(policy, order="sorted")


def sha256_of(policy: SupplyPolicy) -> str:
    """Of its canonical bytes, in hexadecimal."""
    return hashlib.sha256(canonical(policy)).hexdigest()


_NAMED: Mapping[str, type[Part]] = {
    "calendars": Calendar,
    "classes": ClassPolicy,
    "protections": ProtectionTerms,
}


def _where(document: object) -> str | None:
    """Which of several the fault is in: msgspec says of a mapping's entry `[...]` alone."""
    for field, of in _NAMED.items():
        for name, value in _entries(_entries(document).get(field)).items():
            try:
                msgspec.convert(value, of)
            except msgspec.ValidationError as error:
                return _in_words(error, at=f"{field}.{name}")
    return None


def _entries(value: Any) -> Mapping[Any, Any]:
    return cast("Mapping[Any, Any]", value) if isinstance(value, Mapping) else {}


def _in_words(error: Exception, *, at: str = "") -> str:
    text, _, place = str(error).partition(" - at `")
    # As in "$.classes.home", or "key` in `$.classes" of an entry's name.
    place = place.rpartition("`$")[2].rstrip("`").removeprefix("$").removeprefix(".")
    parts = [part for part in (at, place) if part]
    joined = ".".join(parts).replace(".[", "[")
    return " ".join(f"{joined}: {text}".split()) if joined else " ".join(text.split())
