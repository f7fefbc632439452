"""``python -m prepay_ledger replay``, which ``prewatt replay`` runs: what was decided is decided
again."""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence

import asyncpg
import msgspec

from prepay_ledger.supply.replay import OtherCodeVersion, replay
from prewatt_common.db.database import COMMAND_FAULTS, DriverConnection
from prewatt_common.kafka.stops import in_words

_ROWS = 500
_ALL = """
SELECT d.id, d.at, d.state, d.action, d.fired, d.held, d.inputs, a.number
FROM decision AS d JOIN account AS a ON a.id = d.account_id
WHERE $1::text IS NULL OR a.number = $1 ORDER BY d.id
"""


def main(arguments: Sequence[str]) -> int:
    """The exit code: 0 where all are decided the same, 1 with those that are not, 2 where it cannot
    be told."""
    parser = argparse.ArgumentParser(
        prog="replay",
        description="Decides every decision about supply again from what was stored with it.",
    )
    parser.add_argument(
        "--database-url",
        default=os.environ.get("PREWATT_DATABASE_URL"),
        help="the ledger's database; reading is enough (PREWATT_DATABASE_URL)",
    )
    parser.add_argument("--account", help="only of this account number")
    asked = parser.parse_args(arguments)
    if not asked.database_url:
        parser.error("the ledger's database is needed: --database-url")
    try:
        return asyncio.run(_replay(asked.database_url, asked.account))
    except COMMAND_FAULTS as error:
        print(f"replay: {in_words(error)}", file=sys.stderr)  # noqa: T201
        return 2


async def _replay(database_url: str, number: str | None) -> int:
    connection = await asyncpg.connect(database_url.replace("+asyncpg", ""))
    try:
        async with connection.transaction(readonly=True):
            same, others, older = await _decided_again(connection, number)
    finally:
        await connection.close()
    said = f"{others} are decided otherwise" if others else "all are decided the same"
    of_other_code = f", {older} of other code are left out" if older else ""
    print(f"replay: {same + others} decisions{of_other_code}: {said}")  # noqa: T201
    return 1 if others else 0


async def _decided_again(connection: DriverConnection, number: str | None) -> tuple[int, int, int]:
    """How many are decided the same, otherwise, and by code that this version does not have."""
    same = others = older = 0
    async for row in connection.cursor(_ALL, number, prefetch=_ROWS):
        try:
            again = replay(msgspec.json.decode(row["inputs"]))
        except OtherCodeVersion:
            older += 1
            continue
        stored = row["state"], row["action"], row["fired"], row["held"]
        now = again.state, again.action, list(again.fired), list(again.held)
        if stored == now:
            same += 1
            continue
        others += 1
        print(  # noqa: T201
            f"decision {row['id']} of account {row['number']} at {row['at']:%Y-%m-%d %H:%M:%S}: "
            f"stored {stored}, decided again {now}"
        )
    return same, others, older
