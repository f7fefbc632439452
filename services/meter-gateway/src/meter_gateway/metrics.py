"""The gateway's metrics. Balance: received = readings + rejected + in flight."""

from prometheus_client import Counter, Gauge, Histogram

from prewatt_common.metrics import LATENCY_BUCKETS_SECONDS

READINGS = Counter("prewatt_gateway_readings_total", "Readings that Kafka has.")
REJECTED = Counter(
    "prewatt_gateway_rejected_total", "Messages kept on a dead-letter topic.", ("reason",)
)
IN_FLIGHT = Gauge("prewatt_gateway_in_flight", "Messages received and not yet acknowledged.")
INGEST_SECONDS = Histogram(
    "prewatt_gateway_ingest_seconds",
    "From a message's receipt to its PUBACK; the oldest message of each batch.",
    buckets=LATENCY_BUCKETS_SECONDS,
)
COMMANDS = Counter(
    "prewatt_gateway_commands_total", "Commands by what became of them.", ("action", "status")
)
METERS_ONLINE = Gauge("prewatt_gateway_meters_online", "Meters whose session is alive.")
