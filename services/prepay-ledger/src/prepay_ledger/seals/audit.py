"""Use case: everything that was sealed is checked again, from the rows as they stand."""

from collections.abc import AsyncIterator, Iterable
from datetime import date

from prepay_ledger.seals.chain import check_chain, check_published, key_of, leaf_of, tables_of
from prepay_ledger.seals.comparing import Comparing
from prepay_ledger.seals.ports import DiffersElsewhere, SealStore
from prepay_ledger.seals.values import (
    READINGS,
    SEALED,
    SEALED_BY_NAME,
    Finding,
    Seal,
    SealedTable,
    TableSeal,
)


async def audit(
    *,
    store: SealStore,
    published: Iterable[tuple[date, str]] | None,
    elsewhere: DiffersElsewhere | None = None,
) -> AsyncIterator[Finding]:
    """What does not hold: of the chain, of each sealed day's tables with the first row that
    differs, of journals and balances, and of the heads that were ``published`` (day and head in
    hexadecimal; none: nobody can say). Readings that have left are checked by their exports, by
    ``elsewhere``; where it is none, they are named."""
    seals = await store.seals()
    for finding in check_chain(seals):
        yield finding
    if published is not None:
        for finding in check_published(seals=seals, published=published):
            yield finding
    for seal in seals:
        async for finding in _audit_day(store, seal, elsewhere):
            yield finding
    for table in SEALED:
        undated = await store.undated(table)
        if undated is not None:
            yield Finding("day", None, f"{undated}, which has no seal")
    for check, found in (
        ("journal", await store.disagreeing_journal(None)),
        ("sum", await store.wrong_sum()),
        ("balance", await store.unbalanced_account()),
    ):
        if found is not None:
            yield Finding(check, None, found)


async def _audit_day(
    store: SealStore, seal: Seal, elsewhere: DiffersElsewhere | None
) -> AsyncIterator[Finding]:
    try:
        sealed = tables_of(seal)
    except ValueError as error:
        yield Finding("seal", seal.day, str(error))
        return
    for table in SEALED:
        of_table = sealed.get(table.name)
        if of_table is None:
            yield Finding("seal", seal.day, f"{table.name} is not in it")
            continue
        if table.name == READINGS and await store.has_left(seal.day):
            left = await _of_left(store, seal.day, of_table, elsewhere)
            if left is not None:
                yield left
            continue
        found = await _differs(store, table, seal.day, of_table)
        if found:
            yield Finding("rows", seal.day, f"{table.name}: {found}")


async def _of_left(
    store: SealStore, day: date, sealed: TableSeal, elsewhere: DiffersElsewhere | None
) -> Finding | None:
    async for row in store.rows(SEALED_BY_NAME[READINGS], day):
        what = f"{READINGS}: the day has left, and there is a row of meter {row[0]}"
        return Finding("rows", day, what)
    if elsewhere is None:
        return Finding("left", day, "its readings have left, root only", is_note=True)
    return await elsewhere(day, sealed)


async def _differs(store: SealStore, table: SealedTable, day: date, sealed: TableSeal) -> str:
    comparing = Comparing(await store.leaves(table.name, day))
    async for row in store.rows(table, day):
        comparing.add(key_of(table, row), leaf_of(table, row))
    named = comparing.difference()
    if comparing.root == sealed.root:
        return f"the kept prefixes were changed: {named}" if named else ""
    return named or "the rows and the kept prefixes were changed together"
