"""Use case: a person tells from whose account at which bank a mandate's money is taken."""

from datetime import datetime

from prepay_ledger.debit_files.ports import Unit
from prepay_ledger.debit_files.refusals import DebtorRefused, UnknownDebtor
from prepay_ledger.debit_files.values import KnownDebtor
from prepay_ledger.debit_formats.configured import DebitProfile
from prepay_ledger.debit_formats.values import Debit, DebitFile, Unwritable
from prepay_ledger.debit_formats.write_file import write_file
from prepay_ledger.mandates.values import MandateState


async def put_debtor(
    unit: Unit, *, asked: KnownDebtor, profiles: dict[str, DebitProfile], now: datetime
) -> None:
    """What would not fit into the bank's file is refused here, and not as the file is made. Raises
    `UnknownDebtor` or `DebtorRefused`."""
    mandate = await unit.mandates.mandate(asked.mandate_id)
    if mandate is None or mandate.state is MandateState.ENDED:
        message = f"there is no mandate {asked.mandate_id} that is not ended; nothing was changed"
        raise UnknownDebtor(message)
    profile = profiles.get(mandate.provider)
    if profile is None:
        message = f"{mandate.provider} takes no batch debits; nothing was changed"
        raise DebtorRefused(message)
    example = Debit(
        number=1,
        id="0" * 32,
        mandate_reference=mandate.reference,
        signed_on=mandate.consent.at.date(),
        debtor=asked.debtor,
        amount_micro=max(
            mandate.terms.amount_micro,
            mandate.terms.instalment_micro_max or 0,
            mandate.terms.statement_micro_max or 0,
        ),
        account_number="1",
    )
    file = DebitFile(
        id="0" * 32,
        collect_on=now.date(),
        made_at=now,
        currency=profile.currency,
        debits=[example],
    )
    try:
        write_file(file, profile)
    except Unwritable as error:
        message = f"{error}; nothing was changed"
        raise DebtorRefused(message) from error
    await unit.debit_files.put_debtor(asked)
