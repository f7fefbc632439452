"""How each list comes by its rows: a row more, what may change in the rows there are, and the key
that they are ordered by. `test_every_list` wants an entry here for every list it finds."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import asyncpg
from rows import (
    a_billed_meter,
    a_correction,
    a_cut_undo,
    a_deposit,
    a_known_account,
    a_known_meter,
    a_mode_change,
    add_balance_difference,
    add_charge,
    add_command,
    add_condition,
    add_corrected,
    add_correction,
    add_cut_hold,
    add_cut_undo,
    add_day,
    add_debt,
    add_decision,
    add_deposit,
    add_deposit_step,
    add_device,
    add_difference,
    add_door_notice,
    add_door_order,
    add_edit,
    add_entry,
    add_fault,
    add_finding,
    add_inbound_message,
    add_mode_change,
    add_mode_change_step,
    add_notice,
    add_owing,
    add_parked,
    add_parked_notice,
    add_parked_notice_step,
    add_payment,
    add_payment_event,
    add_period,
    add_policy,
    add_protection,
    add_reconnection,
    add_replica,
    add_segment_account,
    add_step,
    add_tariff,
    add_template_text,
    add_unbound,
    add_undone,
    add_waiting_finding,
    add_work_order,
    an_account,
    an_agreed_account,
)
from rows_of_approvals import add_adjustment, add_proposal, add_transfer
from rows_of_bank import OUR_ACCOUNT, add_bank_account, add_bank_file, add_bank_line, add_gap
from rows_of_campaigns import (
    a_campaign,
    add_campaign,
    add_campaign_member,
    add_campaign_step,
)
from rows_of_cuts import (
    a_cut_list,
    add_cut_list,
    add_cut_list_line,
    add_evidence,
    add_prepay_agreement,
    add_procedure,
)
from rows_of_debits import (
    a_debit_file,
    add_debit_answer,
    add_debit_file,
    add_debit_item,
    add_debit_result,
)
from rows_of_hardship import add_hardship_flag, add_hardship_look, add_hardship_policy
from rows_of_mandates import a_mandate, add_mandate, add_mandate_step, add_top_up_request
from rows_of_pay_links import a_pay_link, add_link_payment, add_pay_link
from rows_of_refunds import a_refund, add_refund, add_refund_step, add_unclaimed
from rows_of_settlements import add_payout, add_settlement_difference, add_settlement_file
from rows_of_statements import add_late_charge, add_late_waiver, add_reminder, add_statement
from rows_of_transfers import (
    a_transfer_file,
    add_transfer_answer,
    add_transfer_file,
    add_transfer_item,
    add_transfer_result,
)
from rows_of_vending import (
    a_check,
    a_vendor,
    add_cash_day,
    add_check,
    add_check_line,
    add_funding,
    add_hand_over,
    add_vend,
    add_vendor,
)
from rows_of_webhooks import a_webhook, add_webhook, add_webhook_change, add_webhook_message

Item = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A list of one service. ``add(connection, owner, n)`` adds the n-th row."""

    add: Callable[[asyncpg.Connection, str, int], Awaitable[None]]
    key: Callable[[Item], Any]
    newest_first: bool
    moves: str | None = None
    """SQL that changes what may change in a row."""
    owner: Callable[[asyncpg.Connection], Awaitable[str]] | None = None
    """Makes a new one and gives its id; none where the list has no owner."""
    unknown: str | None = "00000000-0000-7000-8000-000000000000"
    """An owner that nobody knows; none where any may be: the ledger takes readings of any meter
    before it is told where that hangs."""
    query: Mapping[str, str] = field(default_factory=dict)
    """What the list is asked with; ``{owner}`` stands for the owner here as in the path."""
    other_query: Mapping[str, str] | None = None
    """The same list with another filter; none where it takes none."""


def _id(item: Item) -> str:
    return item["id"]


def _meter_id(item: Item) -> str:
    return item["meter_id"]


ELSEWHERE = {"/v1/dead-letters": "libs/common/tests/test_common_replay.py"}
"""Lists that are not in PostgreSQL, and the test that reads them to their end."""

LISTS: Mapping[str, Mapping[str, Listed]] = {
    "prepay_ledger": {
        "/v1/accounts/{account_id}/entries": Listed(
            add=add_entry,
            key=lambda each: (each["journal_id"], each["number"]),
            newest_first=True,
            moves="UPDATE account SET balance_micro = balance_micro - 1",
            owner=an_account,
        ),
        "/v1/accounts/{account_id}/decisions": Listed(
            add=add_decision, key=_id, newest_first=True, owner=an_account
        ),
        "/v1/accounts/{account_id}/commands": Listed(
            add=add_command,
            key=_id,
            newest_first=True,
            moves="UPDATE command SET status = 'sent', detail = detail || '.'",
            owner=an_account,
        ),
        "/v1/accounts/{account_id}/charges": Listed(
            add=add_charge,
            key=lambda each: (each["period_first"], each["agreement_id"]),
            newest_first=True,
            moves="UPDATE charge_state SET version = version + 1",
            owner=an_agreed_account,
        ),
        "/v1/meters/{meter_id}/findings": Listed(
            add=add_finding,
            key=lambda each: each["begin"],
            newest_first=False,
            moves="UPDATE finding SET count = count + 1",
            owner=a_known_meter,
            unknown=None,
        ),
        "/v1/findings": Listed(
            add=add_waiting_finding,
            key=lambda each: (each["meter_id"], each["begin"]),
            newest_first=False,
            moves="UPDATE finding SET count = count + 1",
            query={"check": "VEE-06"},
            other_query={"check": "VEE-06", "stops_cut": "false"},
        ),
        "/v1/meters/{meter_id}/edits": Listed(
            add=add_edit, key=_id, newest_first=False, owner=a_known_meter, unknown=None
        ),
        "/v1/payments": Listed(
            add=add_payment,
            key=_id,
            newest_first=True,
            moves="UPDATE payment SET outcome = 'credited'",
            query={"provider": "demo"},
            other_query={"provider": "demo", "outcome": "suspense"},
        ),
        "/v1/payment-events": Listed(
            add=add_payment_event,
            key=_id,
            newest_first=True,
            moves="UPDATE payment_event SET outcome = 'credited', open = NOT open",
            other_query={"open": "true"},
        ),
        "/v1/accounts/{account_id}/pay-links": Listed(
            add=add_pay_link,
            key=_id,
            newest_first=True,
            owner=an_account,
            unknown=None,
            moves="UPDATE pay_link SET revoked_at = now(), revoked_by = 'w'",
        ),
        "/v1/pay-links/{link_id}/payments": Listed(
            add=add_link_payment,
            key=_id,
            newest_first=True,
            owner=a_pay_link,
            moves="UPDATE link_payment SET state = 'paid', closed_at = now()",
        ),
        "/v1/mandates": Listed(
            add=add_mandate,
            key=_id,
            newest_first=True,
            moves="UPDATE mandate SET failures = failures + 1",
            query={"state": "active"},
            other_query={},
        ),
        "/v1/mandates/{mandate_id}/steps": Listed(
            add=add_mandate_step, key=_id, newest_first=True, owner=a_mandate
        ),
        "/v1/top-up-requests": Listed(
            add=add_top_up_request,
            key=_id,
            newest_first=True,
            moves="UPDATE top_up_request SET sends = sends + 1",
            query={"state": "unanswered"},
            other_query={},
        ),
        "/v1/transfer-files": Listed(
            add=add_transfer_file,
            key=_id,
            newest_first=True,
            moves="UPDATE transfer_file SET lines = lines + 1",
            query={"bank": "p"},
            other_query={"bank": "q"},
        ),
        "/v1/transfer-files/{file_id}/lines": Listed(
            add=add_transfer_item,
            key=lambda each: each["number"],
            newest_first=False,
            owner=a_transfer_file,
        ),
        "/v1/transfer-results": Listed(
            add=add_transfer_result, key=_id, newest_first=True, other_query={"bank": "q"}
        ),
        "/v1/transfer-answers": Listed(
            add=add_transfer_answer,
            key=_id,
            newest_first=True,
            moves="UPDATE transfer_answer SET state = 'otherwise', reason = reason || '.'",
            query={"open": "true"},
            other_query={},
        ),
        "/v1/debit-files": Listed(
            add=add_debit_file,
            key=_id,
            newest_first=True,
            moves="UPDATE debit_file SET lines = lines + 1",
            query={"provider": "p"},
            other_query={"provider": "q"},
        ),
        "/v1/debit-files/{file_id}/lines": Listed(
            add=add_debit_item,
            key=lambda each: each["number"],
            newest_first=False,
            owner=a_debit_file,
        ),
        "/v1/debit-results": Listed(
            add=add_debit_result, key=_id, newest_first=True, other_query={"provider": "q"}
        ),
        "/v1/debit-answers": Listed(
            add=add_debit_answer,
            key=_id,
            newest_first=True,
            moves="UPDATE debit_answer SET state = 'failed', reason = reason || '.'",
            query={"open": "true"},
            other_query={},
        ),
        "/v1/bank/accounts": Listed(
            add=add_bank_account, key=lambda each: each["account"], newest_first=False
        ),
        "/v1/bank/statements": Listed(add=add_bank_file, key=_id, newest_first=True),
        "/v1/bank/gaps": Listed(
            add=add_gap,
            key=_id,
            newest_first=True,
            query={"account": OUR_ACCOUNT},
            other_query={"open": "true"},
        ),
        "/v1/bank/lines": Listed(
            add=add_bank_line,
            key=_id,
            newest_first=True,
            moves="UPDATE bank_line SET state = 'debit', open = NOT open",
            query={"account": OUR_ACCOUNT},
            other_query={"open": "true"},
        ),
        "/v1/settlements": Listed(
            add=add_settlement_file, key=_id, newest_first=True, other_query={"provider": "other"}
        ),
        "/v1/settlements/differences": Listed(
            add=add_settlement_difference,
            key=_id,
            newest_first=True,
            moves="UPDATE settlement_difference SET state = 'asked', reason = reason || '.'",
            query={"provider": "p"},
            other_query={"unresolved": "true"},
        ),
        "/v1/payouts": Listed(
            add=add_payout,
            key=_id,
            newest_first=True,
            moves="UPDATE payout SET state = 'accepted', reason = reason || '.'",
            query={"provider": "p"},
            other_query={"open": "false"},
        ),
        "/v1/vendors": Listed(
            add=add_vendor,
            key=lambda each: each["code"],
            newest_first=False,
            moves="UPDATE vendor SET balance_micro = balance_micro + 1",
        ),
        "/v1/vendors/{code}/fundings": Listed(
            add=add_funding, key=_id, newest_first=True, owner=a_vendor, unknown="nobody-1"
        ),
        "/v1/vends": Listed(
            add=add_vend,
            key=_id,
            newest_first=True,
            moves="INSERT INTO vend_void (id, vend_id, key, who, reason, balance_micro, "
            "business_day, at) SELECT id, id, id::text, 'w', 'r', 0, business_day, now() FROM vend "
            "ON CONFLICT DO NOTHING",
            query={"vendor": "shop-1"},
            other_query={"business_day": "2026-03-01"},
        ),
        "/v1/proposals": Listed(
            add=add_proposal,
            key=_id,
            newest_first=True,
            moves="INSERT INTO proposal_outcome (proposal_id, action, who, reason, at) "
            "SELECT id, 'refused', 'v', 'r', now() FROM proposal ON CONFLICT DO NOTHING",
            query={"kind": "transfer"},
            other_query={"state": "waiting"},
        ),
        "/v1/adjustments": Listed(
            add=add_adjustment,
            key=_id,
            newest_first=True,
            other_query={"account_id": "00000000-0000-0000-0000-000000000001"},
        ),
        "/v1/transfers": Listed(
            add=add_transfer,
            key=_id,
            newest_first=True,
            other_query={"account_id": "00000000-0000-0000-0000-000000000001"},
        ),
        "/v1/account-checks": Listed(
            add=add_check,
            key=_id,
            newest_first=True,
            moves="UPDATE account_check SET open_lines = open_lines + 1",
            other_query={"done": "false"},
        ),
        "/v1/account-checks/{check_id}/lines": Listed(
            add=add_check_line,
            key=_id,
            newest_first=True,
            owner=a_check,
            moves="INSERT INTO account_check_resolution (line_id, key, who, reason, at) "
            "SELECT id, 'k', 'w', 'r', now() FROM account_check_line ON CONFLICT DO NOTHING",
            other_query={"resolved": "false"},
        ),
        "/v1/cash-days": Listed(
            add=add_cash_day,
            key=_id,
            newest_first=True,
            moves="UPDATE cash_day SET expected_micro = expected_micro + 1",
            query={"vendor": "shop-1"},
            other_query={"business_day": "2026-03-01"},
        ),
        "/v1/cash-hand-overs": Listed(
            add=add_hand_over,
            key=_id,
            newest_first=True,
            moves="INSERT INTO cash_receipt (id, hand_over_id, key, received_micro, who, reason, "
            "journal_id, at) SELECT id, id, 'k', 9, 'w', '', 1, now() FROM cash_hand_over "
            "ON CONFLICT DO NOTHING",
            query={"vendor": "shop-1"},
            other_query={},
        ),
        "/v1/tariffs": Listed(
            add=add_tariff,
            key=lambda each: (each["code"], each["valid_from"], each["correction"]),
            newest_first=False,
        ),
        "/v1/corrections": Listed(
            add=add_correction,
            key=_id,
            newest_first=True,
            moves="UPDATE correction_run SET state = 'withdrawn', withdrawn_at = now()",
        ),
        "/v1/corrections/{run_id}/accounts": Listed(
            add=add_corrected,
            key=lambda each: each["account_id"],
            newest_first=False,
            moves="UPDATE correction_account SET new_charge_micro = new_charge_micro + 1",
            owner=a_correction,
            other_query={"newly_negative": "true"},
        ),
        "/v1/policies": Listed(
            add=add_policy,
            key=_id,
            newest_first=True,
            moves="UPDATE policy_draft SET effective_from = now()",
        ),
        "/v1/protected-periods": Listed(
            add=add_period,
            key=_id,
            newest_first=True,
            moves="UPDATE protected_period SET ends_at = ends_at + interval '1 second'",
        ),
        "/v1/accounts/{account_id}/protections": Listed(
            add=add_protection,
            key=_id,
            newest_first=True,
            moves="UPDATE account_protection SET ends_at = ends_at + interval '1 second'",
            owner=an_account,
        ),
        "/v1/procedures": Listed(
            add=add_procedure,
            key=_id,
            newest_first=True,
            moves="UPDATE procedure_draft SET state = 'withdrawn', decided_at = now()",
        ),
        "/v1/cut-lists": Listed(
            add=add_cut_list,
            key=_id,
            newest_first=True,
            moves="UPDATE cut_list SET state = 'stopped', stopped_at = now()",
        ),
        "/v1/cut-lists/{list_id}/lines": Listed(
            add=add_cut_list_line,
            key=lambda each: each["number"],
            newest_first=False,
            moves="UPDATE cut_list_line SET state = 'done', at = now()",
            owner=a_cut_list,
        ),
        "/v1/accounts/{account_id}/prepay-agreements": Listed(
            add=add_prepay_agreement,
            key=lambda each: each["version"],
            newest_first=True,
            owner=an_account,
        ),
        "/v1/accounts/{account_id}/procedure-steps": Listed(
            add=add_evidence, key=_id, newest_first=True, owner=an_account
        ),
        "/v1/debts": Listed(
            add=add_debt,
            key=_id,
            newest_first=True,
            moves="UPDATE debt SET paid_micro = paid_micro + 1 WHERE paid_micro < amount_micro",
            query={},
            other_query={"open": "true"},
        ),
        "/v1/mode-changes": Listed(
            add=add_mode_change,
            key=_id,
            newest_first=True,
            moves="UPDATE mode_change SET state = 'cancelled'",
            query={},
            other_query={"open": "true"},
        ),
        "/v1/mode-changes/{change_id}/steps": Listed(
            add=add_mode_change_step, key=_id, newest_first=True, owner=a_mode_change
        ),
        "/v1/deposits": Listed(
            add=add_deposit,
            key=_id,
            newest_first=True,
            moves="UPDATE deposit SET released_micro = 1",
            query={},
            other_query={"open": "true"},
        ),
        "/v1/deposits/{deposit_id}/steps": Listed(
            add=add_deposit_step, key=_id, newest_first=True, owner=a_deposit
        ),
        "/v1/arrears": Listed(
            add=add_owing,
            key=lambda each: each["account_id"],
            newest_first=False,
            moves="UPDATE account SET balance_micro = balance_micro - 1",
        ),
        "/v1/statements": Listed(
            add=add_statement,
            key=lambda each: each["number"],
            newest_first=True,
            query={},
            other_query={"account_id": "0193a1c0-7c1e-7a52-9f0e-2b6c1d3e4f50"},
        ),
        "/v1/late-charges": Listed(
            add=add_late_charge,
            key=_id,
            newest_first=True,
            query={},
            other_query={"account_id": "0193a1c0-7c1e-7a52-9f0e-2b6c1d3e4f50"},
        ),
        "/v1/late-charge-waivers": Listed(
            add=add_late_waiver,
            key=_id,
            newest_first=True,
            query={},
            other_query={"account_id": "0193a1c0-7c1e-7a52-9f0e-2b6c1d3e4f50"},
        ),
        "/v1/payment-reminders": Listed(
            add=add_reminder,
            key=_id,
            newest_first=True,
            query={},
            other_query={"account_id": "0193a1c0-7c1e-7a52-9f0e-2b6c1d3e4f50"},
        ),
        "/v1/refunds": Listed(
            add=add_refund,
            key=_id,
            newest_first=True,
            moves="UPDATE refund SET state = 'cancelled'",
            query={},
            other_query={"state": "in-transit"},
        ),
        "/v1/refunds/{refund_id}/steps": Listed(
            add=add_refund_step, key=_id, newest_first=True, owner=a_refund
        ),
        "/v1/unclaimed-balances": Listed(
            add=add_unclaimed,
            key=lambda each: each["account_id"],
            newest_first=False,
            moves="UPDATE account SET balance_micro = balance_micro + 1",
        ),
        "/v1/work-orders": Listed(
            add=add_work_order,
            key=_id,
            newest_first=True,
            moves="UPDATE work_order SET closed_at = now(), closed_by = 'w', result = 'done', "
            "note = 'n'",
            query={"kind": "paid_but_dark"},
            other_query={},
        ),
        "/v1/reconnections": Listed(
            add=add_reconnection,
            key=_id,
            newest_first=True,
            moves="UPDATE reconnection SET closed_at = now(), load_at = now(), done_at = now() "
            "WHERE done_at IS NULL",
            query={"late": "false"},
            other_query={},
        ),
        "/v1/cut-holds": Listed(
            add=add_cut_hold,
            key=_id,
            newest_first=True,
            moves="INSERT INTO cut_hold_end (hold_id, ended_by, reason, at) "
            "SELECT id, 'w', 'r', now() FROM cut_hold ON CONFLICT DO NOTHING",
            other_query={"active": "true"},
        ),
        "/v1/conditions": Listed(
            add=add_condition,
            key=_id,
            newest_first=True,
            moves="INSERT INTO condition_end (condition_id, ended_by, reason, at) "
            "SELECT id, 'w', 'r', now() FROM condition ON CONFLICT DO NOTHING",
            other_query={"active": "true"},
        ),
        "/v1/cut-undos": Listed(
            add=add_cut_undo,
            key=_id,
            newest_first=True,
            moves="UPDATE cut_undo SET state = 'withdrawn', withdrawn_at = now()",
        ),
        "/v1/cut-undos/{undo_id}/accounts": Listed(
            add=add_undone,
            key=lambda each: each["account_id"],
            newest_first=False,
            moves="UPDATE account SET balance_micro = balance_micro - 1",
            owner=a_cut_undo,
        ),
        "/v1/unbound-readings": Listed(
            add=add_unbound,
            key=_meter_id,
            newest_first=False,
            moves="UPDATE unbound_reading SET import_wh = import_wh + 10, kept_at = now()",
        ),
        "/v1/parked-meter-steps": Listed(
            add=add_step,
            key=_id,
            newest_first=True,
            query={"meter_id": "m-1"},
            other_query={},
        ),
        "/v1/parked-meters": Listed(
            add=add_parked,
            key=_meter_id,
            newest_first=False,
            moves="UPDATE parked_reading SET import_wh = import_wh + 10",
        ),
    },
    "meter_gateway": {
        "/v1/devices": Listed(
            add=add_device,
            key=_meter_id,
            newest_first=False,
            moves="UPDATE device SET presence = 'online', presence_at = now()",
        ),
        "/v1/meter-faults": Listed(
            add=add_fault,
            key=_meter_id,
            newest_first=False,
            moves="UPDATE meter_fault SET messages = messages + 1, last_at = now()",
            query={"fault": "payload"},
            other_query={"fault": "clock"},
        ),
        "/v1/replicas": Listed(
            add=add_replica,
            key=lambda each: each["name"],
            newest_first=False,
            moves="UPDATE replica SET seen_at = now()",
        ),
    },
    "notifier": {
        "/v1/notices": Listed(
            add=add_notice,
            key=lambda each: each["created_at"],
            newest_first=True,
            moves="UPDATE notice SET attempts = attempts + 1, reason = 'busy', "
            "next_attempt_at = now()",
            owner=a_known_account,
            query={"account_id": "{owner}"},
        ),
        "/v1/parked-notices": Listed(
            add=add_parked_notice,
            key=lambda each: each["notice_id"],
            newest_first=False,
            moves="UPDATE parked_notice SET error = 'another'",
        ),
        "/v1/parked-notice-steps": Listed(add=add_parked_notice_step, key=_id, newest_first=True),
        "/v1/door-notices": Listed(
            add=add_door_notice,
            key=_id,
            newest_first=True,
            owner=a_known_account,
            query={"account_id": "{owner}"},
        ),
        "/v1/door-orders": Listed(
            add=add_door_order,
            key=_id,
            newest_first=True,
            moves="UPDATE door_order SET ended_as = 'lapsed', ended_at = now()",
        ),
        "/v1/webhooks": Listed(
            add=add_webhook,
            key=_id,
            newest_first=True,
            moves="UPDATE webhook SET status = 'paused', since = now()",
        ),
        "/v1/webhooks/{webhook_id}/changes": Listed(
            add=add_webhook_change, key=_id, newest_first=True, owner=a_webhook
        ),
        "/v1/webhooks/{webhook_id}/messages": Listed(
            add=add_webhook_message,
            key=lambda each: each["made_at"],
            newest_first=True,
            moves="UPDATE webhook_message SET attempts = attempts + 1, answer = '500'",
            owner=a_webhook,
        ),
        "/v1/campaigns": Listed(
            add=add_campaign,
            key=_id,
            newest_first=True,
            moves="UPDATE campaign SET state = 'cancelled', ended_at = now()",
        ),
        "/v1/campaigns/{campaign_id}/steps": Listed(
            add=add_campaign_step, key=_id, newest_first=True, owner=a_campaign
        ),
        "/v1/campaigns/{campaign_id}/audience": Listed(
            add=add_campaign_member,
            key=lambda each: each["number"],
            newest_first=False,
            moves="UPDATE campaign_member SET state = 'skipped', skipped_for = 'cancelled', "
            "settled_at = now()",
            owner=a_campaign,
        ),
        "/v1/inbound-messages": Listed(
            add=add_inbound_message,
            key=lambda each: each["heard_at"],
            newest_first=True,
            moves="UPDATE inbound_message SET attempts = attempts + 1",
            owner=a_known_account,
            query={"account_id": "{owner}"},
            unknown=None,
        ),
        "/v1/templates": Listed(
            add=add_template_text,
            key=lambda each: each["id"],
            newest_first=True,
            moves="UPDATE template_text SET withdrawn_by = 'x', withdraw_reason = 'r', "
            "withdrawn_at = now()",
        ),
    },
    "billing": {
        "/v1/meters/{meter_id}/days": Listed(
            add=add_day,
            key=lambda each: (each["day"], each["agreement_id"]),
            newest_first=True,
            moves="UPDATE meter_day SET changed_at = now()",
            owner=a_billed_meter,
            unknown="m-nobody",
        ),
        "/v1/reconciliation/{month}": Listed(
            add=add_difference,
            key=lambda each: each["agreement_id"],
            newest_first=False,
            moves="UPDATE comparison SET their_total_micro = their_total_micro + 1, "
            "compared_at = now()",
            owner=None,
            query={"kind": "missing_in_billing"},
            other_query={},
        ),
        "/v1/hardship/flags": Listed(
            add=add_hardship_flag,
            key=_id,
            newest_first=True,
            moves="UPDATE hardship_flag SET last_true_day = last_true_day + 1",
            other_query={"level": "likely"},
        ),
        "/v1/hardship/looks": Listed(add=add_hardship_look, key=_id, newest_first=True),
        "/v1/hardship/policies": Listed(
            add=add_hardship_policy, key=lambda each: each["version"], newest_first=True
        ),
        "/v1/segments/accounts": Listed(
            add=add_segment_account,
            key=lambda each: each["account_id"],
            newest_first=False,
            moves="UPDATE agreement SET revision = revision + 1",
            query={"as_of": "2026-03-01"},
            other_query={"as_of": "2026-03-01", "tariff": "home"},
        ),
        "/v1/balance-differences": Listed(
            add=add_balance_difference,
            key=lambda each: each["account_id"],
            newest_first=False,
            moves="UPDATE balance_difference SET theirs_micro = theirs_micro + 1, "
            "changed_at = now()",
            owner=None,
        ),
    },
}
