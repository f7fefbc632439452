"""``python -m prepay_ledger what-if``, which ``prewatt whatif`` runs: past the service, from its
database or a replica of it, so that it takes nothing from readings and payments."""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from prepay_ledger.policies.book import BUILT_IN, PolicyBook
from prepay_ledger.policies.postgres import PostgresPolicies
from prepay_ledger.procedures.postgres import PostgresProcedures
from prepay_ledger.retention.refusals import ReadingsHaveLeft
from prepay_ledger.tariffs.book import Tariffs
from prepay_ledger.tariffs.postgres import PostgresTariffs
from prepay_ledger.tariffs.refusals import UnknownTariff
from prepay_ledger.what_if.compare import Name, compare
from prepay_ledger.what_if.csv_rows import rows_to
from prepay_ledger.what_if.hours import Hours, hours_of
from prepay_ledger.what_if.look import Books
from prepay_ledger.what_if.other_tariff import NotComparable
from prepay_ledger.what_if.postgres import NoHistory, PostgresHistory
from prepay_ledger.what_if.postgres_tariff import PostgresOtherTariff
from prepay_ledger.what_if.report import report_of
from prepay_ledger.what_if.unknown import ALWAYS, OF_TARIFF, unknown_of, unknown_procedures
from prewatt_common.contracts.supply_policy_v1 import (
    InvalidPolicy,
    SupplyPolicy,
    policy_of,
    sha256_of,
)
from prewatt_common.db.database import COMMAND_FAULTS, Database
from prewatt_metering.tariffs.document import InvalidTariff, TariffVersion, parse_tariff
from prewatt_metering.tariffs.yaml_text import NotYaml, read_yaml

DAYS_MAX = 366
_FIRST_DAY, _END_DAY = date(2000, 1, 2), date(2099, 12, 31)
"""In any timezone within what calendars and policies know."""


class BadInput(ValueError):
    """What was asked cannot be done; the message says why. Any other ValueError is a fault of
    ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What is asked for instead; none: as it was."""

    policy: SupplyPolicy | None
    tariff: TariffVersion | None


def main(arguments: Sequence[str], *, timezone: str) -> int:
    """The exit code: 0 with the report as JSON on standard output, 2 where it cannot be made.
    ``timezone``: the utility's, where nothing says another."""
    parser = argparse.ArgumentParser(
        prog="what-if",
        description="Simulates a range of days as it was, and by another policy or tariff.",
    )
    parser.add_argument("--policy", type=Path, help="the other one, YAML")
    parser.add_argument("--tariff", type=Path, help="another document of its code's tariff, YAML")
    parser.add_argument("--from", required=True, dest="first", help="a day, YYYY-MM-DD")
    parser.add_argument("--to", required=True, dest="last", help="the last day, included")
    parser.add_argument("--csv", type=Path, help="a row an account and side, to this file")
    parser.add_argument(
        "--timezone",
        default=os.environ.get("PREWATT_TIMEZONE", timezone),
        help="the utility's (PREWATT_TIMEZONE)",
    )
    parser.add_argument(
        "--database-url",
        default=os.environ.get("PREWATT_DATABASE_URL"),
        help="the ledger's database; reading is enough (PREWATT_DATABASE_URL)",
    )
    asked = parser.parse_args(arguments)
    try:
        if asked.policy is None and asked.tariff is None:
            message = "what would be otherwise? give --policy, --tariff or both"
            raise BadInput(message)
        if not asked.database_url:
            message = "the ledger's database is needed: --database-url"
            raise BadInput(message)
        hours = _range(asked.first, asked.last, asked.timezone)
        draft = Draft(
            policy=None if asked.policy is None else _policy(asked.policy),
            tariff=None if asked.tariff is None else _tariff(asked.tariff),
        )
        report = asyncio.run(_made(asked.database_url, hours, draft, asked.csv))
    except (BadInput, NoHistory, ReadingsHaveLeft, *COMMAND_FAULTS) as error:
        print(f"what-if: {error or type(error).__name__}", file=sys.stderr)  # noqa: T201
        return 2
    print(msgspec.json.encode(report).decode())  # noqa: T201
    return 0


def _range(first: str, last: str, timezone: str) -> Hours:
    begin, end = _day(first), _day(last)
    if end < begin:
        message = f"--to {end} is before --from {begin}"
        raise BadInput(message)
    if (end - begin).days >= DAYS_MAX:
        message = f"{begin} to {end} is more than {DAYS_MAX} days"
        raise BadInput(message)
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, IsADirectoryError):
        message = f"{timezone!r} is no timezone of the IANA database"
        raise BadInput(message) from None
    return hours_of(begin, end, zone)


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        message = f"{text!r} is no day: give YYYY-MM-DD"
        raise BadInput(message) from None
    if not _FIRST_DAY <= day < _END_DAY:
        message = f"{day} is none of the days from {_FIRST_DAY} to before {_END_DAY}"
        raise BadInput(message)
    return day


def _policy(path: Path) -> SupplyPolicy:
    try:
        return policy_of(read_yaml(path.read_bytes()))
    except (NotYaml, InvalidPolicy) as error:
        message = f"{path}: {error}"
        raise BadInput(message) from error


def _tariff(path: Path) -> TariffVersion:
    try:
        return parse_tariff(path.read_bytes())
    except InvalidTariff as error:
        message = f"{path}: {error}"
        raise BadInput(" ".join(message.split())) from error


def draft_book(draft: SupplyPolicy) -> PolicyBook:
    """As if it had always held."""
    return PolicyBook([replace(BUILT_IN, document=draft, sha256=sha256_of(draft))])


async def _made(database_url: str, hours: Hours, draft: Draft, csv: Path | None) -> dict[str, Any]:
    url = database_url.replace("postgresql://", "postgresql+asyncpg://", 1)
    database = Database(url=url, pool_size=1)
    try:
        async with database.snapshot() as connection:
            policies = await PostgresPolicies(connection).book()
            procedures = await PostgresProcedures(connection).book()
            tariffs = await PostgresTariffs(connection).book()
            would_be = policies if draft.policy is None else draft_book(draft.policy)
            history = PostgresHistory(
                connection,
                hours=hours,
                books=(policies, would_be),
                tariff=_other_tariff(tariffs, draft.tariff, hours),
            )
            await history.check()
            part = None if csv is None else csv.with_name(f"{csv.name}.part")
            with nullcontext() if part is None else part.open("w", newline="") as file:
                found = await compare(
                    history,
                    hours=hours,
                    was=Books(policies=policies, procedures=procedures),
                    would_be=Books(policies=would_be, procedures=procedures),
                    row=None if file is None else rows_to(file, hours),
                )
            if part is not None and csv is not None:
                part.replace(csv)
    finally:
        await database.close()
    held = policies.within(hours.begins_at, hours.ends_at)
    was_unknown = dict.fromkeys(line for each in held for line in unknown_of(each.document))
    would_be_unknown = was_unknown if draft.policy is None else unknown_of(draft.policy)
    report = report_of(
        found,
        hours=hours,
        not_simulated={
            "always": (*ALWAYS, *unknown_procedures(procedures.versions)),
            Name.AS_IT_WAS: tuple(was_unknown),
            Name.AS_IT_WOULD_BE: (
                *would_be_unknown,
                *(() if draft.tariff is None else OF_TARIFF),
            ),
        },
    )
    if draft.policy is not None:
        report["policy"] = {"title": draft.policy.title, "sha256": sha256_of(draft.policy)}
    if draft.tariff is not None:
        report["tariff"] = {"title": draft.tariff.title, "code": draft.tariff.code}
    report["in_force"] = [each.number for each in held]
    return report


def _other_tariff(
    tariffs: Tariffs, document: TariffVersion | None, hours: Hours
) -> PostgresOtherTariff | None:
    if document is None:
        return None
    try:
        return PostgresOtherTariff(tariffs, document, hours.days)
    except (UnknownTariff, NotComparable) as error:
        raise BadInput(str(error)) from error
