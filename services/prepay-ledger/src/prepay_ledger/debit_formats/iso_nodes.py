"""What the payment messages of ISO 20022 have alike: totals, agents and accounts."""

from xml.etree.ElementTree import Element, SubElement

from prepay_ledger.debit_formats.values import DebitFile, TransferFile, Unwritable
from prepay_ledger.providers.amounts import decimal_of, minor_of_micro

_IBAN_COUNTRY = 2


def put(node: Element, said: str, *names: str) -> Element:
    """The text in new elements of these names, one in the other; gives the inmost one."""
    for name in names:
        node = SubElement(node, name)
    node.text = said
    return node


def put_totals(node: Element, file: DebitFile | TransferFile) -> None:
    """How many lines there are, and what they sum to."""
    put(node, str(file.count), "NbOfTxs")
    put(node, decimal_of(file.sum_micro), "CtrlSum")


def put_amount(node: Element, micro: int, currency: str, *names: str, where: str) -> None:
    """Raises `Unwritable` for what is no whole number of the currency's smallest unit."""
    try:
        minor_of_micro(micro, currency)
    except ValueError as error:
        message = f"{where}: {error}"
        raise Unwritable(message) from error
    put(node, decimal_of(micro), *names).set("Ccy", currency)


def put_agent(node: Element, name: str, bank_code: str) -> None:
    """By its BIC, or as nobody: within SEPA an IBAN is enough."""
    institution = SubElement(SubElement(node, name), "FinInstnId")
    if bank_code:
        put(institution, bank_code, "BICFI")
    else:
        put(institution, "NOTPROVIDED", "Othr", "Id")


def put_account(node: Element, name: str, number: str) -> None:
    """By its IBAN, or the bank's own number of it."""
    is_iban = number[:_IBAN_COUNTRY].isalpha()
    put(node, number, name, "Id", *(("IBAN",) if is_iban else ("Othr", "Id")))
