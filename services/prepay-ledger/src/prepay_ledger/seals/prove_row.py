"""Use case: the proof that a row is in the seal of its day."""

from datetime import date

from prepay_ledger.seals.chain import key_of, leaf_of, row_text, tables_of
from prepay_ledger.seals.ports import SealStore
from prepay_ledger.seals.refusals import NotSealed
from prepay_ledger.seals.values import READINGS, SEALED_BY_NAME, Proof, Seal
from prewatt_common.merkle import inclusion_proof


async def sealed_day(store: SealStore, day: date) -> Seal:
    """Raises `NotSealed`."""
    seal = await store.seal(day)
    if seal is None:
        message = f"{day} is not sealed"
        raise NotSealed(message)
    return seal


async def prove_row(store: SealStore, seal: Seal, name: str, key: str) -> Proof:
    """The row of table ``name`` with that key. Reads the table's whole day. Raises `NotSealed`."""
    if name == READINGS and await store.has_left(seal.day):
        message = f"the readings of {seal.day} have left the database: their proof is the export"
        raise NotSealed(message)
    table = SEALED_BY_NAME[name]
    leaves: list[bytes] = []
    number, text = -1, b""
    async for row in store.rows(table, seal.day):
        if key_of(table, row) == key:
            number, text = len(leaves), row_text(table, row)
        leaves.append(leaf_of(table, row))
    if number < 0:
        message = f"{name} has no row {key} of {seal.day}"
        raise NotSealed(message)
    return Proof(
        day=seal.day,
        table=name,
        row=text.decode(),
        leaf=leaves[number],
        number=number,
        count=len(leaves),
        path=inclusion_proof(leaves, number),
        root=tables_of(seal)[name].root,
        head=seal.head,
    )
