"""A file of debits in the bank's format."""

from prepay_ledger.debit_formats.configured import DebitProfile
from prepay_ledger.debit_formats.pain008 import write_pain008
from prepay_ledger.debit_formats.text_file import write_text
from prepay_ledger.debit_formats.values import DebitFile


def write_file(file: DebitFile, profile: DebitProfile) -> bytes:
    """The same bytes whenever it is written. Raises `Unwritable`."""
    if profile.text is not None:
        return write_text(file, profile.text)
    return write_pain008(file, profile)
