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
KEY_MESSAGES_SENT = Counter(
    "prewatt_gateway_key_messages_sent_total", "Copies of key messages that the broker took."
)
METERS_ONLINE = Gauge("prewatt_gateway_meters_online", "Meters whose session is alive.")
FAULTY_METERS = Gauge(
    "prewatt_gateway_faulty_meters",
    "Meters whose last message was refused, by what is wrong with them; from the database.",
    ("fault",),
)
FAULTY_METER = Gauge(
    "prewatt_gateway_faulty_meter",
    "1 for some of the faulty meters, the newest; GET /v1/meter-faults lists all.",
    ("fault", "meter_id"),
)
UNLISTED_REFUSALS = Counter(
    "prewatt_gateway_unlisted_refusals_total",
    "Refusals of meters that are not listed, since too many are: the dead letters have them.",
)
BROKER_DROPPED = Gauge(
    "prewatt_gateway_broker_dropped_messages",
    "Messages that the broker dropped, at least, the last time it did; from the database.",
    ("broker",),
)
BROKER_DROPPED_AT = Gauge(
    "prewatt_gateway_broker_dropped_timestamp_seconds",
    "When it was last noticed that the broker had dropped messages.",
    ("broker",),
)
BROKER_QUEUED = Gauge(
    "prewatt_gateway_broker_queued_messages",
    "Messages that the broker holds for all clients, retained ones left out.",
    ("broker",),
)
REPLICA_SILENT_SECONDS = Gauge(
    "prewatt_gateway_replica_silent_seconds",
    "How long a replica has not been seen; its MQTT sessions are named after it.",
    ("replica",),
)
