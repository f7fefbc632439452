"""Metrics that the shared parts export. Names end in their unit."""

from prometheus_client import Counter, Gauge, Histogram

LATENCY_BUCKETS_SECONDS = (
    0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 2.0, 5.0, 15.0, 60.0,
)  # fmt: skip
"""Dense around the targets of 300 and 500 ms."""

CONSUMER_RECORDS = Counter(
    "prewatt_consumer_records_total",
    "Records processed and committed; of a record of many readings, each reading.",
    ("group", "topic"),
)
CONSUMER_LAG = Gauge(
    "prewatt_consumer_lag_records",
    "Records not yet processed, as of the last poll.",
    ("group", "topic", "partition"),
)
CONSUMER_BATCH_SECONDS = Histogram(
    "prewatt_consumer_batch_seconds",
    "From a polled batch to its commit.",
    ("group",),
    buckets=LATENCY_BUCKETS_SECONDS,
)
CONSUMER_RETRIES = Counter(
    "prewatt_consumer_retries_total", "Batches tried again after a passing fault.", ("group",)
)
CONSUMER_STOPPED = Gauge(
    "prewatt_consumer_stopped",
    "1 where the consumer stopped for this reason, until somebody mends it, else 0.",
    ("group", "reason"),
)
DEAD_LETTERS = Counter(
    "prewatt_dead_letters_total",
    "Records kept on a dead-letter topic.",
    ("group", "topic", "reason"),
)
CONSUMING = Gauge(
    "prewatt_consuming",
    "1 where what the service does besides HTTP runs, 0 where not; /readyz/consume says why.",
    ("consumer",),
)
DEPENDENCY_UP = Gauge(
    "prewatt_dependency_up",
    "1 where it answered the last look (every 30 s), 0 where not: kafka, smtp, sms.",
    ("dependency",),
)
RATE_LIMITED = Counter(
    "prewatt_rate_limited_total",
    "Requests without a token answered 429: by the route, and by what came too often.",
    ("route", "by"),
)
OUTBOX_PUBLISHED = Counter(
    "prewatt_outbox_published_total", "Outbox rows acknowledged by Kafka.", ("topic",)
)
OUTBOX_PENDING = Gauge(
    "prewatt_outbox_pending",
    "Outbox rows waiting, as of the last look; of the replica that publishes, else 0.",
    ("lane",),
)
