"""A file of debits, or of transfers, in the bank's format."""

from prepay_ledger.debit_formats.configured import DebitProfile, TransferProfile
from prepay_ledger.debit_formats.pain001 import write_pain001
from prepay_ledger.debit_formats.pain008 import write_pain008
from prepay_ledger.debit_formats.text_file import write_text, write_transfers
from prepay_ledger.debit_formats.values import DebitFile, TransferFile


def write_file(file: DebitFile, profile: DebitProfile) -> bytes:
    """The same bytes whenever it is written. Raises `Unwritable`."""
    if profile.text is not None:
        return write_text(file, profile.text)
    return write_pain008(file, profile)


def write_transfer_file(file: TransferFile, profile: TransferProfile) -> bytes:
    """Likewise."""
    if profile.text is not None:
        return write_transfers(file, profile.text)
    return write_pain001(file, profile)
