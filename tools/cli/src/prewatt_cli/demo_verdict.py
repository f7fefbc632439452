"""What the demo ends with: whether the books agree, and what came of the register that glitched."""

import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from prewatt_cli.demo_view import View
from prewatt_cli.payments import decimal_from
from prewatt_cli.target import Target
from prewatt_cli.utility import CURRENCY
from prewatt_simulator import Fleet
from prewatt_simulator.inventory import Household

AGREES_TIMEOUT_S = 30.0
_KINDS = (
    "compared", "agrees", "in_flight", "differs", "missing_in_ledger", "missing_in_billing",
    "not_rateable", "waiting",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the demo ends with. ``problems`` is empty if all went as it must."""

    lines: tuple[str, ...]
    problems: tuple[str, ...]


def verdict(
    *, target: Target, fleet: Fleet, view: View, glitching: Household, months: Sequence[str]
) -> Verdict:
    """Look at everything once more. ``months``: those whose periods the show touched."""
    published = fleet.summary().published
    reconciled = _reconciled(target, months)
    problems: list[str] = []
    with target.client("prepay-ledger") as ledger:
        totals = ledger.get("/v1/totals").raise_for_status().json()
        glitch = _of_the_glitch(ledger, fleet, glitching)
    problems += glitch.problems
    if totals["imbalance_micro"] or totals["entries_differ_micro"]:
        problems.append(f"the ledger is off by {totals['imbalance_micro']} micro-units")
    if view.charged < published:
        problems.append(f"{published - view.charged} readings were not taken")
    if not (view.cuts and view.reconnections):
        problems.append("no relay was opened and closed again")
    if not _agree(reconciled):
        problems.append(f"billing and ledger do not agree: {json.dumps(reconciled)}")
    stages = ", ".join(
        f"{each.stage} p99 {each.p99 * 1000:.0f} ms"
        for each in view.latencies
        if each.p99 is not None
    )
    return Verdict(
        lines=(
            f"{published} readings published, {view.charged} taken by the ledger; "
            f"{view.cuts} cuts, {view.reconnections} reconnections, "
            f"{view.topups} top-ups, {view.notices} notices",
            stages,
            *glitch.lines,
            f"ledger sums to {totals['imbalance_micro']}; billing agrees on "
            f"{reconciled['agrees']} of {reconciled['compared']} periods of {', '.join(months)}",
        ),
        problems=tuple(problems),
    )


def _of_the_glitch(ledger: httpx.Client, fleet: Fleet, home: Household) -> Verdict:
    """What was found about the register that glitched, and what its household was charged for."""
    findings = _items(ledger, f"/v1/meters/{home.meter_id}/findings")
    account = ledger.get("/v1/accounts", params={"number": home.number}).raise_for_status().json()
    charges = _items(ledger, f"/v1/accounts/{account['id']}/charges")
    charged_wh = sum(each["energy_wh"] for each in charges)
    register_wh = fleet.meters[home.meter_id].import_wh
    lines = [
        f"{home.number}: {each['check']} {each['name']}: its register showed {each['after']} Wh "
        f"where {each['before']} Wh stood, and came back; that reading charges nothing"
        for each in findings
        if each["name"] == "glitch"
    ]
    found = len(lines)
    lines.append(
        f"{home.number}: charged for {charged_wh} Wh, its register says {register_wh}: "
        + _by_name(charges)
    )
    problems: list[str] = []
    if found != 1 or any(each["stops_cut"] for each in findings):
        problems.append(f"{home.meter_id} has not one glitch, but {json.dumps(findings)}")
    if charged_wh != register_wh:
        problems.append(f"{home.number} was charged for {charged_wh} Wh of {register_wh}")
    return Verdict(tuple(lines), tuple(problems))


def _by_name(charges: Sequence[dict[str, Any]]) -> str:
    """Energy and money by time-of-use name, over the periods."""
    wh: Counter[str] = Counter()
    micro: Counter[str] = Counter()
    for charge in charges:
        for line in charge["lines"]:
            if line["kind"] == "energy":
                wh[line["detail"]] += line["quantity"]
                micro[line["detail"]] += line["amount_micro"]
    return ", ".join(f"{name} {wh[name]} Wh {decimal_from(micro[name])} {CURRENCY}" for name in wh)


def _items(client: httpx.Client, path: str) -> list[dict[str, Any]]:
    return client.get(path, params={"limit": 1000}).raise_for_status().json()["items"]


def _reconciled(target: Target, months: Sequence[str]) -> dict[str, int]:
    """Billing's tally of the months together, as soon as it agrees with the ledger."""
    deadline = time.monotonic() + AGREES_TIMEOUT_S
    with target.client("billing") as client:
        while True:
            tally: Counter[str] = Counter(dict.fromkeys(_KINDS, 0))
            for month in months:
                found = client.get(f"/v1/reconciliation/{month}").raise_for_status().json()
                tally.update({name: found["summary"][name] for name in _KINDS})
            if _agree(tally) or time.monotonic() > deadline:
                return dict(tally)
            time.sleep(0.5)


def _agree(tally: dict[str, int]) -> bool:
    return bool(tally["compared"]) and tally["agrees"] == tally["compared"] and not tally["waiting"]
