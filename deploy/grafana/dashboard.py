"""The operators' dashboard, as code. Writes dashboards/prewatt.json; ``--check`` compares only.

A panel is a title, a unit, a shape and its queries: everything else about Grafana's JSON is the
same for all panels and stands once, at the end.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

OUTPUT = Path(__file__).parent / "dashboards" / "prewatt.json"
COLUMNS = 24


@dataclass(frozen=True)
class Query:
    """One PromQL expression and what its series are called (``{{label}}`` is filled in)."""

    expr: str
    legend: str = ""


@dataclass(frozen=True)
class Panel:
    """``unit`` is Grafana's id of it; ``alarm_above`` turns a single number red beyond it."""

    title: str
    queries: tuple[Query, ...]
    unit: str = "short"
    shape: Literal["stat", "timeseries"] = "timeseries"
    width: int = 8
    alarm_above: int | None = None
    description: str = ""


def number(title: str, expr: str, *, alarm_above: int | None = None) -> Panel:
    """A single current value."""
    return Panel(title, (Query(expr),), "short", "stat", width=4, alarm_above=alarm_above)


def rate(metric: str, *, by: str) -> Query:
    """Events per second, a series for each value of the label(s)."""
    legend = " ".join("{{" + label + "}}" for label in by.split(", "))
    return Query(f"sum by ({by}) (rate({metric}[$__rate_interval]))", legend)


def quantiles(histogram: str, *, where: str = "") -> tuple[Query, ...]:
    """p50, p95 and p99 over all instances."""
    selector = f"{{{where}}}" if where else ""
    return tuple(
        Query(
            f"histogram_quantile({q}, sum by (le) "
            f"(rate({histogram}_bucket{selector}[$__rate_interval])))",
            f"p{q * 100:g}",
        )
        for q in (0.5, 0.95, 0.99)
    )


DIFFERENCES = "sum(max by (month, kind) (prewatt_billing_reconciliation_differences))"
"""What a database says, every replica exports: max over them, and only then a sum."""

ROWS: tuple[tuple[Panel, ...], ...] = (
    (
        number(
            "Readings per second", "sum(rate(prewatt_gateway_readings_total[$__rate_interval]))"
        ),
        number("Meters online", "max(prewatt_gateway_meters_online)"),
        number("Records behind", "sum(prewatt_consumer_lag_records)", alarm_above=10_000),
        number("Balances below zero", "max(prewatt_ledger_accounts_below_zero)"),
        number(
            "Ledger and billing differ on",
            DIFFERENCES,
            alarm_above=0,
        ),
        number(
            "Ledger's sum, micro-units", "max(abs(prewatt_ledger_imbalance_micro))", alarm_above=0
        ),
    ),
    (
        Panel(
            "Readings",
            (
                Query("sum(rate(prewatt_gateway_readings_total[$__rate_interval]))", "accepted"),
                Query(
                    "sum by (reason) (rate(prewatt_gateway_rejected_total[$__rate_interval]))",
                    "rejected: {{reason}}",
                ),
            ),
            "cps",
        ),
        Panel(
            "Consumer lag",
            (Query("sum by (group, topic) (prewatt_consumer_lag_records)", "{{group}} {{topic}}"),),
        ),
        Panel(
            "Records processed", (rate("prewatt_consumer_records_total", by="group, topic"),), "cps"
        ),
    ),
    (
        Panel(
            "Latency: meter's reading until acknowledged",
            quantiles("prewatt_gateway_ingest_seconds"),
            "s",
            description="From the broker's delivery to the PUBACK, after Kafka has the reading.",
        ),
        Panel(
            "Latency: reading until charged",
            quantiles("prewatt_ledger_reading_to_post_seconds"),
            "s",
            description="From the gateway's receipt to the ledger's commit.",
        ),
        Panel(
            "Latency: consumer batch, p95",
            (
                Query(
                    "histogram_quantile(0.95, sum by (group, le) "
                    "(rate(prewatt_consumer_batch_seconds_bucket[$__rate_interval])))",
                    "{{group}}",
                ),
            ),
            "s",
        ),
    ),
    (
        Panel(
            "Latency: cause until relay open",
            quantiles("prewatt_ledger_command_seconds", where='action="disconnect"'),
            "s",
            width=6,
        ),
        Panel(
            "Latency: payment until relay closed",
            quantiles("prewatt_ledger_command_seconds", where='action="reconnect"'),
            "s",
            description="Alert above one second.",
            width=6,
        ),
        Panel(
            "Cuts and reconnections, confirmed by the meter, per minute",
            (
                Query(
                    "60 * sum by (action) "
                    "(rate(prewatt_ledger_supply_changes_total[$__rate_interval]))",
                    "{{action}}",
                ),
            ),
            width=6,
        ),
        Panel(
            "Meters by command key",
            (
                Query("max by (key_id) (prewatt_ledger_meters_on_command_key)", "hold {{key_id}}"),
                Query("max(prewatt_ledger_meters_without_newest_command_key)", "without newest"),
                Query(
                    "sum(rate(prewatt_gateway_key_messages_sent_total[$__rate_interval]))",
                    "key messages/s",
                ),
            ),
            description="`prewatt keys status` names those without the newest.",
            width=6,
        ),
    ),
    (
        Panel(
            "Latency: cause until relay closed, after a cut",
            quantiles("prewatt_ledger_reconnection_seconds", where='stage="caused_closed"'),
            "s",
            description="Of reconnections that wait for nobody's button. Exact figures, also of "
            "days ago: GET /v1/reconnections/summary at the ledger.",
            width=6,
        ),
        Panel(
            "Reconnections: p99 of each stage",
            (
                Query(
                    "histogram_quantile(0.99, sum by (stage, le) "
                    "(rate(prewatt_ledger_reconnection_seconds_bucket[$__rate_interval])))",
                    "{{stage}}",
                ),
            ),
            "s",
            width=6,
        ),
        Panel(
            "Late reconnections, and open work orders",
            (
                Query(
                    "sum by (stage) (increase(prewatt_ledger_reconnections_late_total[1h]))",
                    "late in an hour, stuck: {{stage}}",
                ),
                Query("max by (kind) (prewatt_ledger_work_orders_open)", "order: {{kind}}"),
                Query(
                    "sum(increase(prewatt_ledger_site_code_readings_total[1h]))",
                    "codes for the site read in an hour",
                ),
            ),
            description="GET /v1/reconnections?late=true and GET /v1/work-orders?open=true at the "
            "ledger list them; who read a code is kept with it.",
            width=6,
        ),
        Panel(
            "For how long the oldest work order has been open",
            (Query("max by (kind) (prewatt_ledger_work_order_age_seconds)", "{{kind}}"),),
            "s",
            width=6,
        ),
    ),
    (
        Panel(
            "Accounts by supply state",
            (Query("max by (supply_state) (prewatt_ledger_accounts)", "{{supply_state}}"),),
            width=6,
        ),
        Panel(
            "Cuts that are held",
            (
                Query("max by (by) (prewatt_ledger_cut_holds)", "holds by {{by}}"),
                Query("max(prewatt_ledger_cuts_waiting)", "accounts that wait to be cut"),
                Query(
                    "(time() - max(prewatt_ledger_cut_hold_since_timestamp_seconds > 0)) / 3600",
                    "hours that people's oldest hold has stood",
                ),
                Query(
                    "max by (kind) (prewatt_ledger_condition_age_seconds) / 3600 > 0",
                    "hours of the oldest {{kind}}",
                ),
            ),
            description="`prewatt cuts status` says by whom, of whom and why. Accounts wait for a "
            "later minute, or until a hold ends; reconnections are never held.",
            width=6,
        ),
        Panel(
            "Balances below zero",
            (Query("max(prewatt_ledger_accounts_below_zero)", "accounts"),),
            width=6,
        ),
        Panel(
            "Top-ups",
            (rate("prewatt_ledger_topups_total", by="provider, outcome"),),
            "cps",
            width=6,
        ),
    ),
    (
        Panel(
            "Commands at the gateway",
            (rate("prewatt_gateway_commands_total", by="action, status"),),
            "cps",
            width=6,
        ),
        Panel(
            "Notices, and channels that are down (1)",
            (
                rate("prewatt_notifier_notices_total", by="channel, outcome"),
                rate("prewatt_notifier_attempts_total", by="channel, outcome"),
                Query("max by (channel) (prewatt_notifier_channel_down)", "{{channel}} is down"),
                Query("max(prewatt_notifier_parked_notices)", "parked notices"),
                Query("max(prewatt_notifier_door_orders_open)", "doors to go to"),
                Query("max(prewatt_notifier_door_orders_waiting_seconds)", "a door waits (s)"),
                rate("prewatt_notifier_door_orders_total", by="outcome"),
                Query("1 - min by (centre) (prewatt_notifier_smpp_bound)", "{{centre}} unbound"),
                rate("prewatt_notifier_text_fallbacks_total", by="template, language, why"),
                rate("prewatt_notifier_webhook_attempts_total", by="outcome"),
                Query(
                    "sum(rate(prewatt_notifier_webhook_expired_total[$__rate_interval]))",
                    "webhook messages given up",
                ),
                Query("max by (webhook) (prewatt_notifier_webhook_down)", "{{webhook}} is down"),
                rate("prewatt_notifier_inbound_total", by="word, outcome"),
                Query("max(prewatt_notifier_inbound_waiting_seconds)", "customer waits (s)"),
            ),
            "cps",
            width=6,
        ),
        Panel(
            "Cost of SMS a day",
            (
                Query(
                    "sum by (currency) (increase(prewatt_notifier_cost_micro_total[1d])) / 1e6",
                    "{{currency}}",
                ),
            ),
            "short",
            width=6,
        ),
        Panel(
            "Reconciliation: what differs, and what is not compared yet",
            (
                Query(DIFFERENCES, "periods that differ"),
                Query(
                    'max(prewatt_billing_balance_differences{kind="differs"})',
                    "balances that differ",
                ),
                Query("max(prewatt_billing_reconciliation_waiting)", "not compared yet"),
            ),
            width=6,
        ),
    ),
    (
        Panel(
            "Campaigns: accounts told, left out to compare with, or skipped",
            (rate("prewatt_notifier_campaign_members_total", by="outcome"),),
            "cps",
            width=12,
        ),
        Panel(
            "Campaigns at work, and for how many minutes one has told nobody",
            (
                Query("max by (state) (prewatt_notifier_campaigns)", "{{state}}"),
                Query("max(prewatt_notifier_campaign_silent_seconds) / 60", "silent (min)"),
            ),
            width=12,
        ),
    ),
    (
        Panel(
            "Archive: readings that wait for their files",
            (Query("max(prewatt_billing_archive_waiting_readings)", "readings"),),
            description="In billing's database meanwhile, so that none is lost.",
        ),
        Panel(
            "Billing: how long the oldest has waited",
            (
                Query("max(prewatt_billing_archive_behind_seconds)", "reading, for its file"),
                Query(
                    "max(prewatt_billing_reconciliation_behind_seconds)", "change, to be compared"
                ),
            ),
            "s",
        ),
        Panel(
            "Archive: merges, and damaged places",
            (
                Query("sum(increase(prewatt_billing_archive_merged_total[1h]))", "merges an hour"),
                Query("max(prewatt_billing_archive_damaged_places)", "damaged"),
            ),
        ),
    ),
    (
        Panel(
            "Night: what differs, and what was not rated by SQL",
            (
                Query("max(prewatt_billing_night_differences)", "periods that differ"),
                Query("max(prewatt_billing_night_odd_meters)", "meters by scalar code"),
                Query("max(prewatt_billing_night_left_agreements)", "agreements that moved"),
            ),
            description="Everything is rated again once a night, from the archive, old months too.",
        ),
        Panel(
            "Night: rated again",
            (
                Query("max(prewatt_billing_night_agreements)", "agreements"),
                Query("max(prewatt_billing_night_readings)", "readings"),
            ),
        ),
        Panel(
            "Night: how long it works, and since when none has finished",
            (
                Query("max(prewatt_billing_night_seconds)", "work"),
                Query(
                    "time() - max(prewatt_billing_night_finished_timestamp_seconds)",
                    "since the last",
                ),
            ),
            "s",
        ),
    ),
    (
        Panel(
            "Hardship: households shown to people",
            (
                Query(
                    "max by (level, dealt_with) (prewatt_billing_hardship_flags)",
                    "{{level}}, dealt with: {{dealt_with}}",
                ),
                Query("max(prewatt_billing_hardship_raised)", "new in the last look"),
                Query("max(prewatt_billing_hardship_ended)", "ended in the last look"),
            ),
            description="Households that may go without for want of money: to call, never to cut.",
        ),
        Panel(
            "Hardship: looked at",
            (Query("max(prewatt_billing_hardship_accounts)", "households"),),
        ),
        Panel(
            "Hardship: how long it works, since when none has finished, and who waits longest",
            (
                Query("max(prewatt_billing_hardship_seconds)", "work"),
                Query(
                    "time() - (max(prewatt_billing_hardship_finished_timestamp_seconds) > 0)",
                    "since the last",
                ),
                Query(
                    "time() - (max(prewatt_billing_hardship_waiting_since_timestamp_seconds) > 0)",
                    "waits for a person",
                ),
            ),
            "s",
        ),
    ),
    (
        Panel(
            "Dead letters",
            (Query("sum by (topic, reason) (prewatt_dead_letters_total)", "{{topic}} {{reason}}"),),
            description="Since each service's start. Any is worth a look: see the runbook.",
        ),
        Panel(
            "Outbox: waiting for Kafka",
            (Query("max by (job) (prewatt_outbox_pending)", "{{job}}"),),
        ),
        Panel(
            "Events published; readings in flight",
            (
                rate("prewatt_outbox_published_total", by="topic"),
                Query("sum(prewatt_gateway_in_flight)", "readings in flight"),
            ),
        ),
    ),
    (
        Panel(
            "Findings about readings, by check",
            (Query("max by (check) (prewatt_ledger_findings) > 0", "{{check}}"),),
            description="Those that nobody has looked at: GET /v1/findings?stops_cut=false at the "
            "ledger names them, libs/metering/README.md says what each check is.",
        ),
        Panel(
            "The daily look at meters",
            (
                Query(
                    "sum by (outcome) (rate(prewatt_ledger_looks_total[5m]))",
                    "{{outcome}} a second",
                ),
                Query("max(prewatt_ledger_look_days_behind)", "days behind"),
            ),
            description="Ordinary: a glance was enough. Odd: what is stored of the meter raises; "
            "the ledger's log names it.",
        ),
        Panel(
            "Estimates of silent meters",
            (
                Query(
                    "sum by (outcome) (rate(prewatt_ledger_estimates_total[5m]))",
                    "{{outcome}} accounts a second",
                ),
                Query("max(prewatt_ledger_estimate_days_behind)", "days behind"),
            ),
            description="The daily run. Odd: what is stored of the account raises; the ledger's "
            "log names it.",
        ),
    ),
    (
        Panel(
            "Debts: owed apart from balances",
            (
                Query(
                    "max by (currency) (prewatt_ledger_debts_outstanding_micro) / 1e6",
                    "{{currency}}",
                ),
                Query("max(prewatt_ledger_debt_news_age_seconds)", "untold for, s"),
                Query("max by (ends) (prewatt_ledger_guarantees)", "guarantees that end: {{ends}}"),
                Query("max by (way) (prewatt_ledger_refund_age_seconds)", "refund ({{way}}), s"),
                Query("max(prewatt_ledger_refunds_unanswered)", "refunds without an answer"),
                Query("max(prewatt_ledger_unclaimed_balances)", "unclaimed balances"),
                Query("max(prewatt_ledger_mode_change_waiting_seconds)", "mode change waits, s"),
                Query("max(prewatt_ledger_proposal_waiting_seconds)", "proposal waits, s"),
                Query(
                    "sum by (work) (increase(prewatt_ledger_left_out_total[1h]))",
                    "left out an hour: {{work}}",
                ),
            ),
            description="By corrected bills, which start no cut; GET /v1/debts?open=true lists "
            "them.",
            width=12,
        ),
        Panel(
            "Bank lines, settlements and cash on their way",
            (
                Query(
                    "max by (waits_for) (prewatt_ledger_bank_line_age_seconds)",
                    "a bank line waits for {{waits_for}}, s",
                ),
                Query("max(prewatt_ledger_cash_on_its_way_seconds)", "cash not received, s"),
                Query(
                    "max by (provider) (prewatt_ledger_settlement_difference_age_seconds)",
                    "{{provider}} settled otherwise for, s",
                ),
                Query(
                    "max by (waits_for) (prewatt_ledger_debit_age_seconds)",
                    "a batch debit waits for {{waits_for}}, s",
                ),
                Query(
                    "max(prewatt_ledger_transfer_answer_age_seconds)",
                    "a refund that the bank did not pay waits for a person, s",
                ),
                Query(
                    "max by (how) (prewatt_ledger_bank_statements_missing)",
                    "statements missing: {{how}}",
                ),
                Query(
                    "max by (provider) (prewatt_ledger_payouts_open)",
                    "payouts of {{provider}} not at the bank",
                ),
                Query(
                    "sum by (state) (increase(prewatt_ledger_bank_lines_total[1h]))",
                    "lines an hour: {{state}}",
                ),
            ),
            description="The oldest of each. GET /v1/bank/lines?open=true, "
            "GET /v1/settlements/differences?unresolved=true, GET /v1/payouts?open=true and "
            "GET /v1/cash-hand-overs?received=false list them.",
            width=12,
        ),
    ),
    (
        Panel(
            "Automatic top-ups, forecasts",
            (
                Query("max(prewatt_ledger_forecast_days_behind)", "forecasts behind, days"),
                Query(
                    "max by (state) (prewatt_ledger_top_up_request_age_seconds)",
                    "the oldest {{state}}, s",
                ),
                Query(
                    "sum by (state) (increase(prewatt_ledger_top_up_requests_total[1h]))",
                    "an hour: {{state}}",
                ),
                Query("max by (state) (prewatt_ledger_mandates)", "mandates {{state}}"),
                Query(
                    "sum by (state) (increase(prewatt_ledger_link_payments_total[1h]))",
                    "an hour, by links: {{state}}",
                ),
                Query(
                    "sum by (route) (increase(prewatt_rate_limited_total[1h]))",
                    "an hour, came too often: {{route}}",
                ),
            ),
            description="GET /v1/top-up-requests?state=unanswered lists what a person has to look "
            "at.",
            width=24,
        ),
    ),
    (
        Panel(
            "Meters that send nothing usable",
            (
                Query("max by (fault) (prewatt_gateway_faulty_meters)", "{{fault}}, in all"),
                Query(
                    "max by (fault, meter_id) (prewatt_gateway_faulty_meter)",
                    "{{fault}} {{meter_id}}",
                ),
            ),
            description="GET /v1/meter-faults at the gateway names them.",
            width=6,
        ),
        Panel(
            "Meters whose readings no installation covers",
            (
                Query("max by (reason) (prewatt_ledger_unbound_meters)", "{{reason}}, in all"),
                Query(
                    "max by (reason, meter_id) (prewatt_ledger_unbound_meter)",
                    "{{reason}} {{meter_id}}",
                ),
                Query("max(prewatt_ledger_unbound_readings)", "readings kept in all"),
            ),
            description="GET /v1/unbound-readings at the ledger names them.",
            width=6,
        ),
        Panel(
            "Meters that wait for a person",
            (
                Query("max(prewatt_ledger_parked_meters)", "parked in all; beyond ten all stops"),
                Query("max by (meter_id) (prewatt_ledger_parked_meter)", "parked {{meter_id}}"),
                Query("max(prewatt_ledger_findings_waiting)", "findings that hold a cut"),
                Query(
                    "max(prewatt_ledger_correction_agreements_left)",
                    "agreements a correction run has still to come to",
                ),
                Query(
                    "max(prewatt_ledger_corrections_in_trouble)",
                    "correction runs that cannot charge an agreement",
                ),
            ),
            description="Parked: their readings raise and are not charged; GET /v1/parked-meters "
            "at the ledger names them, with the error. Findings: GET /v1/findings.",
            width=6,
        ),
        Panel(
            "Broker: messages held, and dropped within the last hour",
            (
                Query("max by (broker) (prewatt_gateway_broker_queued_messages)", "held"),
                Query(
                    "max by (broker) (prewatt_gateway_broker_dropped_messages) and on (broker) "
                    "time() - max by (broker) (prewatt_gateway_broker_dropped_timestamp_seconds) "
                    "< 3600",
                    "dropped",
                ),
            ),
            description="Mosquitto's own figures.",
            width=6,
        ),
    ),
    (
        Panel(
            "Gateway replicas: seconds since each was seen",
            (Query("min by (replica) (prewatt_gateway_replica_silent_seconds)", "{{replica}}"),),
            "s",
        ),
        Panel(
            "Topics that Kafka may remove records of",
            (Query("max by (topic) (prewatt_topic_history_limited)", "{{topic}}"),),
        ),
        Panel(
            "Time zone data in use: processes",
            (
                Query("count by (version) (prewatt_zone_data_info)", "{{version}}"),
                Query("max(prewatt_zone_data_behind)", "older than its database"),
            ),
        ),
    ),
    (
        Panel(
            "Consumers: 1 runs, 0 has stopped",
            (
                Query(
                    "min by (job, instance, consumer) (prewatt_consuming)",
                    "{{consumer}} {{instance}}",
                ),
                Query(
                    "max by (group, reason) (prewatt_consumer_stopped) > 0",
                    "{{group}} stopped: {{reason}}",
                ),
            ),
            description="Stopped: it does not pass by itself; each reason has an alert.",
        ),
        Panel(
            "Dependencies: 1 answers, 0 is away",
            (Query("min by (job, dependency) (prewatt_dependency_up)", "{{job}}: {{dependency}}"),),
        ),
        Panel(
            "Payment events that wait for a person",
            (Query("max by (outcome) (prewatt_ledger_payment_events_unhandled)", "{{outcome}}"),),
            description="GET /v1/payment-events at the ledger lists them.",
        ),
    ),
)


def panel_json(panel: Panel, *, number: int, x: int, y: int, height: int) -> dict[str, Any]:
    """The panel as Grafana's file format wants it."""
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if panel.alarm_above is not None:
        # Thresholds hold from the value on; the smallest step above it is one.
        steps.append({"color": "red", "value": panel.alarm_above + 1})
    return {
        "id": number,
        "type": panel.shape,
        "title": panel.title,
        "description": panel.description,
        "datasource": {"type": "prometheus", "uid": "prometheus"},
        "gridPos": {"x": x, "y": y, "w": panel.width, "h": height},
        "fieldConfig": {
            "defaults": {
                "unit": panel.unit,
                "min": 0,
                "thresholds": {"mode": "absolute", "steps": steps},
            },
            "overrides": [],
        },
        "targets": [
            {"refId": chr(ord("A") + i), "expr": query.expr, "legendFormat": query.legend}
            for i, query in enumerate(panel.queries)
        ],
    }


def dashboard() -> dict[str, Any]:
    """The whole dashboard, rows from top to bottom."""
    panels: list[dict[str, Any]] = []
    y = 0
    for row in ROWS:
        height = 4 if row[0].shape == "stat" else 8
        x = 0
        for panel in row:
            panels.append(panel_json(panel, number=len(panels) + 1, x=x, y=y, height=height))
            x += panel.width
        assert x == COLUMNS, f"the row of {row[0].title!r} is {x} columns wide, not {COLUMNS}"
        y += height
    return {
        "uid": "prewatt",
        "title": "Prewatt",
        "tags": ["prewatt"],
        "timezone": "browser",
        "schemaVersion": 39,
        "refresh": "5s",
        "time": {"from": "now-30m", "to": "now"},
        "panels": panels,
    }


def rendered() -> str:
    """The committed file's text."""
    return json.dumps(dashboard(), indent=2) + "\n"


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        if OUTPUT.read_text(encoding="utf-8") != rendered():
            sys.exit(f"{OUTPUT} is stale: run python {Path(__file__).name} and commit the result")
    else:
        OUTPUT.write_text(rendered(), encoding="utf-8")
