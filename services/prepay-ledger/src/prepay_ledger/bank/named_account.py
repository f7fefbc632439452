"""Whom a payer at the bank named: by a payment reference in its own field, then in free text."""

from prepay_ledger.balances.payment_reference import plain_number, read_reference
from prepay_ledger.balances.ports import HasBalances
from prepay_ledger.bank.rules import may_be_a_number, references_in, texts_of
from prepay_ledger.bank_files.values import StatementLine

_GIVEN_CHARACTERS_MAX = 140
"""What a payer may write at most at a bank."""


async def named_account(unit: HasBalances, line: StatementLine) -> str:
    """What `find_account` is to look for. Among other words only a reference counts whose check
    digits hold and that is of one account; a number without any counts where nothing else is
    written. Where several accounts are named nobody is, and all that was written is given."""
    for text in texts_of(line):
        found = [each for each in references_in(text) if await _numbers(unit, each)]
        if len(found) == 1:
            return found[0]
        if found:
            break
        if may_be_a_number(text) and text in await unit.balances.numbers_of_plain(
            plain_number(text)
        ):
            return text
    return next(iter(texts_of(line)), "")[:_GIVEN_CHARACTERS_MAX].strip()


async def _numbers(unit: HasBalances, given: str) -> bool:
    reference = read_reference(given)
    assert reference is not None, "it was found as one"
    return len(await unit.balances.numbers_of_plain(reference.plain_number)) == 1
