"""pain.001.001.09 of ISO 20022: customer credit transfer initiation."""

from datetime import UTC
from xml.etree.ElementTree import Element, SubElement, tostring

from prepay_ledger.debit_formats.configured import TransferProfile
from prepay_ledger.debit_formats.iso_nodes import (
    put,
    put_account,
    put_agent,
    put_amount,
    put_totals,
)
from prepay_ledger.debit_formats.values import Transfer, TransferFile, Unwritable

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
_NAME_CHARACTERS_MAX = 70
_REMITTANCE_CHARACTERS_MAX = 140
_SEPA = "EUR"


def write_pain001(file: TransferFile, profile: TransferProfile) -> bytes:
    """One payment information with all transfers, each booked by itself (``BtchBookg`` false), so
    that the bank's statement names each. Raises `Unwritable`."""
    root = Element("Document", xmlns=NAMESPACE)
    message = SubElement(root, "CstmrCdtTrfInitn")
    head = SubElement(message, "GrpHdr")
    put(head, file.id, "MsgId")
    put(head, file.made_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), "CreDtTm")
    put_totals(head, file)
    put(head, profile.payer.name, "InitgPty", "Nm")
    payment = SubElement(message, "PmtInf")
    put(payment, file.id, "PmtInfId")
    put(payment, "TRF", "PmtMtd")
    put(payment, "false", "BtchBookg")
    put_totals(payment, file)
    is_sepa = file.currency == _SEPA
    if is_sepa:
        put(payment, "SEPA", "PmtTpInf", "SvcLvl", "Cd")
    put(payment, file.pay_on.isoformat(), "ReqdExctnDt", "Dt")
    put(payment, profile.payer.name, "Dbtr", "Nm")
    put_account(payment, "DbtrAcct", profile.payer.account)
    put_agent(payment, "DbtrAgt", profile.payer.bank_code)
    put(payment, "SLEV" if is_sepa else "SHAR", "ChrgBr")
    for each in file.transfers:
        _transfer(payment, each, file, profile)
    return tostring(root, encoding="UTF-8", xml_declaration=True)


def _transfer(
    payment: Element, transfer: Transfer, file: TransferFile, profile: TransferProfile
) -> None:
    said = profile.remittance_of(transfer)
    for name, text, most in (
        ("name", transfer.holder, _NAME_CHARACTERS_MAX),
        ("remittance", said, _REMITTANCE_CHARACTERS_MAX),
    ):
        if len(text) > most:
            message = f"line {transfer.number}: the {name} has more than {most} characters"
            raise Unwritable(message)
    node = SubElement(payment, "CdtTrfTxInf")
    put(node, transfer.id, "PmtId", "EndToEndId")
    where = f"line {transfer.number}"
    put_amount(node, transfer.amount_micro, file.currency, "Amt", "InstdAmt", where=where)
    if transfer.bank_code:
        put_agent(node, "CdtrAgt", transfer.bank_code)
    put(node, transfer.holder, "Cdtr", "Nm")
    put_account(node, "CdtrAcct", transfer.bank_account)
    put(node, said, "RmtInf", "Ustrd")
