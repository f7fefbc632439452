"""A row as a leaf, a day as a seal, days as a chain."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from prepay_ledger.seals.values import Finding, Moved, Seal, SealedTable, TableSeal
from prewatt_common.merkle import canonical, leaf_hash

GENESIS = bytes(32)
"""What the first seal names as the head before it."""


def row_text(table: SealedTable, row: Sequence[Any]) -> bytes:
    """A row's canonical text: its columns by name, and its table's. ``row``: in the order of
    ``table.columns``. Integers are text, because a number of JSON ends at 2^53; bytes are
    hexadecimal."""
    fields = {name: _plain(value) for name, value in zip(table.columns, row, strict=True)}
    return canonical({"table": table.name, **fields})


def leaf_of(table: SealedTable, row: Sequence[Any]) -> bytes:
    """The leaf hash of `row_text`."""
    return leaf_hash(row_text(table, row))


def key_of(table: SealedTable, row: Sequence[Any]) -> str:
    """What people and the API name the row by, for instance ``1042/0``."""
    return "/".join(str(row[table.columns.index(name)]) for name in table.key)


def seal_of(
    *,
    day: date,
    previous: bytes,
    tables: Mapping[str, TableSeal],
    moved_micro: Moved,
    offsets: Sequence[Mapping[str, Any]],
    zone_data: str | None,
    at: datetime,
) -> Seal:
    """``moved_micro``: what the day moved; ``offsets``: where the consumers stood when it was
    sealed."""
    body = canonical(
        {
            "day": day,
            "previous": previous.hex(),
            "tables": {
                name: {"rows": str(table.rows), "root": table.root.hex()}
                for name, table in tables.items()
            },
            "moved_micro": {
                currency: {name: str(micro) for name, micro in moved.items()}
                for currency, moved in moved_micro.items()
            },
            "offsets": [{name: _plain(value) for name, value in each.items()} for each in offsets],
            "zone_data": zone_data,
            "sealed_at": at,
        }
    )
    return Seal(day, previous, sha256(body).digest(), body.decode())


def tables_of(seal: Seal) -> dict[str, TableSeal]:
    """What the seal's body says of each table. Raises ValueError for a body that is none."""
    try:
        tables: dict[str, Any] = json.loads(seal.body)["tables"]
        return {
            name: TableSeal(int(table["rows"]), bytes.fromhex(table["root"]))
            for name, table in tables.items()
        }
    except (KeyError, TypeError, ValueError) as error:
        message = f"the body of the seal of {seal.day} is no seal's: {error!r}"
        raise ValueError(message) from error


def check_chain(seals: Iterable[Seal]) -> Iterator[Finding]:
    """Findings of ``seals``, which are in the order of their days: each head is its body's hash,
    and each body names its day and the head before it."""
    head, last = GENESIS, None
    for seal in seals:
        if sha256(seal.body.encode()).digest() != seal.head:
            yield Finding("seal", seal.day, "the head is not the hash of the body")
        said = _said(seal)
        if said.get("day") != seal.day.isoformat():
            yield Finding("seal", seal.day, f"the body is of {said.get('day')}")
        if seal.previous != head or said.get("previous") != head.hex():
            before = "the first seal" if last is None else f"the seal of {last}"
            yield Finding("chain", seal.day, f"does not follow {before}")
        head, last = seal.head, seal.day


def check_published(
    *, seals: Iterable[Seal], published: Iterable[tuple[date, str]]
) -> Iterator[Finding]:
    """Findings where a head that was published, in hexadecimal, is not in the chain, or a seal was
    never published; the newest may be on its way."""
    heads = {seal.day: seal.head.hex() for seal in seals}
    said = list(published)
    known = {day for day, _ in said}
    for day in sorted(heads)[:-1]:
        if day not in known:
            yield Finding("published", day, "the seal was never published")
    for day, head in said:
        ours = heads.get(day)
        if ours is None:
            yield Finding("published", day, f"head {head} was published; the day has no seal")
        elif ours != head:
            yield Finding("published", day, f"head {head} was published; the seal's is {ours}")


def _said(seal: Seal) -> Mapping[str, Any]:
    try:
        said = json.loads(seal.body)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}  # pyright: ignore[reportUnknownVariableType]


def _plain(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value.hex() if isinstance(value, bytes) else value
