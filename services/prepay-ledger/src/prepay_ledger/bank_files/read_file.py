"""A bank's file of any format as statements."""

from collections.abc import Sequence

from prepay_ledger.bank_files.camt import read_camt
from prepay_ledger.bank_files.csv_file import read_csv
from prepay_ledger.bank_files.csv_mapping import CsvMapping
from prepay_ledger.bank_files.mt940 import read_mt940
from prepay_ledger.bank_files.values import LINES_MAX, FileFormat, Statement, Unreadable

_XML = (b"<", b"\xef\xbb\xbf<", b"\xff\xfe<", b"\xfe\xff\x00<")


def format_of(body: bytes, mapping: CsvMapping | None) -> FileFormat:
    """What the file is: CSV where a mapping says how to read it."""
    if mapping is not None:
        return FileFormat.CSV
    return FileFormat.CAMT if body.lstrip().startswith(_XML) else FileFormat.MT940


def read_file(body: bytes, mapping: CsvMapping | None) -> Sequence[Statement]:
    """The statements in the file, each of which adds up. Raises `Unreadable`."""
    match format_of(body, mapping):
        case FileFormat.CAMT:
            statements = read_camt(body)
        case FileFormat.MT940:
            statements = read_mt940(body)
        case FileFormat.CSV:
            assert mapping is not None, "its mapping makes it CSV"
            statements = read_csv(body, mapping)
    if sum(len(each.lines) for each in statements) > LINES_MAX:
        message = f"the file has over {LINES_MAX} lines: send it in parts"
        raise Unreadable(message)
    return statements
