"""Receipts over HTTP."""

from http import HTTPStatus
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from prepay_ledger.paper.api import PDF_ANSWER, Paper
from prepay_ledger.paper.values import Language
from prepay_ledger.payments.suspense import UnknownPayment
from prepay_ledger.receipts.make_receipt import Receipt, make_receipt
from prepay_ledger.receipts.paid_slip import paid_slip
from prepay_ledger.receipts.ports import OpenUnit, PaidStore
from prepay_ledger.receipts.schemas import KeysOut, ReceiptOut
from prepay_ledger.receipts.sign_receipt import ReceiptKeys, public_keys
from prewatt_common.http.auth import public, require
from prewatt_common.refusals import Refusal


class NoReceiptKey(Refusal):
    """The ledger was given no key to sign receipts with."""

    status = HTTPStatus.NOT_FOUND
    kind = "no-receipt-key"


def receipts_router(
    *, open_unit: OpenUnit, paid: PaidStore, keys: ReceiptKeys, paper: Paper, zone: ZoneInfo
) -> APIRouter:
    """``/v1/payments/{payment}/receipt``, the same as PDF, and ``/v1/receipt-keys``."""
    router = APIRouter(prefix="/v1", tags=["receipts"])

    async def made(payment: UUID) -> Receipt:
        if not keys:
            message = "no key for receipts is configured: PREWATT_RECEIPT_KEYS"
            raise NoReceiptKey(message)
        found = await paid.paid(payment)
        if found is None:
            message = f"payment {payment} does not exist"
            raise UnknownPayment(message)
        async with open_unit() as unit:
            return await make_receipt(unit.seals, found, keys=keys)

    @router.get("/payments/{payment}/receipt", dependencies=[Depends(require("ledger:read"))])
    async def receipt(payment: UUID) -> ReceiptOut:
        """The signed receipt of a payment, by our id of it: at once, and with the proof against the
        chain of seals once its day is sealed. Asked again it is the same, unless the money went
        somewhere else meanwhile."""
        return ReceiptOut.of(await made(payment))

    @router.get(
        "/payments/{payment}/receipt.pdf",
        dependencies=[Depends(require("ledger:read"))],
        response_class=Response,
        responses=PDF_ANSWER,
    )
    async def receipt_pdf(payment: UUID, language: Language = Language.ENGLISH) -> Response:
        """The same to be handed over: a slip of 80 mm, with the signed receipt as a QR code."""
        receipt = await made(payment)
        slip = paid_slip(
            receipt.claims,
            signed=receipt.signed,
            issuer=paper.issuer,
            zone=zone,
            language=language,
        )
        return await paper.answer(slip)

    @router.get(
        "/receipt-keys",
        dependencies=[Depends(public(because="public keys are for everybody who has a receipt"))],
    )
    async def receipt_keys() -> KeysOut:
        """The public keys that receipts are checked with, as a JWK set; the newest first."""
        return KeysOut(keys=list(public_keys(keys)))

    return router
