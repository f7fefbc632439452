"""Columns as one text each: PostgreSQL reads what was written."""

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prewatt_common.db.columns import lines, numbers


@pytest.mark.parametrize("values", [["a", ""], [""], ["a\nb"], ["a", "\n"]])
def test_what_would_move_rows_is_refused(values: list[str]) -> None:
    with pytest.raises(ValueError, match="line break"):
        lines(values)


@given(st.lists(st.text(st.characters(exclude_characters="\n"), min_size=1)))
def test_lines_are_as_many_as_they_were(values: list[str]) -> None:
    assert lines(values).split("\n") == (values or [""])


@pytest.mark.stack
async def test_postgresql_reads_what_was_written(empty_database: str) -> None:
    connection = await asyncpg.connect(empty_database.replace("+asyncpg", ""))
    try:
        for some in ([], [0], [-(2**63), 2**63 - 1, 7]):
            assert await connection.fetchval("SELECT $1::text::bigint[]", numbers(some)) == some
        for words in ([], ["a"], ["NULL", '{"a":1,"b":"\\\\"}', "'", "{}", " ", "\u4e2d,\t"]):
            query = r"SELECT string_to_array($1, E'\n')"
            assert await connection.fetchval(query, lines(words)) == words
    finally:
        await connection.close()
