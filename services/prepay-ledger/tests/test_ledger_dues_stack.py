"""What post-paid accounts owe, on PostgreSQL: as they are listed, and as each of them shows it."""

from datetime import timedelta

import pytest
from test_ledger_mode_changes_stack import Changing, to_arrears, town

from prepay_ledger.dues.postgres_queries import DueQueries
from prepay_ledger.dues.refusals import NotPostPaid
from prepay_ledger.dues.rules import dues_of

pytestmark = pytest.mark.stack

assert town, "a fixture"


async def test_who_owes_is_listed_with_the_age_of_the_arrears(town: Changing) -> None:
    queries = DueQueries(town.database)
    with pytest.raises(NotPostPaid):
        await queries.post_paid(town.account_id)
    await to_arrears(town)
    assert await queries.owing(after=None, limit=9) == []
    await town.pay(-await town.balance() - 900)
    (found,) = await queries.owing(after=None, limit=9)
    assert found == await queries.post_paid(town.account_id)
    assert (found.number, found.balance_micro) == ("town-0", -900)
    assert await queries.owing(after=town.account_id, limit=9) == []
    # Whatever it owes is of its first period, which is over and long due by then.
    dues = dues_of(found, today=town.today + timedelta(days=200))
    assert (dues.arrears_micro, dues.aged.over_90_days_micro) == (900, 900)
