"""What people read of a run: docs/benchmarks.md, and how it compares with the last run."""

from typing import Any

from benchmarks.cpu import PARTS


def ratios(run: dict[str, Any], last: dict[str, Any] | None) -> dict[str, float]:
    """``run`` over the last recorded one of as many meters: CPU a reading, and both latencies' 99th
    percentile; below 1 is better. Empty where none is recorded."""
    for before in last["runs"] if last else ():
        if before["meters"] == run["meters"]:
            return {
                name: round(now / then, 2)
                for name, now, then in zip(
                    ("cpu", "open_p99", "closed_p99"), _figures(run), _figures(before), strict=True
                )
                if then
            }
    return {}


def _figures(run: dict[str, Any]) -> tuple[float, float, float]:
    half = run["at_half_rate"]
    return (
        run["cpu_us_per_reading"]["all"],
        half["reading_to_relay_open_ms"]["p99"],
        half["payment_to_relay_closed_ms"]["p99"],
    )


def _part(to_last: dict[str, float], name: str) -> str:
    return f" ({to_last[name]:.2f})" if name in to_last else ""


def page(result: dict[str, Any]) -> str:
    """docs/benchmarks.md."""
    machine = result["machine"]
    lines = [
        "# Benchmarks",
        "",
        "`make bench` measures the whole system on real parts and writes this page and",
        "`benchmarks/results/e2e.json`. Every reading goes through Mosquitto, gateway, Kafka,",
        "ledger, PostgreSQL (fsync on) and billing; it counts once ledger and billing have both",
        "committed it.",
        "The meters' simulator runs on the same machine and is not counted. *Readings a charge*:",
        "where readings come faster than a real fleet's, a batch has several of one meter and",
        "charges them as one. Figures with more than 1.00 are better than a real fleet's would be.",
        "In brackets: as a part of what the run before came to, of the same size.",
        "",
        f"{machine['cores']} cores, Python {machine['python']}.",
        "",
        "## CPU-µs a reading, by process",
        "",
        "| meters | commit | readings/s | readings a charge | all | " + " | ".join(PARTS) + " |",
        "|" + "---|" * (len(PARTS) + 5),
    ]
    for run in result["runs"]:
        cpu = run["cpu_us_per_reading"]
        cells = " | ".join(f"{cpu[part]:.0f}" for part in PARTS)
        to_last = run.get("to_last", {})
        lines.append(
            f"| {run['meters']:,} | {run['commit']} | {run['sustained_readings_per_s']:,} "
            f"| {run['readings_per_charge']:.2f} | **{cpu['all']:.0f}**"
            f"{_part(to_last, 'cpu')} | {cells} |"
        )
    lines += [
        "",
        "## Latency at half the sustained rate, milliseconds",
        "",
        "Seen from outside: from publishing the reading to the meter's relay open, and from",
        "sending the webhook to the relay closed. Broker, signature check and meter included.",
        "",
        "| meters | readings/s | readings a charge | reading to open p50 | p95 | p99 "
        "| payment to closed p50 | p95 | p99 |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for run in result["runs"]:
        half = run["at_half_rate"]
        to_last = run.get("to_last", {})
        cuts, back = half["reading_to_relay_open_ms"], half["payment_to_relay_closed_ms"]
        lines.append(
            f"| {run['meters']:,} | {half['readings_per_s']:,} | {half['readings_per_charge']:.2f} "
            f"| {cuts['p50']} | {cuts['p95']} | {cuts['p99']}{_part(to_last, 'open_p99')} "
            f"| {back['p50']} | {back['p95']} | {back['p99']}{_part(to_last, 'closed_p99')} |"
        )
    lines += ["", "## Resident memory, MB", "", "| meters | " + " | ".join(PARTS) + " |",
              "|" + "---|" * (len(PARTS) + 1)]  # fmt: skip
    for run in result["runs"]:
        cells = " | ".join(str(run["resident_mb"][part]) for part in PARTS)
        lines.append(f"| {run['meters']:,} | {cells} |")
    pure = result["rating"]
    lines += _imported([run for run in result["runs"] if "imported" in run])
    lines += [
        "",
        "## The pure libraries alone",
        "",
        f"A month of one meter, {pure['intervals']:,} intervals, from readings to lines:"
        f" {pure['month_ms']} ms.",
        f"An account of {pure['accounts']:,} in one numpy batch: {pure['batch_us']} µs.",
    ]
    return "\n".join(lines) + "\n"


def _imported(runs: list[dict[str, Any]]) -> list[str]:
    if not runs:
        return []
    lines = [
        "",
        "## Households imported, CPU-µs each, until billing knows them all",
        "",
        "| households | commit | imported/s | known to billing after, s | all | "
        + " | ".join(PARTS)
        + " |",
        "|" + "---|" * (len(PARTS) + 5),
    ]
    for run in runs:
        cpu, imported = run["imported"]["cpu_us_each"], run["imported"]
        cells = " | ".join(f"{cpu[part]:.0f}" for part in PARTS)
        lines.append(
            f"| {run['meters']:,} | {run['commit']} | {imported['households_per_s']:,} "
            f"| {imported['known_to_billing_s']} | **{cpu['all']:.0f}** | {cells} |"
        )
    return lines
