"""The notifier's own metrics."""

from prometheus_client import Counter, Gauge, Histogram

NOTICES = Counter(
    "prewatt_notifier_notices_total",
    "Notices that became accepted, delivered, bounced, failed, expired, withdrawn or suppressed.",
    ("channel", "outcome"),
)
DELIVERY_SECONDS = Histogram(
    "prewatt_notifier_delivery_seconds",
    "From the notice's making to its acceptance by the channel's peer.",
    ("channel",),
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 5, 15, 60, 300, 1800, 3600, 21_600),
)
SEGMENTS = Counter(
    "prewatt_notifier_segments_total",
    "Messages that the network counts: a long SMS is several.",
    ("channel",),
)
COST_MICRO = Counter(
    "prewatt_notifier_cost_micro_total",
    "What the segments cost, in millionths of the currency, by the price in the settings.",
    ("channel", "currency"),
)
SMS_RECEIPTS = Counter(
    "prewatt_notifier_sms_receipts_total",
    "Receipts of the SMS centre or gateway, by whether we know which notice they are of.",
    ("outcome",),
)
VOICE_RECEIPTS = Counter(
    "prewatt_notifier_voice_receipts_total",
    "What the voice gateway says of its calls, by whether we know which notice they are of.",
    ("outcome",),
)
MAIL_REPORTS = Counter(
    "prewatt_notifier_mail_reports_total",
    "Mails that came back: of a notice we know or not, of one on its way, or no report at all.",
    ("outcome",),
)
SMPP_BOUND = Gauge(
    "prewatt_notifier_smpp_bound",
    "1 while this replica is bound to the SMS centre, else 0: no SMS goes and no receipt comes.",
    ("centre",),
)
CHANNEL_DOWN = Gauge(
    "prewatt_notifier_channel_down",
    "1 while the channel's peer takes nothing and its notices wait, else 0.",
    ("channel",),
)
TEXT_FALLBACKS = Counter(
    "prewatt_notifier_text_fallbacks_total",
    "Notices said with a shipped text for want of their own: nobody has given it in the language, "
    "or a published text could not be said.",
    ("template", "language", "why"),
)
ATTEMPTS = Counter(
    "prewatt_notifier_attempts_total",
    "Attempts to hand over a notice: accepted, refused for good, later, or the peer is down.",
    ("channel", "outcome"),
)
DOOR_ORDERS = Counter(
    "prewatt_notifier_door_orders_total",
    "Notices that a person is to bring to the door: ordered; brought, overtaken, reached, lapsed.",
    ("outcome",),
)
DOOR_ORDERS_OPEN = Gauge(
    "prewatt_notifier_door_orders_open",
    "Notices that a person is still to bring to the door.",
)
DOOR_ORDERS_WAITING_SECONDS = Gauge(
    "prewatt_notifier_door_orders_waiting_seconds",
    "How long the oldest open order to bring a notice to the door has waited; 0 without one.",
)
PARKED_NOTICES = Gauge(
    "prewatt_notifier_parked_notices",
    "Notices that are set aside because their handling raised; beyond ten deliveries stop.",
)
WEBHOOK_ATTEMPTS = Counter(
    "prewatt_notifier_webhook_attempts_total",
    "Attempts to tell another system of an event: delivered, later, down, or gone for good.",
    ("outcome",),
)
WEBHOOK_EXPIRED = Counter(
    "prewatt_notifier_webhook_expired_total",
    "Messages to other systems that were given up: nobody took them in time.",
)
WEBHOOK_DOWN = Gauge(
    "prewatt_notifier_webhook_down",
    "1 while a webhook's receiver takes nothing and its messages wait, else 0.",
    ("webhook",),
)
INBOUND = Counter(
    "prewatt_notifier_inbound_total",
    "Messages of customers that were worked through, by the word they asked with (none: no word "
    "that we know) and what became of them.",
    ("gateway", "word", "outcome"),
)
INBOUND_REPEATS = Counter(
    "prewatt_notifier_inbound_repeats_total",
    "Messages of customers that came again, and were kept once.",
    ("gateway",),
)
INBOUND_WAITING_SECONDS = Gauge(
    "prewatt_notifier_inbound_waiting_seconds",
    "For so long a customer who wrote to us has waited to be heard; 0 while nobody waits.",
)
CAMPAIGNS_AT_WORK = Gauge(
    "prewatt_notifier_campaigns",
    "Campaigns that are approved and being counted, that run, or that are paused.",
    ("state",),
)
CAMPAIGN_MEMBERS = Counter(
    "prewatt_notifier_campaign_members_total",
    "Accounts of campaigns whose turn it was: told, left out to compare with, or skipped and why.",
    ("outcome",),
)
CAMPAIGN_SILENT_SECONDS = Gauge(
    "prewatt_notifier_campaign_silent_seconds",
    "For so long a campaign that runs has told nobody in its hours though accounts wait; 0 while "
    "none does.",
)
