"""Whether a consumer consumes, in words: told by its loop, asked by ``/readyz/consume``."""

from aiokafka.errors import KafkaConnectionError

from prewatt_common.kafka.partitions import Assignment
from prewatt_common.kafka.stops import KINDS, Stop
from prewatt_common.metrics import CONSUMER_STOPPED
from prewatt_common.workers import InHand, NotRunning, Trouble


class ConsumerHealth:
    """What the loop of one consumer is at."""

    def __init__(self, *, group: str) -> None:
        self._group = group
        self._assignment: Assignment | None = None
        self._kafka = Trouble()
        self._errors = Trouble()
        self._stop = Trouble()
        self._batch = InHand()
        self._lag_records: int | None = None
        self._show_stop(None)

    def began(self, assignment: Assignment) -> None:
        """A session began: Kafka answered."""
        self._assignment = assignment
        self._kafka.end()

    def ended(self) -> None:
        """The session is over."""
        self._assignment = None
        self._batch.end()

    def took(self) -> None:
        """A batch is in hand."""
        self._batch.begin()

    def processed(self) -> None:
        """It is no longer, and it went well."""
        self._batch.end()
        self._errors.end()
        self._goes_on()

    def idle(self) -> None:
        """Nothing came. What failed before would have come again once offsets are loaded, and what
        stopped us too, unless nothing is left."""
        if self._assignment is not None and not self._assignment.waits.lasts:
            self._errors.end()
            if len(self._assignment.at_end()) == len(self._assignment.positions):
                self._goes_on()

    def stopped(self, reason: Stop) -> None:
        """Nothing is consumed, for a reason that does not pass by itself."""
        self._batch.end()
        self._stop.begin(f"stopped: {reason}")
        self._show_stop(reason)

    def _goes_on(self) -> None:
        if self._stop.lasts:
            self._stop.end()
            self._show_stop(None)

    def _show_stop(self, reason: Stop | None) -> None:
        for kind in KINDS:
            CONSUMER_STOPPED.labels(self._group, kind).set(
                reason is not None and kind == reason.kind
            )

    def failed(self, error: BaseException) -> None:
        """The session ended in ``error``; another begins after a while."""
        if isinstance(error, KafkaConnectionError):
            self.kafka_away(error)
        else:
            self._errors.begin(f"tries again after {error!r}")

    def kafka_away(self, error: BaseException) -> None:
        """Kafka does not answer."""
        self._kafka.begin(f"Kafka is away: {error!r}")

    def kafka_answers(self, *, lag_records: int) -> None:
        """It does, and so many records are not processed yet."""
        self._kafka.end()
        self._lag_records = lag_records

    @property
    def stalled_s(self) -> float:
        """How long this session has gone without Kafka's answer or without its group."""
        waits = None if self._assignment is None else self._assignment.waits
        return max(self._kafka.lasted_s, 0.0 if waits is None else waits.lasted_s)

    def partitions_at_end(self) -> set[int]:
        """Those of the assignment, none between sessions."""
        return set() if self._assignment is None else self._assignment.at_end()

    def check(self) -> str:
        """Partitions and lag; raises `NotRunning` with the reason where nothing is consumed."""
        self._kafka.check()
        self._stop.check()
        self._errors.check()
        self._batch.check()
        if self._assignment is None:
            message = "has not begun to read"
            raise NotRunning(message)
        self._assignment.waits.check()
        count = len(self._assignment.positions)
        if not count:
            return "no partitions: other members hold them"
        behind = "" if self._lag_records is None else f", {self._lag_records} records behind"
        return f"{count} partitions{behind}"
