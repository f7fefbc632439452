"""CSV files as request bodies: every line checked, all or nothing, one file at a time."""

import asyncio
import csv
import io
from collections.abc import AsyncGenerator, Iterator, Sequence
from http import HTTPStatus
from typing import Generic, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from prewatt_common.http.body import MIB, BodyLimits, TakesBody
from prewatt_common.http.problems import Problem

CSV_BODY = BodyLimits(
    media_type="text/csv",
    bytes_max=4 * MIB,
    timeout_s=120,
    held_bytes_max=8 * MIB,
)
LINES_MAX = 20_000
"""A ledger that imports as many grows from 125 to 240 MiB (measured); its pod has 400."""
_PROBLEMS_SHOWN = 100

LineT = TypeVar("LineT", bound=BaseModel)


class CsvLines(TakesBody, Generic[LineT]):
    """A dependency that gives the lines of the body with the number each has in the file:
    ``lines: Annotated[list[tuple[int, DeviceIn]], Depends(CsvLines(DeviceIn))]``.

    Empty fields are left out. ``unique`` names a field that no two lines may agree in. Raises a 422
    problem, naming lines at fault, for what is no UTF-8, no CSV, or no ``model``, and a 413 problem
    above `LINES_MAX`. While one file is imported others wait, as bytes.
    """

    def __init__(
        self, model: type[LineT], *, unique: str | None = None, limits: BodyLimits = CSV_BODY
    ) -> None:
        super().__init__(limits)
        self._model = model
        self._unique = unique
        self._turn = asyncio.Lock()

    async def __call__(self, request: Request) -> AsyncGenerator[list[tuple[int, LineT]]]:
        body = await request.body()
        async with self._turn:
            # A large file takes seconds: whatever else the process does goes on meanwhile.
            yield await asyncio.to_thread(parse_csv, body, self._model, self._unique)


def parse_csv(
    body: bytes, model: type[LineT], unique: str | None = None
) -> list[tuple[int, LineT]]:
    """The lines of ``body``; raises as `CsvLines`."""
    lines: list[tuple[int, LineT]] = []
    problems: list[str] = []
    seen: set[object] = set()
    try:
        for number, row in _rows(body):
            if len(lines) + len(problems) >= LINES_MAX:
                raise _too_many_lines()
            if None in row or None in row.values():
                problems.append(f"line {number}: not as many fields as the header")
                continue
            given = {name: value for name, value in row.items() if value != ""}
            try:
                line = model.model_validate(given)
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


def _rows(body: bytes) -> Iterator[tuple[int, dict[str | None, str | list[str] | None]]]:
    """Each record with the number of its first line: a quoted field may hold line breaks."""
    text = io.TextIOWrapper(io.BytesIO(body), encoding="utf-8-sig", newline="")
    reader = csv.DictReader(text, strict=True)
    number = 1
    try:
        for row in reader:
            first, number = number + 1, reader.line_num
            yield first, row
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
