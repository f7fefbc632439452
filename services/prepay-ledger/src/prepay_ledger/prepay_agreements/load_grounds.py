"""What cuts of accounts would rest on: their agreements, procedures and evidence."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from prepay_ledger.cut_lists.values import Listed
from prepay_ledger.prepay_agreements.ports import HasGrounds
from prepay_ledger.prepay_agreements.values import Grounds, PrepayAgreement
from prepay_ledger.procedures.book import ProcedureBook
from prepay_ledger.procedures.values import Evidence, PublishedProcedure, Whose


async def load_grounds(
    unit: HasGrounds, account_ids: Collection[UUID], *, at: datetime
) -> Mapping[UUID, Grounds]:
    """Of every one of the accounts, by statements whose number does not depend on how many those
    are: two, one more where a procedure has steps, and one where it asks for a day's list."""
    agreements = await unit.prepay_agreements.in_force(account_ids, at=at)
    procedures = _procedures(await unit.procedures.book(), agreements, at=at)
    proven = [
        account_id
        for account_id, published in procedures.items()
        if published is not None and (published.procedure.steps or published.procedure.hindrances)
    ]
    evidence: Mapping[UUID, Sequence[Evidence]] = {}
    if proven:
        evidence = await unit.evidence.standing(proven)
    by_list = [
        account_id
        for account_id, published in procedures.items()
        if published is not None and published.procedure.cut_list is not None
    ]
    listed: Mapping[UUID, Listed] = {}
    if by_list:
        listed = await unit.cut_lists.listed(by_list)
    return {
        account_id: Grounds(
            agreements.get(account_id),
            procedures.get(account_id),
            evidence.get(account_id, ()),
            listed.get(account_id),
        )
        for account_id in account_ids
    }


def _procedures(
    book: ProcedureBook, agreements: Mapping[UUID, PrepayAgreement], *, at: datetime
) -> dict[UUID, PublishedProcedure | None]:
    """Looked up once for all who signed alike."""
    known: dict[Whose, PublishedProcedure | None] = {}
    found: dict[UUID, PublishedProcedure | None] = {}
    for account_id, agreement in agreements.items():
        terms = agreement.terms
        alike = terms.jurisdiction, terms.customer_class, terms.mode
        if alike not in known:
            known[alike] = book.in_force(
                jurisdiction=terms.jurisdiction,
                customer_class=terms.customer_class,
                mode=terms.mode,
                at=at,
            )
        found[account_id] = known[alike]
    return found
