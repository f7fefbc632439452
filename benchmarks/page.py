"""What people read of a run: docs/benchmarks.md, and how it compares with the last run."""

from collections.abc import Sequence
from typing import Any

from benchmarks.cpu import PARTS


def ratios(run: dict[str, Any], last: Sequence[dict[str, Any]]) -> dict[str, float]:
    """``run`` over the last recorded one of as many meters: CPU a reading, and both latencies' 99th
    percentile; below 1 is better. Empty where none is recorded."""
    for before in last:
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
    """docs/benchmarks.md: what has been measured, each part when it last was."""
    machine = result["machine"]
    return (
        "\n".join(
            [
                "# Benchmarks",
                "",
                "`make bench` measures the whole system on real parts and writes this page and",
                "`benchmarks/results/e2e.json`; `make bench ONLY=archive` (or `system`, `supply`,",
                "`payments`, `usage`, `rating`) measures one part anew and leaves what is known of",
                "the others.",
                "Figures with more than 1.00 are better than a real fleet's would be.",
                "In brackets: as a part of what the run before came to, of the same size.",
                "",
                f"{machine['cores']} cores, Python {machine['python']}.",
                *_system(result["runs"]),
                *_imported(result["runs"]),
                *_supply(result.get("supply")),
                *_payments(result.get("payments")),
                *_usage(result.get("usage")),
                *_archive(result.get("archive", [])),
                *_rating(result.get("rating")),
            ]
        )
        + "\n"
    )


def _system(runs: Sequence[dict[str, Any]]) -> list[str]:
    lines = [
        "",
        "## CPU-µs a reading, by process",
        "",
        "Every reading goes through Mosquitto, gateway, Kafka, ledger, PostgreSQL (fsync on) and",
        "billing; it counts once ledger and billing have both committed it. The meters' simulator",
        "runs on the same machine and is not counted. *Readings a charge*: where readings come",
        "faster than a real fleet's, a batch has several of one meter and charges them as one.",
        "",
        *_header("meters", "commit", "readings/s", "readings a charge", "all", *PARTS),
    ]
    for run in runs:
        cpu = run["cpu_us_per_reading"]
        lines.append(
            _row(
                f"{run['meters']:,}",
                run["commit"],
                f"{run['sustained_readings_per_s']:,}",
                f"{run['readings_per_charge']:.2f}",
                f"**{cpu['all']:.0f}**{_part(run.get('to_last', {}), 'cpu')}",
                *(f"{cpu[part]:.0f}" for part in PARTS),
            )
        )
    lines += _postgres(runs)
    lines += [
        "",
        "## Latency at half the sustained rate, milliseconds",
        "",
        "Seen from outside: from publishing the reading to the meter's relay open, and from",
        "sending the webhook to the relay closed. Broker, signature check and meter included.",
        "",
        *_header(
            "meters", "readings/s", "readings a charge",
            "reading to open p50", "p95", "p99", "payment to closed p50", "p95", "p99",
        ),
    ]  # fmt: skip
    for run in runs:
        half = run["at_half_rate"]
        to_last = run.get("to_last", {})
        cuts, back = half["reading_to_relay_open_ms"], half["payment_to_relay_closed_ms"]
        lines.append(
            _row(
                f"{run['meters']:,}", f"{half['readings_per_s']:,}",
                f"{half['readings_per_charge']:.2f}",
                cuts["p50"], cuts["p95"], f"{cuts['p99']}{_part(to_last, 'open_p99')}",
                back["p50"], back["p95"], f"{back['p99']}{_part(to_last, 'closed_p99')}",
            )
        )  # fmt: skip
    lines += ["", "## Resident memory, MB", "", *_header("meters", *PARTS)]
    lines += [
        _row(f"{run['meters']:,}", *(run["resident_mb"][part] for part in PARTS)) for run in runs
    ]
    return lines


def _postgres(runs: Sequence[dict[str, Any]]) -> list[str]:
    measured = [each for each in runs if "postgres_us_per_reading" in each]
    if not measured:
        return []
    whom = sorted({name for each in measured for name in each["postgres_us_per_reading"]} - {"all"})
    return [
        "",
        "PostgreSQL's by whom it works for; *itself* is its writer, checkpoints, vacuum, and",
        "connections that ended meanwhile:",
        "",
        *_header("meters", "commit", "all", *whom),
        *(
            _row(
                f"{each['meters']:,}",
                each["commit"],
                *(each["postgres_us_per_reading"].get(name, 0) for name in ("all", *whom)),
            )
            for each in measured
        ),
    ]


def _supply(supply: dict[str, Any] | None) -> list[str]:
    if supply is None:
        return []
    lines = [
        "",
        "## Mass cut and mass reconnection",
        "",
        f"The money of {supply['meters']:,} meters ends with one reading each, sent as fast as the",
        "broker takes them; then two people undo all those cuts. *All relays*: from the first",
        "reading, or from drafting the undo, to the last relay moved; *known*: until the ledger",
        "has every meter's answer. CPU-µs are a command, with the reading that led to it, its",
        "charge, decision, notices and answers. Meanwhile others, who were dark before, pay:",
        f"milliseconds from the webhook to their relay closed. Commit {supply['commit']},",
        f"load {supply['load']} as it began.",
        "",
        *_header(
            "", "all relays, s", "known, s", "all", *PARTS, "payment to closed p50", "p95", "p99"
        ),
    ]  # fmt: skip
    for name in ("cut", "reconnection"):
        run = supply[name]
        cpu, back = run["cpu_us_per_command"], run["payment_to_relay_closed_ms"]
        lines.append(
            _row(
                name, run["all_relays_s"], run["ledger_knows_s"], f"**{cpu['all']:.0f}**",
                *(f"{cpu[part]:.0f}" for part in PARTS), back["p50"], back["p95"], back["p99"],
            )
        )  # fmt: skip
    return lines


def _payments(paid: dict[str, Any] | None) -> list[str]:
    if paid is None:
        return []
    cpu, taken = paid["cpu_us_per_payment"], paid["webhook_ms"]
    return [
        "",
        "## Payments",
        "",
        f"{paid['clients']} clients deliver {paid['events']:,} events of {paid['payments']:,}",
        "payments at once: one in ten twice, one payment in twenty given back in part, all out of",
        "order, refunds before their payments too; each is credited once. Milliseconds of the",
        "webhook, CPU-µs a payment.",
        f"Commit {paid['commit']}, load {paid['load']} as it began.",
        "",
        *_header("payments/s", "webhook p50", "p95", "p99", "all", *PARTS),
        _row(
            paid["payments_per_s"], taken["p50"], taken["p95"], taken["p99"],
            f"**{cpu['all']:.0f}**", *(f"{cpu[part]:.0f}" for part in PARTS),
        ),
    ]  # fmt: skip


def _usage(usage: dict[str, Any] | None) -> list[str]:
    if usage is None:
        return []
    return [
        "",
        "## What one meter used in a month, milliseconds",
        "",
        f"Out of the archive of {usage['meters']:,} meters of quarter-hours (`GET",
        "/v1/meters/{id}/usage`), while five minutes of readings of all of them wait in the",
        f"database; {usage['questions']} questions, one after another; commit {usage['commit']},",
        f"load {usage['load']:.1f}. CPU is billing's.",
        "",
        *_header("slices", "p50", "p99", "CPU-ms"),
        *(
            _row(name, usage[name]["p50_ms"], usage[name]["p99_ms"], usage[name]["cpu_ms"])
            for name in ("day", "interval")
        ),
    ]


def _archive(days: Sequence[dict[str, Any]]) -> list[str]:
    if not days:
        return []
    return [
        "",
        "## The archive: CPU-µs and bytes a reading",
        "",
        "A day of quarter-hours. *Pack*: a batch for the database. *Append*: what waits there,",
        "sorted, placed and written to files, synced. *Merge*: a day's files into one a partition.",
        "*Export*: that day to one Parquet file. PostgreSQL's part, a row a batch, is not in it.",
        "",
        *_header(
            "meters", "read at", "commit", "pack", "append", "merge", "export",
            "bytes appended", "bytes merged", "MB resident", "more by merging",
        ),
        *(
            _row(
                f"{day['meters']:,}",
                "the quarter-hour sharp" if day["at_the_quarter_hour_sharp"] else "any second",
                day["commit"], day["pack_us"], day["append_us"], day["merge_us"],
                day["export_us"], day["appended_bytes"], day["merged_bytes"],
                day["resident_mb"], day["resident_mb_by_merging"],
            )
            for day in days
        ),
    ]  # fmt: skip


def _rating(pure: dict[str, Any] | None) -> list[str]:
    if pure is None:
        return []
    return [
        "",
        "## The pure libraries alone",
        "",
        f"A month of one meter, {pure['intervals']:,} intervals, from readings to lines:"
        f" {pure['month_ms']} ms.",
        f"An account of {pure['accounts']:,} in one numpy batch: {pure['batch_us']} µs.",
    ]


def _imported(runs: Sequence[dict[str, Any]]) -> list[str]:
    measured = [each for each in runs if "imported" in each]
    if not measured:
        return []
    lines = [
        "",
        "## Households imported, CPU-µs each, until billing knows them all",
        "",
        *_header("households", "commit", "imported/s", "known to billing after, s", "all", *PARTS),
    ]
    for run in measured:
        cpu, imported = run["imported"]["cpu_us_each"], run["imported"]
        lines.append(
            _row(
                f"{run['meters']:,}", run["commit"], f"{imported['households_per_s']:,}",
                imported["known_to_billing_s"], f"**{cpu['all']:.0f}**",
                *(f"{cpu[part]:.0f}" for part in PARTS),
            )
        )  # fmt: skip
    return lines


def _header(*names: str) -> list[str]:
    return [_row(*names), "|" + "---|" * len(names)]


def _row(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"
