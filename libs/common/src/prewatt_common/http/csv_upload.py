"""CSV files as request bodies: read once, every line checked, all or nothing."""

import asyncio
import csv
import io
from collections.abc import Sequence
from http import HTTPStatus
from typing import TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from prewatt_common.http.body import read_body
from prewatt_common.http.problems import Problem

BODY_BYTES_MAX = 64 * 1024 * 1024
_PROBLEMS_SHOWN = 100

LineT = TypeVar("LineT", bound=BaseModel)


async def read_csv(
    request: Request,
    model: type[LineT],
    *,
    unique: str | None = None,
    bytes_max: int = BODY_BYTES_MAX,
) -> list[tuple[int, LineT]]:
    """The lines of the body with the number each has in the file; empty fields are left out.
    ``unique`` names a field that no two lines may agree in.

    Raises a 415 problem for another content type, 413 above ``bytes_max`` and 422, naming every
    line at fault, for what is no UTF-8, no CSV, or no ``model``.
    """
    text = _decoded(
        await read_body(
            request,
            media_type="text/csv",
            bytes_max=bytes_max,
            nothing="nothing was imported",
            too_large=f"The file is over {bytes_max} bytes; send it in parts.",
        )
    )
    # A large file takes seconds: whatever else the process does goes on meanwhile.
    return await asyncio.to_thread(parse_csv, text, model, unique)


def parse_csv(text: str, model: type[LineT], unique: str | None = None) -> list[tuple[int, LineT]]:
    """The lines of ``text``; raises as `read_csv`."""
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    lines: list[tuple[int, LineT]] = []
    problems: list[str] = []
    seen: set[object] = set()
    number = 1
    try:
        for row in reader:
            # A quoted field may hold line breaks: a record is named by its first line.
            first, number = number + 1, reader.line_num
            if None in row or None in row.values():
                problems.append(f"line {first}: not as many fields as the header")
                continue
            given = {name: value for name, value in row.items() if value != ""}
            try:
                line = model.model_validate(given)
            except ValidationError as error:
                problems += [
                    f"line {first}: {'/'.join(map(str, item['loc'])) or 'line'}: {item['msg']}"
                    for item in error.errors()
                ]
                continue
            if unique is not None:
                value = getattr(line, unique)
                if value in seen:
                    problems.append(f"line {first}: {unique} {value} is there twice")
                seen.add(value)
            lines.append((first, line))
    except csv.Error as error:
        # A quote that is never closed runs to the end of the file: name where it begins.
        problems.append(f"line {number + 1}: {error}")
    if not lines and not problems:
        problems.append("the file has no lines after its header")
    if problems:
        raise import_refused(problems)
    return lines


def import_refused(problems: Sequence[str]) -> Problem:
    """The 422 problem of a file that was not imported; ``problems`` name lines."""
    return Problem(
        status=HTTPStatus.UNPROCESSABLE_ENTITY,
        kind="import-refused",
        detail=f"{len(problems)} problems; nothing was imported. First: {problems[0]}.",
        problems=list(problems[:_PROBLEMS_SHOWN]),
    )


def _decoded(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise import_refused([f"the file is not UTF-8: {error}"]) from error
