"""The gateway's metrics.

In messages: received = accepted + rejected + returned + dropped + in flight.
"""

from prometheus_client import Counter, Gauge, Histogram

from prewatt_common.metrics import LATENCY_BUCKETS_SECONDS

READINGS = Counter("prewatt_gateway_readings_total", "Readings that Kafka has.")
RECEIVED = Counter("prewatt_gateway_received_total", "Messages taken from the broker.")
ACCEPTED = Counter(
    "prewatt_gateway_accepted_total", "Messages whose whole effect is in Kafka or the database."
)
REJECTED = Counter(
    "prewatt_gateway_rejected_total", "Messages kept on a dead-letter topic.", ("reason",)
)
RETURNED = Counter(
    "prewatt_gateway_returned_total",
    "Messages left to the broker, which sends them again: their connection was lost.",
)
DROPPED = Counter(
    "prewatt_gateway_dropped_total",
    "QoS 0 messages, which nobody promised to keep, that came while too many waited.",
)
IN_FLIGHT = Gauge(
    "prewatt_gateway_in_flight", "Messages received and not yet taken care of.", ("inbox",)
)
INGEST_SECONDS = Histogram(
    "prewatt_gateway_ingest_seconds",
    "From a reading's receipt to its PUBACK; the oldest message of each batch.",
    buckets=LATENCY_BUCKETS_SECONDS,
)
COMMANDS = Counter(
    "prewatt_gateway_commands_total", "Commands by what became of them.", ("action", "status")
)
METERS_ONLINE = Gauge("prewatt_gateway_meters_online", "Meters whose session is alive.")
