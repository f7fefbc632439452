"""CSV files as request bodies: every line checked, all or nothing, one file at a time."""

import asyncio
import csv
import io
from collections.abc import AsyncGenerator, Iterator, Sequence
from http import HTTPStatus
from typing import Annotated, Generic, TypeVar

from fastapi import Query, Request
from pydantic import BaseModel, ValidationError

from prewatt_common.http.body import MIB, BodyLimits, TakesBody
from prewatt_common.http.problems import Problem

CSV_BODY = BodyLimits(
    media_type="text/csv",
    bytes_max=4 * MIB,
    timeout_s=120,
    held_bytes_max=8 * MIB,
)
LINES_MAX = 10_000
_FILES_AT_ONCE = 2
"""While the database writes what one says, the next is read. A ledger that imports as many lines
twice grows from 125 to 240 MiB (measured); its pod asks for 400."""
_PROBLEMS_SHOWN = 100

LineT = TypeVar("LineT", bound=BaseModel)


class CsvLines(TakesBody, Generic[LineT]):
    """A dependency that gives the lines of the body with the number each has in the file:
    ``lines: Annotated[list[tuple[int, DeviceIn]], Depends(CsvLines(DeviceIn))]``.

    Empty fields are left out. ``unique`` names a field that no two lines may agree in. Raises a 422
    problem, naming lines at fault, for what is no UTF-8, no CSV, or no ``model``, and a 413 problem
    above `LINES_MAX`. A larger file comes in parts, each with the header; ``lines_before`` is then
    how many of its lines were in other parts before, so that a line at fault has its number in the
    file. While two are imported others wait, as bytes.
    """

    def __init__(
        self, model: type[LineT], *, unique: str | None = None, limits: BodyLimits = CSV_BODY
    ) -> None:
        super().__init__(limits)
        self._model = model
        self._unique = unique
        self.csv_line = model.model_json_schema()
        self._turns = asyncio.Semaphore(_FILES_AT_ONCE)

    async def __call__(
        self, request: Request, lines_before: Annotated[int, Query(ge=0, le=10**9)] = 0
    ) -> AsyncGenerator[list[tuple[int, LineT]]]:
        body = await request.body()
        async with self._turns:
            # A large file takes seconds: whatever else the process does goes on meanwhile.
            yield await asyncio.to_thread(
                parse_csv, body, self._model, self._unique, lines_before=lines_before
            )


def parse_csv(
    body: bytes, model: type[LineT], unique: str | None = None, *, lines_before: int = 0
) -> list[tuple[int, LineT]]:
    """The lines of ``body``; raises as `CsvLines`."""
    lines: list[tuple[int, LineT]] = []
    problems: list[str] = []
    seen: set[object] = set()
    try:
        for number, row in _rows(body, lines_before):
            if len(lines) + len(problems) >= LINES_MAX:
                raise _too_many_lines()
            if row is None:
                problems.append(f"line {number}: not as many fields as the header")
                continue
            try:
                line = model.model_validate(row)
            except ValidationError as error:
                problems += [
                    f"line {number}: {'/'.join(map(str, item['loc'])) or 'line'}: {item['msg']}"
                    for item in error.errors()[:_PROBLEMS_SHOWN]
                ]
                continue
            if unique is not None:
                value = getattr(line, unique)
                if value in seen:
                    problems.append(f"line {number}: {unique} {value} is there twice")
                seen.add(value)
            lines.append((number, line))
    except _Unreadable as error:
        problems.append(str(error))
    if not lines and not problems:
        problems.append("the file has no lines after its header")
    if problems:
        raise import_refused(problems)
    return lines


class _Unreadable(Exception):
    """From here on the file cannot be read; the message says where."""


def _rows(body: bytes, lines_before: int) -> Iterator[tuple[int, dict[str, str] | None]]:
    """The fields of each record that are not empty, by column, with the number of its first line: a
    quoted field may hold line breaks. None where there are more or fewer than columns."""
    text = io.TextIOWrapper(io.BytesIO(body), encoding="utf-8-sig", newline="")
    reader = csv.reader(text, strict=True)
    number = 0
    try:
        columns = next(reader, list[str]())
        number = reader.line_num + lines_before
        for fields in reader:
            first, number = number + 1, reader.line_num + lines_before
            if len(fields) == len(columns):
                pairs = zip(columns, fields, strict=True)
                yield first, {column: field for column, field in pairs if field}
            elif fields:
                yield first, None
    except csv.Error as error:
        # A quote that is never closed runs to the end of the file: name where it begins.
        message = f"line {number + 1}: {error}"
        raise _Unreadable(message) from error
    except UnicodeDecodeError as error:
        message = f"the file is not UTF-8: {error}"
        raise _Unreadable(message) from error


def import_refused(problems: Sequence[str]) -> Problem:
    """The 422 problem of a file that was not imported; ``problems`` name lines."""
    return Problem(
        status=HTTPStatus.UNPROCESSABLE_ENTITY,
        kind="import-refused",
        detail=f"{len(problems)} problems; nothing was imported. First: {problems[0]}.",
        problems=list(problems[:_PROBLEMS_SHOWN]),
    )


def _too_many_lines() -> Problem:
    return Problem(
        status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        kind="too-many-lines",
        detail=f"The file has over {LINES_MAX} lines; nothing was imported. Send it in parts.",
        lines_max=LINES_MAX,
    )
