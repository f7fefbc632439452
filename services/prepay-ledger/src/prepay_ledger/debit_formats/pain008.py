"""pain.008.001.08 of ISO 20022: customer direct debit initiation."""

from datetime import UTC
from xml.etree.ElementTree import Element, SubElement, tostring

from prepay_ledger.debit_formats.configured import DebitProfile
from prepay_ledger.debit_formats.iso_nodes import (
    put,
    put_account,
    put_agent,
    put_amount,
    put_totals,
)
from prepay_ledger.debit_formats.values import Debit, DebitFile, Unwritable

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.008.001.08"
_NAME_CHARACTERS_MAX = 70
_REFERENCE_CHARACTERS_MAX = 35


def write_pain008(file: DebitFile, profile: DebitProfile) -> bytes:
    """One payment information with all debits: the bank books them as it is told to. Counts and
    sums are in both headers. Raises `Unwritable`."""
    root = Element("Document", xmlns=NAMESPACE)
    message = SubElement(root, "CstmrDrctDbtInitn")
    head = SubElement(message, "GrpHdr")
    put(head, file.id, "MsgId")
    put(head, file.made_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), "CreDtTm")
    put_totals(head, file)
    put(head, profile.creditor.name, "InitgPty", "Nm")
    payment = SubElement(message, "PmtInf")
    put(payment, file.id, "PmtInfId")
    put(payment, "DD", "PmtMtd")
    put(payment, "true", "BtchBookg")
    put_totals(payment, file)
    kind = SubElement(payment, "PmtTpInf")
    put(kind, "SEPA", "SvcLvl", "Cd")
    put(kind, profile.instrument, "LclInstrm", "Cd")
    put(kind, "RCUR", "SeqTp")
    put(payment, file.collect_on.isoformat(), "ReqdColltnDt")
    _creditor(payment, profile)
    for each in file.debits:
        _debit(payment, each, file, profile)
    return tostring(root, encoding="UTF-8", xml_declaration=True)


def _creditor(payment: Element, profile: DebitProfile) -> None:
    creditor = profile.creditor
    put(payment, creditor.name, "Cdtr", "Nm")
    put_account(payment, "CdtrAcct", creditor.account)
    put_agent(payment, "CdtrAgt", creditor.bank_code)
    put(payment, "SLEV", "ChrgBr")
    scheme = SubElement(SubElement(SubElement(payment, "CdtrSchmeId"), "Id"), "PrvtId")
    other = SubElement(scheme, "Othr")
    put(other, creditor.id or "NOTPROVIDED", "Id")
    put(other, "SEPA", "SchmeNm", "Prtry")


def _debit(payment: Element, debit: Debit, file: DebitFile, profile: DebitProfile) -> None:
    for name, value in (("id", debit.id), ("mandate reference", debit.mandate_reference)):
        if not 0 < len(value) <= _REFERENCE_CHARACTERS_MAX:
            message = f"line {debit.number}: the {name} has to have 1 to 35 characters"
            raise Unwritable(message)
    node = SubElement(payment, "DrctDbtTxInf")
    put(node, debit.id, "PmtId", "EndToEndId")
    where = f"line {debit.number}"
    put_amount(node, debit.amount_micro, file.currency, "InstdAmt", where=where)
    mandate = SubElement(SubElement(node, "DrctDbtTx"), "MndtRltdInf")
    put(mandate, debit.mandate_reference, "MndtId")
    put(mandate, debit.signed_on.isoformat(), "DtOfSgntr")
    put_agent(node, "DbtrAgt", debit.debtor.bank_code)
    put(node, debit.debtor.holder[:_NAME_CHARACTERS_MAX], "Dbtr", "Nm")
    put_account(node, "DbtrAcct", debit.debtor.bank_account)
    said = profile.remittance or debit.account_number
    put(node, said.replace("{account_number}", debit.account_number), "RmtInf", "Ustrd")
