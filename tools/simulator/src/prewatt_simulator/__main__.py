"""The command ``simulator``: run a fleet, or list its meters for import."""

import asyncio
import contextlib
import logging
import signal
import sys
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, NoReturn
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import typer
import uvloop
from typer.exceptions import TyperException

from prewatt_common.clock import utc_now
from prewatt_simulator.faults import Faults
from prewatt_simulator.fleet import Fleet
from prewatt_simulator.inventory import households_of, write_accounts, write_devices
from prewatt_simulator.publisher import ConnectionRefused
from prewatt_simulator.settings import ConstantLoad, FleetSettings, meter_ids

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

_REPORT_EVERY_S = 5

Count = Annotated[int, typer.Option(min=1, max=10_000_000, help="How many meters.")]
Prefix = Annotated[str, typer.Option(help="What meter ids begin with.")]
StartWh = Annotated[int, typer.Option(min=0, help="Register that every meter begins with, Wh.")]


def _rate(value: str) -> float:
    """``500/s`` or ``500``."""
    try:
        rate_per_s = float(value.removesuffix("/s"))
    except ValueError:
        rate_per_s = 0.0
    if rate_per_s <= 0:
        message = f"{value!r} is no rate, such as 500/s"
        raise typer.BadParameter(message)
    return rate_per_s


def _faults(value: str) -> Faults:
    """``lost=0.01,duplicated=0.02,reordered=0.01,late=0.01,late_steps=4``."""
    given: dict[str, str] = {}
    for part in filter(None, value.split(",")):
        name, _, share = part.partition("=")
        if name not in Faults.__dataclass_fields__:
            message = f"no fault {name!r}; there are {', '.join(Faults.__dataclass_fields__)}"
            raise typer.BadParameter(message)
        given[name] = share
    try:
        return msgspec.convert(given, Faults, strict=False)
    except (msgspec.ValidationError, ValueError) as error:
        raise typer.BadParameter(str(error)) from None


def _instant(value: str) -> datetime:
    try:
        at = datetime.fromisoformat(value)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _key(value: str) -> tuple[str, str]:
    key_id, _, file = value.partition("=")
    try:
        return key_id, Path(file).read_text(encoding="ascii")
    except OSError as error:
        message = f"{value!r} is not KEY_ID=FILE: {error.strerror}"
        raise typer.BadParameter(message) from None


@app.command()
def run(
    *,
    meters: Count = 100,
    prefix: Prefix = "sim",
    rate: Annotated[
        str | None, typer.Option(help="Readings a second, as 500/s. Without: --time-scale.")
    ] = None,
    time_scale: Annotated[int, typer.Option(min=1, help="Simulated seconds to a real one.")] = 1,
    interval_s: Annotated[int, typer.Option(min=1, help="Between readings of a meter.")] = 900,
    start: Annotated[
        str | None, typer.Option(help="First instant, ISO 8601. Default: the last full interval.")
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Stop after so many.")] = None,
    mqtt_host: Annotated[str, typer.Option(envvar="PREWATT_MQTT_HOST")] = "127.0.0.1",
    mqtt_port: Annotated[int, typer.Option(min=1, max=65_535, envvar="PREWATT_MQTT_PORT")] = 1883,
    mqtt_ca_file: Annotated[
        Path | None,
        typer.Option(envvar="PREWATT_MQTT_CA_FILE", help="Turns TLS on.", exists=True),
    ] = None,
    username: Annotated[str | None, typer.Option(envvar="PREWATT_MQTT_USERNAME")] = None,
    password: Annotated[str | None, typer.Option(envvar="PREWATT_MQTT_PASSWORD")] = None,
    connections: Annotated[int, typer.Option(min=1, max=64, help="Shared ones.")] = 2,
    one_connection_each: Annotated[
        bool, typer.Option("--one-connection-each", help="User name = meter id, last will.")
    ] = False,
    announce: Annotated[
        bool, typer.Option("--announce", help="Publish each meter's status when shared.")
    ] = False,
    command_key: Annotated[
        list[str] | None, typer.Option(help="KEY_ID=FILE, Ed25519 public PEM. Repeatable.")
    ] = None,
    button_after_s: Annotated[
        float | None, typer.Option(min=0, help="Press an armed meter's button after so long.")
    ] = None,
    kept_file: Annotated[
        Path | None, typer.Option(help="Where meters keep their relay over a restart.")
    ] = None,
    start_wh: StartWh = 0,
    load_wh: Annotated[
        int | None, typer.Option(min=0, help="Constant Wh per interval instead of households.")
    ] = None,
    faults: Annotated[str, typer.Option(help="As lost=0.01,duplicated=0.02,late=0.01.")] = "",
    seed: int = 1,
) -> None:
    """Publish readings and obey signed commands until --steps are done or Ctrl-C."""
    interval = timedelta(seconds=interval_s)
    try:
        settings = FleetSettings(
            mqtt_host=mqtt_host,
            mqtt_port=mqtt_port,
            mqtt_ca_file=mqtt_ca_file,
            username=username,
            password=password,
            meter_ids=meter_ids(meters, prefix=prefix),
            connections=connections,
            one_connection_each=one_connection_each,
            announce=announce,
            start_wh=start_wh,
            command_public_keys=dict(map(_key, command_key or ())),
            button_after_s=button_after_s,
            kept_file=kept_file,
            interval=interval,
            time_scale=time_scale,
            load="households" if load_wh is None else ConstantLoad(wh=load_wh),
            faults=_faults(faults),
            seed=seed,
        )
        rate_per_s = None if rate is None else _rate(rate)
        first = _last_full(interval) if start is None else _instant(start)
        uvloop.run(_run(settings, start=first, steps=steps, rate_per_s=rate_per_s))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    except ConnectionRefused as error:
        _fail(str(error))
    except OSError as error:
        _fail(f"no broker at {mqtt_host}:{mqtt_port}: {error}")


@app.command()
def meters(
    *,
    count: Count = 100,
    prefix: Prefix = "sim",
    accounts: Annotated[
        bool, typer.Option("--accounts", help="Accounts with their meters instead of devices.")
    ] = False,
    start_wh: StartWh = 0,
    tariff: Annotated[
        str, typer.Option(help="The accounts' tariff; it must be published.")
    ] = "flat",
    currency: Annotated[str, typer.Option(help="The accounts' currency.")] = "CNY",
    since: Annotated[
        str | None, typer.Option(help="From when the meters serve; default: midnight UTC.")
    ] = None,
    timezone: Annotated[
        str, typer.Option(help="The tariff's: agreements begin on the local day of --since.")
    ] = "Asia/Shanghai",
) -> None:
    """Write the fleet as CSV: devices for the gateway, or accounts for the ledger."""
    ids = meter_ids(count, prefix=prefix)
    if not accounts:
        write_devices(sys.stdout, meter_ids=ids)
        return
    try:
        begins_at = _last_full(timedelta(days=1)) if since is None else _instant(since)
        first_day = begins_at.astimezone(ZoneInfo(timezone)).date()
    except (ValueError, ZoneInfoNotFoundError) as error:
        raise typer.BadParameter(str(error)) from None
    households = households_of(ids, tariff_code=tariff, opening_wh=start_wh)
    write_accounts(
        sys.stdout,
        households=households,
        currency=currency,
        first_day=first_day,
        begins_at=begins_at,
    )


async def _run(
    settings: FleetSettings, *, start: datetime, steps: int | None, rate_per_s: float | None
) -> None:
    async with Fleet(settings) as fleet:
        running = asyncio.create_task(fleet.run(start=start, steps=steps, rate_per_s=rate_per_s))
        reporting = asyncio.create_task(_report(fleet))
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, running.cancel)
        try:
            with contextlib.suppress(asyncio.CancelledError):
                await running
            await fleet.release_held()
            await fleet.drain()
        finally:
            reporting.cancel()
        _print_summary(fleet)


async def _report(fleet: Fleet) -> None:
    while True:
        await asyncio.sleep(_REPORT_EVERY_S)
        _print_summary(fleet)


def _print_summary(fleet: Fleet) -> None:
    typer.echo(msgspec.json.encode(asdict(fleet.summary())).decode())


def _last_full(interval: timedelta) -> datetime:
    seconds = int(interval.total_seconds())
    return datetime.fromtimestamp(int(utc_now().timestamp()) // seconds * seconds, UTC)


def _fail(message: str) -> NoReturn:
    typer.echo(f"simulator: {message}", err=True)
    raise typer.Exit(1)


def main() -> None:
    """Exit codes: 0 done, 1 the broker is not there or refuses us, 2 bad options."""
    logging.basicConfig(level=logging.WARNING, format="simulator: %(message)s")
    try:
        code = app(standalone_mode=False)
    except TyperException as error:
        typer.echo(f"simulator: {error.format_message()}", err=True)
        sys.exit(2)
    sys.exit(code or 0)


if __name__ == "__main__":
    main()
