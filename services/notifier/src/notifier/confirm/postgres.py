"""Notices that went out, found by what stands in them."""

from notifier.confirm.rules import is_of, topic_of
from notifier.confirm.values import Question, Said
from notifier.contacts.values import Channel
from notifier.notices.values import Template
from prewatt_common.db.database import Database, driver

# What was never handed to a channel nobody has got; one that failed may have arrived all the same.
_FIND = """
SELECT n.template, n.channel, n.created_at, a.number, a.id
FROM notice AS n JOIN account AS a ON a.id = n.account_id
WHERE n.code = $1 AND n.attempts > 0
ORDER BY n.created_at DESC
"""


class PostgresSaidNotices:
    """`SaidNotices`: one statement, whatever is asked."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, question: Question) -> Said | None:
        async with self._database.transaction() as connection:
            inner = await driver(connection)
            rows = await inner.fetch(_FIND, question.code)
        for row in rows:
            # Before anybody had told the number, the id stood in for it in texts.
            if is_of(question, row["number"] or "") or is_of(question, str(row["id"])):
                topic = topic_of(Template(row["template"]))
                return Said(topic, Channel(row["channel"]), row["created_at"])
        return None
