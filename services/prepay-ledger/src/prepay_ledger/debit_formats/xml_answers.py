"""What banks answer in XML: pain.002 (payment status report), and camt.053 or camt.054 with the
debits one by one."""

from collections.abc import Iterator, Sequence

from prepay_ledger.bank_files.amounts import micro_of
from prepay_ledger.bank_files.camt_tree import (
    Node,
    child,
    children,
    first_text,
    local,
    text,
    xml_of,
)
from prepay_ledger.bank_files.values import Unreadable
from prepay_ledger.debit_formats.values import AnswerKind, DebitAnswer

_REFUSED = frozenset({"RJCT", "CANC"})
_PAID = frozenset({"ACSC", "ACCC"})
"""Settled. What was only accepted may still be refused."""
_STATEMENTS = ("Stmt", "Ntfctn", "Rpt")


def read_xml(body: bytes, *, of_debits: bool = True) -> Sequence[DebitAnswer]:
    """What it says of lines that it names by our ids, or of whole files. ``of_debits``: money that
    comes in pays one; of a transfer it is what came back, which no answer but the bank's statement
    tells. Raises `Unreadable`."""
    root = xml_of(body)
    for node in root.iter():
        match local(node):
            case "CstmrPmtStsRpt":
                return list(_report(node))
            case name if name in _STATEMENTS and not of_debits:
                message = "it is a statement of the bank: import it as one; it answers no transfer"
                raise Unreadable(message)
            case name if name in _STATEMENTS:
                return list(_statements(root))
            case _:
                pass
    message = f"it is no pain.002 and no camt: its first element is {local(root)[:100]}"
    raise Unreadable(message)


def _report(report: Node) -> Iterator[DebitAnswer]:
    group = child(report, "OrgnlGrpInfAndSts")
    file_id = text(group, "OrgnlMsgId")
    blocks = list(children(report, "OrgnlPmtInfAndSts"))
    found = [each for block in blocks for each in children(block, "TxInfAndSts")]
    if not found:
        # Said of the file, not of its lines.
        for status, node in (
            (text(group, "GrpSts"), group),
            *((text(b, "PmtInfSts"), b) for b in blocks),
        ):
            if status in _REFUSED and node is not None:
                yield DebitAnswer(
                    kind=AnswerKind.REFUSED, id="", file_id=file_id, code=_reason(node),
                    place="the file",
                )  # fmt: skip
                return
    for number, each in enumerate(found, 1):
        status = text(each, "TxSts")
        kind = (
            AnswerKind.REFUSED
            if status in _REFUSED
            else AnswerKind.PAID
            if status in _PAID
            else None
        )
        if kind is None:
            continue
        place = f"transaction {number}"
        amount = first_text(each, ("OrgnlTxRef", "Amt", "InstdAmt"), ("OrgnlTxRef", "InstdAmt"))
        yield DebitAnswer(
            kind=kind,
            id=text(each, "OrgnlEndToEndId"),
            file_id=file_id,
            code=_reason(each) if kind is AnswerKind.REFUSED else "",
            amount_micro=micro_of(amount, where=place) if amount else None,
            place=place,
        )


def _reason(node: Node) -> str:
    return first_text(node, ("StsRsnInf", "Rsn", "Cd"), ("StsRsnInf", "Rsn", "Prtry"))


def _statements(root: Node) -> Iterator[DebitAnswer]:
    entries = [each for each in root.iter() if local(each) == "Ntry"]
    for number, entry in enumerate(entries, 1):
        if first_text(entry, ("Sts", "Cd"), ("Sts",)) not in {"", "BOOK"}:
            continue
        for each in children(entry, "NtryDtls", "TxDtls"):
            returned = child(each, "RtrInf")
            is_credit = text(entry, "CdtDbtInd") == "CRDT"
            if returned is None and not is_credit:
                continue
            place = f"entry {number}"
            amount = first_text(
                each, ("Amt",), ("AmtDtls", "InstdAmt", "Amt"), ("AmtDtls", "TxAmt", "Amt")
            )
            yield DebitAnswer(
                kind=AnswerKind.PAID if returned is None else AnswerKind.RETURNED,
                id=text(each, "Refs", "EndToEndId"),
                code=first_text(returned, ("Rsn", "Cd"), ("Rsn", "Prtry")),
                amount_micro=micro_of(amount, where=place) if amount else None,
                place=place,
            )
