"""Use case: the receipt of a payment, with its proof once the day is sealed."""

from dataclasses import dataclass
from datetime import date

from prepay_ledger.receipts.sign_receipt import ReceiptKeys, sign_receipt
from prepay_ledger.receipts.values import TABLE, TOPUP, Claims, Leaf, Paid
from prepay_ledger.seals.chain import row_text
from prepay_ledger.seals.ports import SealStore
from prepay_ledger.seals.prove_row import prove_row
from prepay_ledger.seals.values import SEALED_BY_NAME, Proof, Seal


@dataclass(frozen=True, slots=True)
class Receipt:
    """``signed``: ``claims`` as compact JWS. ``seal`` and ``proof``: none until the payment's day
    is sealed; of the top-up likewise, and where no account has the money."""

    claims: Claims
    signed: str
    seal: Seal | None
    proof: Proof | None
    topup_seal: Seal | None
    topup_proof: Proof | None


async def make_receipt(store: SealStore, paid: Paid, *, keys: ReceiptKeys) -> Receipt:
    """Reads all payments of the day, where that is sealed."""
    table = SEALED_BY_NAME[TABLE]
    row = await store.row(table, paid.id)
    assert row is not None, "a payment is never deleted"
    claims = Claims(
        table=TABLE,
        day=paid.day,
        row=row_text(table, row).decode(),
        account_number=paid.account_number,
        taken_back_micro=str(paid.taken_back_micro),
        topup=await _topup(store, paid),
    )
    signed = sign_receipt(claims, keys)
    return Receipt(
        claims,
        signed,
        *await _proof(store, paid, TABLE, paid.day),
        *await _proof(store, paid, TOPUP, paid.topup_day),
    )


async def _topup(store: SealStore, paid: Paid) -> Leaf | None:
    if paid.topup_day is None:
        return None
    table = SEALED_BY_NAME[TOPUP]
    row = await store.row(table, paid.id)
    assert row is not None, "it was there a moment ago, and is never deleted"
    return Leaf(table=TOPUP, day=paid.topup_day, row=row_text(table, row).decode())


async def _proof(
    store: SealStore, paid: Paid, table: str, day: date | None
) -> tuple[Seal | None, Proof | None]:
    seal = None if day is None else await store.seal(day)
    if seal is None:
        return None, None
    return seal, await prove_row(store, seal, table, str(paid.id))
