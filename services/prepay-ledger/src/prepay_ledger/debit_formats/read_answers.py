"""A bank's answer of any format."""

from collections.abc import Sequence
from dataclasses import replace

from prepay_ledger.debit_formats.configured import BankProfile, DebitProfile
from prepay_ledger.debit_formats.text_answers import read_text
from prepay_ledger.debit_formats.values import AnswerKind, DebitAnswer
from prepay_ledger.debit_formats.xml_answers import read_xml


def read_answers(body: bytes, profile: BankProfile) -> Sequence[DebitAnswer]:
    """What it says, with the codes of ISO 20022 where the profile maps the bank's own. Raises
    `Unreadable`."""
    is_xml = body.lstrip(b"\xef\xbb\xbf\xff\xfe \r\n\t").startswith(b"<")
    found = (
        read_xml(body, of_debits=isinstance(profile, DebitProfile))
        if is_xml or profile.results is None
        else read_text(body, profile.results)
    )
    return [
        each
        if each.kind is AnswerKind.PAID
        else replace(each, code=profile.codes.get(each.code, each.code))
        for each in found
    ]
