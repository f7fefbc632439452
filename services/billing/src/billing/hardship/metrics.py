"""What a run shows as metrics: sums only, nothing by account."""

from collections.abc import Sequence

from prometheus_client import Gauge

from billing.hardship.ports import Counts
from billing.hardship.values import Level, Run

FINISHED = Gauge(
    "prewatt_billing_hardship_finished_timestamp_seconds",
    "When the daily look at households last finished; before it ever did, when it first began.",
)
ACCOUNTS = Gauge(
    "prewatt_billing_hardship_accounts", "Households that the newest look has assessed."
)
RAISED = Gauge("prewatt_billing_hardship_raised", "Flags that the newest look has raised.")
ENDED = Gauge("prewatt_billing_hardship_ended", "Flags that the newest look has ended.")
SECONDS = Gauge("prewatt_billing_hardship_seconds", "What the newest look worked, without rests.")
FLAGS = Gauge(
    "prewatt_billing_hardship_flags",
    "Flags that stand, and whether a person has dealt with them.",
    ("level", "dealt_with"),
)
WAITING_SINCE = Gauge(
    "prewatt_billing_hardship_waiting_since_timestamp_seconds",
    "When the oldest likely flag was raised that no person has dealt with; 0: there is none.",
)


def show(runs: Sequence[Run], counts: Counts | None) -> None:
    """The newest run, and how flags stand."""
    if not runs or counts is None:
        return
    finished = (each.finished_at for each in runs if each.finished_at is not None)
    FINISHED.set(next(finished, runs[-1].began_at).timestamp())
    ACCOUNTS.set(runs[0].accounts)
    RAISED.set(runs[0].raised)
    ENDED.set(runs[0].ended)
    SECONDS.set(runs[0].worked_s)
    for level in Level:
        for dealt_with in (False, True):
            count = counts.by_level.get((level, dealt_with), 0)
            FLAGS.labels(level, "yes" if dealt_with else "no").set(count)
    oldest = counts.oldest_waiting
    WAITING_SINCE.set(0 if oldest is None else oldest.timestamp())
