"""Use case: everything that was sealed is checked again, from the rows as they stand."""

from collections.abc import AsyncIterator, Iterable
from datetime import date

from prepay_ledger.seals.chain import check_chain, check_published, key_of, leaf_of, tables_of
from prepay_ledger.seals.comparing import Comparing
from prepay_ledger.seals.ports import SealStore
from prepay_ledger.seals.values import SEALED, Finding, Seal, SealedTable, TableSeal


async def audit(
    *, store: SealStore, published: Iterable[tuple[date, str]] | None
) -> AsyncIterator[Finding]:
    """What does not hold: of the chain, of each sealed day's tables with the first row that
    differs, of journals and balances, and of the heads that were ``published`` (day and head in
    hexadecimal; none: nobody can say)."""
    seals = await store.seals()
    for finding in check_chain(seals):
        yield finding
    if published is not None:
        for finding in check_published(seals=seals, published=published):
            yield finding
    for seal in seals:
        async for finding in _audit_day(store, seal):
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


async def _audit_day(store: SealStore, seal: Seal) -> AsyncIterator[Finding]:
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
        found = await _differs(store, table, seal.day, of_table)
        if found:
            yield Finding("rows", seal.day, f"{table.name}: {found}")


async def _differs(store: SealStore, table: SealedTable, day: date, sealed: TableSeal) -> str:
    comparing = Comparing(await store.leaves(table.name, day))
    async for row in store.rows(table, day):
        comparing.add(key_of(table, row), leaf_of(table, row))
    named = comparing.difference()
    if comparing.root == sealed.root:
        return f"the kept prefixes were changed: {named}" if named else ""
    return named or "the rows and the kept prefixes were changed together"
