"""One prepaid meter: register, relay, and the rules by which it obeys commands. No I/O."""

import hashlib
import math
from dataclasses import dataclass
from datetime import datetime
from statistics import NormalDist
from typing import NamedTuple
from uuid import UUID

from prewatt_common.contracts.base import RelayAction, RelayState
from prewatt_common.contracts.mqtt_v1 import ROOT, CommandClaims, MqttOutcome, MqttResponse
from prewatt_simulator.command_log import CommandLog
from prewatt_simulator.kept import Kept
from prewatt_simulator.noise import NOISE_PERMILLE
from prewatt_simulator.site_codes import CodePad

UWH_PER_WH = 1_000_000

_MEDIAN_KWH_A_YEAR = 2500
_HOUSEHOLD_SPREAD = 0.5
_LCG_FACTOR, _LCG_STEP, _LCG_MASK = 6364136223846793005, 1442695040888963407, 2**64 - 1


class Reading(NamedTuple):
    """A register snapshot on its way out."""

    meter: "Meter"
    at: datetime
    import_wh: int


@dataclass(slots=True)
class Truth:
    """What was really published, and what the broker has taken responsibility for."""

    published: int = 0
    """Readings handed to the connection, duplicates counted."""
    acked: int = 0
    """Readings with a PUBACK, duplicates counted."""
    lost: int = 0
    """Readings that a fault kept from ever being published."""
    last_published: Reading | None = None
    last_acked: Reading | None = None
    """The acknowledged reading with the latest ``at``: what must have been charged in the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayFaults:
    """What is wrong with a meter's relay, or on the way to it. A test gives a meter others."""

    command_lost: bool = False
    """No command reaches it."""
    answer_lost: bool = False
    """Nobody gets its answers, nor what it tells of its relay."""
    stuck: bool = False
    """The relay does not move, and the meter says so."""
    leaking: bool = False
    """Energy flows though the relay is open."""


NO_RELAY_FAULTS = RelayFaults()


class Answer(NamedTuple):
    """A response to send, and whether the relay moved for it."""

    response: MqttResponse
    moved: bool


class Meter:
    """The state of one meter. The same seed and calls give the same registers."""

    __slots__ = (
        "_commands",
        "_register_uwh",
        "_state",
        "annual_kwh",
        "clock_synchronised",
        "code_pad",
        "interval_s",
        "limit_w",
        "meter_id",
        "reading_topic",
        "relay",
        "relay_faults",
        "truth",
    )

    def __init__(
        self, *, meter_id: str, seed: int, start_wh: int = 0, interval_s: int = 900
    ) -> None:
        """``interval_s``: how long the use of one interval, or one call, takes."""
        digest = hashlib.blake2b(f"{seed}/{meter_id}".encode(), digest_size=16).digest()
        rank = (int.from_bytes(digest[8:12]) + 0.5) / 2**32
        self.meter_id = meter_id
        deviation = NormalDist(sigma=_HOUSEHOLD_SPREAD).inv_cdf(rank)
        self.annual_kwh = round(_MEDIAN_KWH_A_YEAR * math.exp(deviation))
        self.relay = RelayState.CLOSED
        self.limit_w: int | None = None
        """While the relay is limited."""
        self.interval_s = interval_s
        self.clock_synchronised = True
        """Without it no cut is executed: nobody knows how old it is."""
        self.code_pad: CodePad | None = None
        """Where reconnection codes are typed in; none: it takes none."""
        self.relay_faults = NO_RELAY_FAULTS
        self.truth = Truth()
        topic = f"{ROOT}/{meter_id}/reading".encode()
        self.reading_topic = len(topic).to_bytes(2) + topic
        """As it stands in an MQTT packet, rendered once."""
        self._register_uwh = start_wh * UWH_PER_WH
        self._state = int.from_bytes(digest[:8])
        # Most meters of a large fleet never get a command.
        self._commands: CommandLog | None = None

    @property
    def import_wh(self) -> int:
        """The register as it reads now, whole Wh; the fraction is carried."""
        return self._register_uwh // UWH_PER_WH

    @property
    def is_on(self) -> bool:
        """Whether there is supply."""
        return self.relay in _ON or self.relay_faults.leaking

    @property
    def commands(self) -> CommandLog:
        """What this meter did with commands."""
        if self._commands is None:
            self._commands = CommandLog()
        return self._commands

    @property
    def executed_count(self) -> int:
        """How many commands this meter executed."""
        return 0 if self._commands is None else self._commands.executions.total()

    def household_interval(self, base_uwh: int) -> int:
        """Use one interval's energy and return the register in Wh.

        ``base_uwh`` is what a household of 1,000 kWh a year uses in it. The noise goes on while
        the relay is open, so a cut does not change what comes after it.
        """
        self._state = state = (self._state * _LCG_FACTOR + _LCG_STEP) & _LCG_MASK
        if self.is_on:
            noise_permille = NOISE_PERMILLE[state >> 54]
            self._use(base_uwh * self.annual_kwh * noise_permille // 1_000_000)
        return self._register_uwh // UWH_PER_WH

    def use_wh(self, energy_wh: int) -> int:
        """Use so much energy, none if the relay is open, and return the register in Wh."""
        if energy_wh < 0:
            message = f"a meter cannot use {energy_wh} Wh"
            raise ValueError(message)
        if self.is_on:
            self._use(energy_wh * UWH_PER_WH)
        return self.import_wh

    def _use(self, energy_uwh: int) -> None:
        """A real limiter bears more than the limit for some seconds, then opens the relay, and
        closes it again after some minutes, until the household uses less. Over an interval that
        comes to no more than the limit, which is all that is simulated."""
        if self.limit_w is not None and not self.relay_faults.leaking:
            energy_uwh = min(energy_uwh, self.limit_w * self.interval_s * UWH_PER_WH // 3600)
        self._register_uwh += energy_uwh

    def obey(self, claims: CommandClaims, *, now: datetime) -> Answer:
        """Decide on a command whose signature held, and move the relay if it is to be executed."""
        log = self.commands
        if claims.meter_id != self.meter_id:
            return self.reject(claims.command_id, f"for meter {claims.meter_id}", now=now)
        if (earlier := log.responses.get(claims.command_id)) is not None:
            log.answers[claims.command_id] += 1
            return Answer(earlier, moved=False)
        if claims.sequence <= log.last_sequence:
            reason = f"sequence {claims.sequence} is not above {log.last_sequence}"
            return self.reject(claims.command_id, reason, now=now)
        if claims.action is RelayAction.LIMIT and claims.limit_w is None:
            return self.reject(claims.command_id, "no limit_w", now=now)
        if self._takes_supply(claims) and (no := self._against_cut(claims, now)):
            return no
        target = _target(claims.action, self.relay)
        stuck = target is not self.relay and self.relay_faults.stuck
        moved = target is not self.relay and not stuck
        if not stuck:
            self.relay, self.limit_w = target, claims.limit_w
        if claims.action is RelayAction.DISCONNECT and self.code_pad is not None:
            self.code_pad.counter = max(self.code_pad.counter, claims.codes_from)
        log.last_sequence = claims.sequence
        log.executions[claims.command_id] += 1
        log.answers[claims.command_id] += 1
        response = MqttResponse(
            command_id=claims.command_id,
            outcome=MqttOutcome.FAILED if stuck else MqttOutcome.SUCCEEDED,
            relay=self.relay,
            at=now,
            detail="the relay did not move" if stuck else "",
        )
        log.responses[claims.command_id] = response
        return Answer(response, moved)

    def press_button(self) -> bool:
        """The customer presses the meter's button: an armed relay closes. Whether it moved."""
        return self.relay is RelayState.ARMED and self.move_by_hand(RelayState.CLOSED)

    def type_in(self, code: str) -> bool:
        """Somebody types a reconnection code in: the relay closes. Whether it moved."""
        if self.code_pad is None or self.code_pad.type_in(code) is None:
            return False
        return self.move_by_hand(RelayState.CLOSED)

    def move_by_hand(self, state: RelayState) -> bool:
        """Somebody moves the relay. Whether it moved."""
        moved = state is not self.relay and not self.relay_faults.stuck
        if moved:
            self.relay, self.limit_w = state, None
        return moved

    def _takes_supply(self, claims: CommandClaims) -> bool:
        if claims.action is RelayAction.DISCONNECT:
            return True
        if claims.limit_w is None or self.relay not in _ON:
            return False
        return self.limit_w is None or claims.limit_w < self.limit_w

    def _against_cut(self, claims: CommandClaims, now: datetime) -> Answer | None:
        """Why a cut may come too late to be right. Nothing of this holds a reconnection."""
        if not self.clock_synchronised:
            return self.reject(claims.command_id, "the clock is not synchronised", now=now)
        if claims.not_after is None:
            return self.reject(claims.command_id, "no not_after", now=now)
        if claims.not_after <= now:
            reason = f"not after {claims.not_after.isoformat()}, and it is {now.isoformat()}"
            return self.reject(claims.command_id, reason, now=now, outcome=MqttOutcome.LATE)
        return None

    def reject(
        self,
        command_id: UUID,
        reason: str,
        *,
        now: datetime,
        outcome: MqttOutcome = MqttOutcome.REJECTED,
    ) -> Answer:
        """Answer that a command is not obeyed, and why."""
        self.commands.answers[command_id] += 1
        response = MqttResponse(
            command_id=command_id,
            outcome=outcome,
            relay=self.relay,
            at=now,
            detail=reason,
        )
        return Answer(response, moved=False)

    def remember(self, kept: Kept) -> None:
        """As it was before it lost power."""
        self.relay, self.limit_w = kept.relay, kept.limit_w
        self.commands.last_sequence = kept.sequence
        self.commands.key_sequence = kept.key_sequence
        if kept.response is not None:
            self.commands.responses[kept.response.command_id] = kept.response
        if self.code_pad is not None:
            self.code_pad.counter = kept.code_counter

    def published(self, reading: Reading) -> None:
        """Note that a reading was handed to the connection."""
        self.truth.published += 1
        self.truth.last_published = reading

    def acknowledged(self, reading: Reading) -> None:
        """Note a reading's PUBACK."""
        truth = self.truth
        truth.acked += 1
        last = truth.last_acked
        if last is None or reading.at >= last.at:
            truth.last_acked = reading


_ON = frozenset({RelayState.CLOSED, RelayState.LIMITED})


def _target(action: RelayAction, relay: RelayState) -> RelayState:
    """Where the relay is to be. To arm one that is closed changes nothing."""
    match action:
        case RelayAction.DISCONNECT:
            return RelayState.OPEN
        case RelayAction.RECONNECT:
            return RelayState.CLOSED
        case RelayAction.ARM:
            return RelayState.CLOSED if relay in _ON else RelayState.ARMED
        case RelayAction.LIMIT:
            return RelayState.LIMITED
