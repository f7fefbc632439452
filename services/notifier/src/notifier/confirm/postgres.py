"""Notices that went out, found by what stands in them."""

from notifier.confirm.rules import topic_of
from notifier.confirm.values import Question, Said
from notifier.contacts.values import Channel
from notifier.notices.values import Template
from notifier.templates.wording import TAIL_CHARS
from prewatt_common.db.database import Database, driver

# Of an account that nobody has told the number of, the id stands in for it, as in its texts. What
# was never handed to a channel nobody has got; one that failed may have arrived all the same.
_FIND = """
SELECT n.template, n.channel, n.created_at
FROM notice AS n JOIN account AS a ON a.id = n.account_id
WHERE n.code = $1 AND n.attempts > 0
  AND upper(right(coalesce(a.number, a.id::text), $3::int)) = $2
ORDER BY n.created_at DESC LIMIT 1
"""


class PostgresSaidNotices:
    """`SaidNotices`: one statement, whatever is asked."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, question: Question) -> Said | None:
        async with self._database.transaction() as connection:
            inner = await driver(connection)
            row = await inner.fetchrow(_FIND, question.code, question.tail, TAIL_CHARS)
        if row is None:
            return None
        return Said(topic_of(Template(row["template"])), Channel(row["channel"]), row["created_at"])
