"""``prewatt whatif``: what another policy or tariff would have done, on the ledger's history."""

import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from prewatt_cli.audit import database_of
from prewatt_cli.errors import one_line_errors
from prewatt_cli.people import plain
from prewatt_cli.target import DEFAULT_STATE_DIR, StateDir, environments_of
from prewatt_cli.whatif_plot import check_plot, draw

_SIDES = ("happened", "as_it_was", "as_it_would_be")
_TITLES = ("really", "as it was", "as it would be")
_NAMED_MAX = 10
"""Accounts that are left out; the report names all."""
_console = Console(soft_wrap=True)


def whatif(
    *,
    from_: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="The first day.")],
    to: Annotated[
        datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="The last day; it is over.")
    ],
    policy: Annotated[Path | None, typer.Option(help="Another policy, YAML.")] = None,
    tariff: Annotated[
        Path | None, typer.Option(help="Another document of a published tariff's code, YAML.")
    ] = None,
    csv: Annotated[Path | None, typer.Option(help="A row an account and side.")] = None,
    plot: Annotated[Path | None, typer.Option(help="A picture: .png or .svg.")] = None,
    report: Annotated[Path | None, typer.Option(help="All figures, as JSON.")] = None,
    database_url: Annotated[
        str | None,
        typer.Option(envvar="PREWATT_DATABASE_URL", help="The ledger's, or a replica's."),
    ] = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Who would have been cut, limited and warned by another policy or tariff; changes nothing.
    Simulated twice, as it was and as it would be, beside what really happened."""
    with one_line_errors():
        if plot is not None:
            check_plot(plot)
        command = [sys.executable, "-m", "prepay_ledger", "what-if"]
        command += ["--from", from_.date().isoformat(), "--to", to.date().isoformat()]
        url, _ = database_of(state_dir, database_url, None)
        command += ["--database-url", url]
        if database_url is None:
            zone = environments_of(state_dir)["prepay-ledger"].get("PREWATT_TIMEZONE")
            command += ["--timezone", zone] if zone else []
        if policy is not None:
            command += ["--policy", str(policy)]
        if tariff is not None:
            command += ["--tariff", str(tariff)]
        if csv is not None:
            command += ["--csv", str(csv)]
        done = subprocess.run(command, check=False, stdout=subprocess.PIPE)
        if done.returncode:
            raise typer.Exit(2 if done.returncode == 2 else 1)
        found: dict[str, Any] = json.loads(done.stdout)
        if report is not None:
            report.write_bytes(done.stdout)
        _show(found)
        if plot is not None:
            draw(found, plot)
            _console.print(plain(f"picture: {plot}"))


def _show(found: dict[str, Any]) -> None:
    other = " and ".join(name for name in ("policy", "tariff") if name in found)
    for each in found["currencies"]:
        _console.print(_table(found, each))
        really, told = each["sides"]["happened"]["cut"], each["cut_as_told"]
        if really:
            simulated = each["sides"]["as_it_was"]["cut"]
            _console.print(
                f"How true: of {really} accounts really cut the simulation cuts {told}, "
                f"and {simulated - told} others."
            )
        _console.print(
            f"By the other {other} {each['cut_anew']} more accounts are cut, and {each['spared']} "
            "are not."
        )
    if not found["currencies"]:
        _console.print("there is no account")
    if "tariff" in found:
        code = found["tariff"]["code"]
        _console.print(plain(f"{found['at_other_tariff']:,} accounts have tariff {code}."))
    for why, numbers in found["left_out"].items():
        more = "" if len(numbers) <= _NAMED_MAX else " and others"
        named = ", ".join(numbers[:_NAMED_MAX])
        _console.print(plain(f"Left out, {len(numbers):,} accounts: {why}: {named}{more}"))
    _console.print("Not simulated:")
    unknown = found["not_simulated"]
    for name, title in (
        ("always", ""),
        ("as_it_was", "as it was: "),
        ("as_it_would_be", "as it would be: "),
    ):
        for line in unknown[name]:
            _console.print(plain(f"  {title}{line}"))


def _table(found: dict[str, Any], of: dict[str, Any]) -> Table:
    numbers = ", ".join(map(str, found["in_force"]))
    table = Table(
        title=f"{of['accounts']:,} accounts in {of['currency']}, {found['from']} to {found['to']} "
        f"({found['timezone']}); policy versions that held: {numbers}",
        title_justify="left",
    )
    table.add_column("")
    for title in _TITLES:
        table.add_column(title, justify="right")
    within = found["recovered_within_hours"]
    sides = [of["sides"][name] for name in _SIDES]
    for title, value in (
        ("accounts warned", lambda side: f"{side['warned']:,}"),
        ("accounts limited", lambda side: f"{side['limited']:,}"),
        ("accounts cut", lambda side: f"{side['cut']:,}"),
        ("cuts", lambda side: f"{side['cuts']:,}"),
        ("accounts dark at all", lambda side: f"{side['dark_accounts']:,}"),
        ("hours dark, median of these", lambda side: f"{side['dark_hours_p50']:,}"),
        ("hours dark, 95th percentile", lambda side: f"{side['dark_hours_p95']:,}"),
        ("hours dark, all", lambda side: f"{side['dark_hours']:,}"),
        ("below zero at the end", lambda side: _money(side["below_end_micro"])),
        ("below zero, the greatest", lambda side: _money(side["below_max_micro"])),
        ("paid while dark or warned", lambda side: _money(side["recovered_micro"])),
        ("energy not sold, kWh", lambda side: f"{side['not_sold_wh'] / 1000:,.0f}"),
    ):
        table.add_row(title, *map(value, sides))
    table.caption = (
        f"as it was, as it would be: simulated; warned: {within} hours before at most; whole hours"
    )
    table.caption_justify = "left"
    return table


def _money(micro: int) -> str:
    return f"{micro / 1_000_000:,.2f}"
