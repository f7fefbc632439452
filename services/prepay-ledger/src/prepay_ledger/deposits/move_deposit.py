"""Money moves into a deposit and out of it, and is told."""

from collections.abc import Mapping
from uuid import UUID

from prepay_ledger.deposits.ports import Unit
from prepay_ledger.deposits.refusals import DepositRefused, KeyUsedBefore, UnknownDeposit
from prepay_ledger.deposits.values import DEPOSIT, Deposit, Place, Step
from prepay_ledger.events import account_event
from prepay_ledger.facts.tell import tell
from prepay_ledger.journal.values import Balance, Entry, Journal, SubAccount, UtilityAccount
from prewatt_common.contracts.deposit_facts_v1 import DepositMoved
from prewatt_common.contracts.ledger_events_v1 import Credited

KEPT_AS = {Place.BANK: UtilityAccount.BANK, Place.CASH: UtilityAccount.CASH}


async def locked_deposit(unit: Unit, deposit_id: UUID) -> Deposit:
    """As it stands once nobody else moves money of its account. Raises `UnknownDeposit`."""
    found = await unit.deposits.deposit(deposit_id)
    if found is not None:
        await unit.balances.lock(found.account_id)
        found = await unit.deposits.deposit(deposit_id)
    if found is None:
        message = f"there is no deposit {deposit_id}"
        raise UnknownDeposit(message)
    return found


async def asked_before(unit: Unit, asked: Step, deposit_id: UUID | None) -> Step | None:
    """What was done under the key of ``asked``. Raises `KeyUsedBefore` where that was something
    else; ``deposit_id``: none where a new one is asked for."""
    known = await unit.deposits.asked_as(asked.key, who=asked.decided.by)
    if known is None:
        return None
    if not known.tells(asked) or deposit_id not in (None, known.deposit_id):
        raise key_used(asked, known)
    return known


def key_used(asked: Step, known: Step) -> KeyUsedBefore:
    """The key of ``asked`` came with something else: it tells of what was done."""
    message = (
        f"the Idempotency-Key {asked.key} came before with something else, which stands: "
        f"{known.action} of {known.amount_micro} micro-units of deposit {known.deposit_id}"
    )
    return KeyUsedBefore(message)


def refuse(why: str | None) -> None:
    """Raises `DepositRefused` for that reason, if there is one."""
    if why is not None:
        message = f"{why}; nothing was changed"
        raise DepositRefused(message)


async def between(
    unit: Unit, deposit: Deposit, micro: int, step: Step
) -> tuple[int, Balance | None]:
    """Cash moves into the deposit from the step's place, or back to it where ``micro`` is below
    zero; gives the journal, and the balance where that has moved."""
    held = Entry(deposit.account_id, micro, sub_account=SubAccount.DEPOSIT)
    if step.place is None or step.place is Place.BALANCE:
        return await to_balance(unit, deposit, -micro, against=(held,), postings={}, step=step)
    postings: dict[str, int] = {KEPT_AS[step.place]: -micro}
    journal_id, _ = await unit.journals.post(
        _journal(deposit, (held,), postings, step), at=step.decided.at
    )
    return journal_id, None


async def to_balance(
    unit: Unit,
    deposit: Deposit,
    micro: int,
    *,
    against: tuple[Entry, ...],
    postings: Mapping[str, int],
    step: Step,
) -> tuple[int, Balance]:
    """The balance moves against other entries and postings; billing is told, who counts it among
    what the account was given."""
    entries = (Entry(deposit.account_id, micro), *against)
    journal_id, (balance,) = await unit.journals.post(
        _journal(deposit, entries, postings, step), at=step.decided.at
    )
    event = Credited(
        account_id=deposit.account_id,
        kind=DEPOSIT,
        source=_source(step),
        amount_micro=micro,
        balance_micro=balance.balance_micro,
        balance_number=balance.number,
        currency=deposit.terms.currency,
        at=step.decided.at,
    )
    await unit.publish([account_event(event, account_id=deposit.account_id, at=step.decided.at)])
    return journal_id, balance


async def keep(unit: Unit, deposit: Deposit, step: Step) -> None:
    """The step, and the fact that it is: the deposit as it stands after it."""
    await unit.deposits.add_step(step)
    terms = deposit.terms
    event = DepositMoved(
        deposit_id=deposit.id,
        step_id=step.id,
        account_id=deposit.account_id,
        kind=terms.kind,
        action=step.action,
        amount_micro=step.amount_micro,
        left_micro=deposit.left_micro,
        currency=terms.currency,
        issuer=terms.issuer,
        reference=terms.reference,
        valid_from=terms.valid_from,
        valid_until=terms.valid_until,
        debt_id=step.debt_id,
        by=step.decided.by,
        reason=step.decided.reason,
        at=step.decided.at,
    )
    await tell(unit, [(str(deposit.account_id), str(deposit.id), event)], step.decided)


def _journal(
    deposit: Deposit, entries: tuple[Entry, ...], postings: Mapping[str, int], step: Step
) -> Journal:
    return Journal(
        kind=DEPOSIT,
        source=_source(step),
        currency=deposit.terms.currency,
        entries=entries,
        postings=postings,
    )


def _source(step: Step) -> str:
    return f"{step.action}/{step.deposit_id}/{step.id}"
