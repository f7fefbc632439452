"""Receipts as the API gives them."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, Field

from prepay_ledger.receipts.make_receipt import Receipt
from prepay_ledger.seals.schemas import ProofOut, SealOut


class ReceiptOut(BaseModel):
    """A receipt to be kept and checked by anybody, also without us (`prewatt receipts verify`).

    ``receipt``: compact JWS (RFC 7515; EdDSA) of `table`, `day`, `row` (canonical text: amount,
    currency, when, by whom, for what account as the payer gave it), `account_number` (whose balance
    has it; null: nobody's), `taken_back_micro`, and `topup` (null where no account has it): a row
    of its own with what of it repaid emergency credit, paid each debt, was added to the balance,
    and could be used then. ``seal`` and ``proof``: that the row is in the closed day whose head is
    published; null until the day is sealed. ``topup_seal``, ``topup_proof``: the same of that row.
    """

    receipt: Annotated[str, Field(pattern=r"^[\w-]+\.[\w-]+\.[\w-]+$")]
    seal: SealOut | None
    proof: ProofOut | None
    topup_seal: SealOut | None
    topup_proof: ProofOut | None

    @staticmethod
    def of(receipt: Receipt) -> "ReceiptOut":
        """As it is shown."""
        return ReceiptOut(
            receipt=receipt.signed,
            seal=None if receipt.seal is None else SealOut.of(receipt.seal),
            proof=None if receipt.proof is None else ProofOut.of(receipt.proof),
            topup_seal=None if receipt.topup_seal is None else SealOut.of(receipt.topup_seal),
            topup_proof=None if receipt.topup_proof is None else ProofOut.of(receipt.topup_proof),
        )


class KeysOut(BaseModel):
    """A JWK set (RFC 7517; Ed25519 as in RFC 8037): whoever checks a receipt takes the key that its
    header names by ``kid``."""

    keys: list[Mapping[str, str]]
