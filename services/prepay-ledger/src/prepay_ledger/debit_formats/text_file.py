"""A file of text by the bank's own form: fixed widths or a delimiter, in its encoding. So banks of
China take 代扣 files, in GBK."""

from collections.abc import Mapping, Sequence

from prepay_ledger.debit_formats.configured import PLACE, FieldForm, TextForm
from prepay_ledger.debit_formats.values import (
    Debit,
    DebitFile,
    Transfer,
    TransferFile,
    Unwritable,
)
from prepay_ledger.providers.amounts import decimal_of, minor_of_micro

_ENCODINGS = {"utf-8": "utf-8", "gbk": "gbk", "latin-1": "cp1252"}


def write_text(file: DebitFile, form: TextForm) -> bytes:
    """Its head, a line for each debit, its foot. Raises `Unwritable`."""
    of_all = _of_all(file, form) | {"collect_on": file.collect_on.strftime(form.date_form)}
    of_each = [(each.number, _of_debit(each, file.currency, form)) for each in file.debits]
    return _written(of_all, of_each, form)


def write_transfers(file: TransferFile, form: TextForm) -> bytes:
    """Likewise of transfers. Raises `Unwritable`."""
    of_all = _of_all(file, form) | {"pay_on": file.pay_on.strftime(form.date_form)}
    of_each = [(each.number, _of_transfer(each, file.currency)) for each in file.transfers]
    return _written(of_all, of_each, form)


def _written(
    of_all: Mapping[str, str], of_each: Sequence[tuple[int, Mapping[str, str]]], form: TextForm
) -> bytes:
    lines = [_line(form.head, of_all, form, "the head")] if form.head else []
    for number, own in of_each:
        lines.append(_line(form.columns, {**of_all, **own}, form, f"line {number}"))
    if form.foot:
        lines.append(_line(form.foot, of_all, form, "the foot"))
    end = form.line_end.encode()
    return end.join(lines) + end


def _of_all(file: DebitFile | TransferFile, form: TextForm) -> dict[str, str]:
    return {
        "file_id": file.id,
        "made_on": file.made_at.strftime(form.date_form),
        "currency": file.currency,
        "count": str(file.count),
        "sum": decimal_of(file.sum_micro),
        "sum_minor": _minor(file.sum_micro, file.currency, "the sum"),
    }


def _of_transfer(transfer: Transfer, currency: str) -> dict[str, str]:
    return {
        "number": str(transfer.number),
        "id": transfer.id,
        "holder": transfer.holder,
        "bank_account": transfer.bank_account,
        "bank_code": transfer.bank_code,
        "amount": decimal_of(transfer.amount_micro),
        "minor": _minor(transfer.amount_micro, currency, f"line {transfer.number}"),
        "account_number": transfer.account_number,
    }


def _of_debit(debit: Debit, currency: str, form: TextForm) -> dict[str, str]:
    return {
        "number": str(debit.number),
        "id": debit.id,
        "mandate_reference": debit.mandate_reference,
        "signed_on": debit.signed_on.strftime(form.date_form),
        "holder": debit.debtor.holder,
        "bank_account": debit.debtor.bank_account,
        "bank_code": debit.debtor.bank_code,
        "amount": decimal_of(debit.amount_micro),
        "minor": _minor(debit.amount_micro, currency, f"line {debit.number}"),
        "account_number": debit.account_number,
    }


def _minor(micro: int, currency: str, where: str) -> str:
    try:
        return str(minor_of_micro(micro, currency))
    except ValueError as error:
        message = f"{where}: {error}"
        raise Unwritable(message) from error


def _line(
    fields: Sequence[FieldForm], named: Mapping[str, str], form: TextForm, where: str
) -> bytes:
    return form.delimiter.encode().join(_field(each, named, form, where) for each in fields)


def _field(field: FieldForm, named: Mapping[str, str], form: TextForm, where: str) -> bytes:
    """Nothing is cut off: what does not fit would be somebody else's account. What is wrong is told
    by the column: what stands in it is a person's name or account, and messages are logged."""
    column = f"{where}: the column {field.value[:40]!r}"
    said = PLACE.sub(lambda place: named[place[1]], field.value)
    if any(each in said for each in ("\r", "\n", *filter(None, [form.delimiter]))):
        message = f"{column} has what ends a field"
        raise Unwritable(message)
    try:
        written = said.encode(_ENCODINGS[form.encoding])
    except UnicodeEncodeError:
        message = f"{column} cannot be written in {form.encoding}"
        raise Unwritable(message) from None
    if field.width is None:
        return written
    lacking = field.width - len(written)
    if lacking < 0:
        message = f"{column} is longer than {field.width} bytes"
        raise Unwritable(message)
    pad = field.pad.encode() * lacking
    return pad + written if field.align == "right" else written + pad
