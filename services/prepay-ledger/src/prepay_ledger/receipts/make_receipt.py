"""Use case: the receipt of a payment, with its proof once the day is sealed."""

from dataclasses import dataclass

from prepay_ledger.receipts.sign_receipt import ReceiptKeys, sign_receipt
from prepay_ledger.receipts.values import TABLE, Claims, Paid
from prepay_ledger.seals.chain import row_text
from prepay_ledger.seals.ports import SealStore
from prepay_ledger.seals.prove_row import prove_row
from prepay_ledger.seals.values import SEALED_BY_NAME, Proof, Seal


@dataclass(frozen=True, slots=True)
class Receipt:
    """``signed``: compact JWS. ``seal`` and ``proof``: none until the payment's day is sealed."""

    signed: str
    seal: Seal | None
    proof: Proof | None


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
    )
    signed = sign_receipt(claims, keys)
    seal = await store.seal(paid.day)
    proof = None if seal is None else await prove_row(store, seal, TABLE, str(paid.id))
    return Receipt(signed, seal, proof)
