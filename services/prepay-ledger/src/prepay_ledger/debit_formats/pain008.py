"""pain.008.001.08 of ISO 20022: customer direct debit initiation."""

from datetime import UTC
from xml.etree.ElementTree import Element, SubElement, tostring

from prepay_ledger.debit_formats.configured import DebitProfile
from prepay_ledger.debit_formats.values import Debit, DebitFile, Unwritable
from prepay_ledger.providers.amounts import decimal_of

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.008.001.08"
_NAME_CHARACTERS_MAX = 70
_REFERENCE_CHARACTERS_MAX = 35
_IBAN_COUNTRY = 2


def write_pain008(file: DebitFile, profile: DebitProfile) -> bytes:
    """One payment information with all debits: the bank books them as it is told to. Counts and
    sums are in both headers. Raises `Unwritable`."""
    root = Element("Document", xmlns=NAMESPACE)
    message = SubElement(root, "CstmrDrctDbtInitn")
    head = SubElement(message, "GrpHdr")
    _text(head, file.id, "MsgId")
    _text(head, file.made_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), "CreDtTm")
    _totals(head, file)
    _text(head, profile.creditor.name, "InitgPty", "Nm")
    payment = SubElement(message, "PmtInf")
    _text(payment, file.id, "PmtInfId")
    _text(payment, "DD", "PmtMtd")
    _text(payment, "true", "BtchBookg")
    _totals(payment, file)
    kind = SubElement(payment, "PmtTpInf")
    _text(kind, "SEPA", "SvcLvl", "Cd")
    _text(kind, profile.instrument, "LclInstrm", "Cd")
    _text(kind, "RCUR", "SeqTp")
    _text(payment, file.collect_on.isoformat(), "ReqdColltnDt")
    _creditor(payment, profile)
    for each in file.debits:
        _debit(payment, each, file, profile)
    return tostring(root, encoding="UTF-8", xml_declaration=True)


def _creditor(payment: Element, profile: DebitProfile) -> None:
    creditor = profile.creditor
    _text(payment, creditor.name, "Cdtr", "Nm")
    _account(payment, "CdtrAcct", creditor.account)
    _agent(payment, "CdtrAgt", creditor.bank_code)
    _text(payment, "SLEV", "ChrgBr")
    scheme = SubElement(SubElement(SubElement(payment, "CdtrSchmeId"), "Id"), "PrvtId")
    other = SubElement(scheme, "Othr")
    _text(other, creditor.id or "NOTPROVIDED", "Id")
    _text(other, "SEPA", "SchmeNm", "Prtry")


def _debit(payment: Element, debit: Debit, file: DebitFile, profile: DebitProfile) -> None:
    for name, value in (("id", debit.id), ("mandate reference", debit.mandate_reference)):
        if not 0 < len(value) <= _REFERENCE_CHARACTERS_MAX:
            message = f"line {debit.number}: the {name} has to have 1 to 35 characters"
            raise Unwritable(message)
    node = SubElement(payment, "DrctDbtTxInf")
    _text(node, debit.id, "PmtId", "EndToEndId")
    _text(node, decimal_of(debit.amount_micro), "InstdAmt").set("Ccy", file.currency)
    mandate = SubElement(SubElement(node, "DrctDbtTx"), "MndtRltdInf")
    _text(mandate, debit.mandate_reference, "MndtId")
    _text(mandate, debit.signed_on.isoformat(), "DtOfSgntr")
    _agent(node, "DbtrAgt", debit.debtor.bank_code)
    _text(node, debit.debtor.holder[:_NAME_CHARACTERS_MAX], "Dbtr", "Nm")
    _account(node, "DbtrAcct", debit.debtor.bank_account)
    said = profile.remittance or debit.account_number
    _text(node, said.replace("{account_number}", debit.account_number), "RmtInf", "Ustrd")


def _totals(node: Element, file: DebitFile) -> None:
    _text(node, str(len(file.debits)), "NbOfTxs")
    _text(node, decimal_of(file.sum_micro), "CtrlSum")


def _agent(node: Element, name: str, bank_code: str) -> None:
    """By its BIC, or as nobody: within SEPA an IBAN is enough."""
    institution = SubElement(SubElement(node, name), "FinInstnId")
    if bank_code:
        _text(institution, bank_code, "BICFI")
    else:
        _text(institution, "NOTPROVIDED", "Othr", "Id")


def _account(node: Element, name: str, number: str) -> None:
    is_iban = number[:_IBAN_COUNTRY].isalpha()
    _text(node, number, name, "Id", *(("IBAN",) if is_iban else ("Othr", "Id")))


def _text(node: Element, said: str, *names: str) -> Element:
    for name in names:
        node = SubElement(node, name)
    node.text = said
    return node
