"""The ledger's own metrics, beside those that a use case defines next to what it measures."""

from prometheus_client import Counter, Gauge

TOP_UPS = Counter(
    "prewatt_ledger_topups_total",
    "Payment events that were signed and kept, by what became of them.",
    ("provider", "outcome"),
)
BANK_LINES = Counter(
    "prewatt_ledger_bank_lines_total",
    "Lines of banks' statements that were applied, by what became of them.",
    ("state",),
)
BANK_LINE_AGE_SECONDS = Gauge(
    "prewatt_ledger_bank_line_age_seconds",
    "For how long the oldest line of a bank's statement has waited to be applied, or for a person; "
    "0: none does.",
    ("waits_for",),
)
BANK_STATEMENTS_MISSING = Gauge(
    "prewatt_ledger_bank_statements_missing",
    "Statements that do not begin where another ended and that nobody has accepted (gap), and "
    "accounts that none came of in time (silence).",
    ("how",),
)
SETTLEMENT_DIFFERENCE_AGE_SECONDS = Gauge(
    "prewatt_ledger_settlement_difference_age_seconds",
    "For how long the oldest difference between a provider's settlement and ours has waited for a "
    "person, by provider; none where all are resolved.",
    ("provider",),
)
PAYOUTS_OPEN = Gauge(
    "prewatt_ledger_payouts_open",
    "Payouts that the bank's statements should have by now, and those that they have and the "
    "provider's file has no more; by provider `deposits`: money of deposits likewise.",
    ("provider",),
)
DEBIT_AGE_SECONDS = Gauge(
    "prewatt_ledger_debit_age_seconds",
    "For how long the oldest request has waited to be in a file that the bank has (bank), "
    "and the oldest answer of a bank for a person (person); 0: none does.",
    ("waits_for",),
)
TRANSFER_ANSWER_AGE_SECONDS = Gauge(
    "prewatt_ledger_transfer_answer_age_seconds",
    "For how long the oldest answer of a bank to a file of refunds has waited for a person, as "
    "that it does not pay one; 0: none does.",
)
CASH_ON_ITS_WAY_SECONDS = Gauge(
    "prewatt_ledger_cash_on_its_way_seconds",
    "For how long cash that a cashier handed over has not been received, the oldest; 0: none.",
)
PAYMENT_EVENTS_UNHANDLED = Gauge(
    "prewatt_ledger_payment_events_unhandled",
    "Signed payment events that were not applied and that no person has dealt with yet.",
    ("outcome",),
)
TOP_UP_REQUESTS = Counter(
    "prewatt_ledger_top_up_requests_total",
    "Steps of requests for automatic top-ups, by the state that they came to.",
    ("provider", "state"),
)
LINK_PAYMENTS = Counter(
    "prewatt_ledger_link_payments_total",
    "Steps of payments by links, by the state that they came to.",
    ("provider", "state"),
)
TOP_UP_REQUEST_AGE_SECONDS = Gauge(
    "prewatt_ledger_top_up_request_age_seconds",
    "For how long the oldest request for an automatic top-up in this state has been there; 0: none "
    "is.",
    ("state",),
)
MANDATES = Gauge("prewatt_ledger_mandates", "Mandates for automatic top-ups.", ("state",))
ACCOUNTS = Gauge("prewatt_ledger_accounts", "Accounts by supply state.", ("supply_state",))
ACCOUNTS_BELOW_ZERO = Gauge(
    "prewatt_ledger_accounts_below_zero", "Accounts with a negative balance."
)
UNBOUND_READINGS = Gauge(
    "prewatt_ledger_unbound_readings", "Readings kept that no installation covers, in all."
)
UNBOUND_METERS = Gauge(
    "prewatt_ledger_unbound_meters",
    "Meters with a reading of the last day that no installation covers.",
    ("reason",),
)
UNBOUND_METER = Gauge(
    "prewatt_ledger_unbound_meter",
    "1 for some of these meters; GET /v1/unbound-readings lists all.",
    ("reason", "meter_id"),
)
PARKED_METERS = Gauge(
    "prewatt_ledger_parked_meters",
    "Meters whose readings raised, or wait for exports too long: kept, not charged, nobody cut.",
)
PARKED_METER = Gauge(
    "prewatt_ledger_parked_meter",
    "1 for some of these meters; GET /v1/parked-meters lists all.",
    ("meter_id",),
)
FINDINGS_WAITING = Gauge(
    "prewatt_ledger_findings_waiting",
    "Findings that hold cuts and that nobody has looked at; GET /v1/findings lists them.",
)
FINDINGS = Gauge(
    "prewatt_ledger_findings",
    "Findings that nobody has looked at; GET /v1/findings?stops_cut=false lists them.",
    ("check",),
)
CORRECTION_AGREEMENTS_LEFT = Gauge(
    "prewatt_ledger_correction_agreements_left",
    "Agreements that released correction runs have not come to; GET /v1/corrections says of which.",
)
CORRECTIONS_IN_TROUBLE = Gauge(
    "prewatt_ledger_corrections_in_trouble",
    "Released correction runs that cannot charge an agreement; GET /v1/corrections says why.",
)
WORK_ORDERS_OPEN = Gauge(
    "prewatt_ledger_work_orders_open",
    "Work orders that nobody has seen to; GET /v1/work-orders?open=true lists them.",
    ("kind",),
)
WORK_ORDER_AGE_SECONDS = Gauge(
    "prewatt_ledger_work_order_age_seconds",
    "For how long the oldest of these has been open; 0 where none is.",
    ("kind",),
)
SITE_CODE_READINGS = Counter(
    "prewatt_ledger_site_code_readings_total",
    "How often somebody read a code that closes a paid meter's relay at the site.",
)
DEBTS_OUTSTANDING = Gauge(
    "prewatt_ledger_debts_outstanding_micro",
    "What accounts owe apart from their balances, in micro-units.",
    ("currency",),
)
DEBT_NEWS_AGE_SECONDS = Gauge(
    "prewatt_ledger_debt_news_age_seconds",
    "Since when a customer waits to be told that something is owed apart, or is written off; 0: "
    "nobody does.",
)
MODE_CHANGE_WAITING_SECONDS = Gauge(
    "prewatt_ledger_mode_change_waiting_seconds",
    "Since its instant the oldest change between prepaid and post-paid waits for a reading or a "
    "signature; 0: none does.",
)
PROPOSAL_WAITING_SECONDS = Gauge(
    "prewatt_ledger_proposal_waiting_seconds",
    "For so long the oldest proposal has waited for a second person; 0: none does.",
)
REFUND_AGE_SECONDS = Gauge(
    "prewatt_ledger_refund_age_seconds",
    "Since when the oldest refund is in transit: not at the bank yet, not fetched in cash, or not "
    "told of by its provider; 0: none is.",
    ("way",),
)
REFUNDS_UNANSWERED = Gauge(
    "prewatt_ledger_refunds_unanswered",
    "Refunds through a provider of which nobody knows whether the money went: a person looks.",
)
UNCLAIMED_BALANCES = Gauge(
    "prewatt_ledger_unclaimed_balances",
    "Accounts that moved out long ago (PREWATT_UNCLAIMED_DAYS) and have money left.",
)
GUARANTEES = Gauge(
    "prewatt_ledger_guarantees",
    "Guarantees of banks of which something is left: that end within 30 days (soon), and that are "
    "over.",
    ("ends",),
)
LEFT_OUT = Counter(
    "prewatt_ledger_left_out_total",
    "Accounts that a job left out as what is stored of them raises, each time that it tried; the "
    "others were done.",
    ("work",),
)
CONDITION_AGE_SECONDS = Gauge(
    "prewatt_ledger_condition_age_seconds",
    "The oldest condition of the kind that holds cuts and that nobody has ended.",
    ("kind",),
)
CUT_HOLDS = Gauge(
    "prewatt_ledger_cut_holds",
    "What holds cuts of all, of a tariff or of an area, by who made it: people, or the fleet "
    "breaker; GET /v1/cut-holds?active=true lists it.",
    ("by",),
)
CUT_HOLD_SINCE_SECONDS = Gauge(
    "prewatt_ledger_cut_hold_since_timestamp_seconds",
    "When the oldest of people's holds of cuts was made; 0 where there is none.",
)
CUTS_WAITING = Gauge(
    "prewatt_ledger_cuts_waiting",
    "Accounts that are to be cut and wait: for a later minute, or until a hold of cuts ends.",
)
METERS_ON_KEY = Gauge(
    "prewatt_ledger_meters_on_command_key",
    "Meters that serve and have told that they hold the key; GET /v1/command-keys says more.",
    ("key_id",),
)
METERS_WITHOUT_NEWEST_KEY = Gauge(
    "prewatt_ledger_meters_without_newest_command_key",
    "Meters that serve and have not acknowledged the newest command key; none before the first "
    "rotation.",
)
IMBALANCE_MICRO = Gauge(
    "prewatt_ledger_imbalance_micro",
    "Customer balances plus the utility's postings, which must be zero, in micro-units.",
)
