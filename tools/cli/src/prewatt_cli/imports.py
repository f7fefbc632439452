"""A CSV file goes to a service in portions, each of which it takes whole or not at all."""

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import httpx

from prewatt_cli.errors import answered

PORTION_LINES = 5_000
_PORTION_BYTES_MAX = 4 * 2**20
_AT_ONCE = 2
"""While the service's database writes one portion, the service reads the next."""


class Portion(NamedTuple):
    """Whole records with the header above them; ``first`` and ``last`` are lines of the file."""

    body: bytes
    first: int
    last: int
    header_lines: int

    @property
    def lines_before(self) -> int:
        """How many lines of the file stand between its header and this portion."""
        return self.first - 1 - self.header_lines


class ImportStopped(ValueError):
    """A portion was not imported; the message says which, why, and what was imported."""


def import_csv(
    client: httpx.Client,
    path: str,
    lines: Iterable[bytes],
    *,
    query: Mapping[str, str] | None = None,
    portion_lines: int = PORTION_LINES,
) -> Counter[str]:
    """Send the file's ``lines`` to the route ``path``, each portion with ``query``; the sums of
    what the service answers. Sent again it goes on where it was broken off: what is there already
    stays as it is.

    Raises `ImportStopped`: the portions that are under way then are waited for, no more are sent.
    """
    done, portions = Counter[str](), 0
    under_way = deque[tuple[Portion, Future[dict[str, int]]]]()
    failed: str | None = None
    left = portions_of(lines, portion_lines=portion_lines)
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        while True:
            while failed is None and len(under_way) < _AT_ONCE:
                try:
                    portion = next(left, None)
                except ValueError as error:
                    failed = str(error)
                    break
                if portion is None:
                    break
                under_way.append((portion, threads.submit(_send, client, path, portion, query)))
            if not under_way:
                break
            portion, answer = under_way.popleft()
            try:
                done.update(answer.result())
                portions += 1
            except (ValueError, httpx.HTTPError) as error:
                why = f"lines {portion.first} to {portion.last}: {error}"
                failed = f"{failed}; {why}" if failed else why
    if failed is not None:
        counted = ", ".join(f"{number} {what}" for what, number in done.items()) or "nothing"
        message = (
            f"{failed} Imported are {portions} other portions, each whole: {counted}. Send the file"
            " again once it is mended: what is there stays as it is"
        )
        raise ImportStopped(message)
    return done


def portions_of(lines: Iterable[bytes], *, portion_lines: int = PORTION_LINES) -> Iterator[Portion]:
    """The file in parts of at least so many lines, whole records each. Raises ValueError for a
    quoted field that does not end."""
    records = _records(lines)
    header, number = next(records, (b"", 0))
    header_lines = number
    # A file without lines is sent too: it is for the service to say what it lacks.
    is_sent = False
    body, first, last = [header], number + 1, number
    for record, lines_of_it in records:
        body.append(record)
        last += lines_of_it
        if last - first + 1 >= portion_lines:
            yield Portion(b"".join(body), first, last, header_lines)
            is_sent = True
            body, first = [header], last + 1
    if len(body) > 1 or not is_sent:
        yield Portion(b"".join(body), first, last, header_lines)


def _records(lines: Iterable[bytes]) -> Iterator[tuple[bytes, int]]:
    """Each record with how many lines it has: a quoted field may hold line breaks."""
    begun: list[bytes] = []
    quotes = number = size = 0
    for number, line in enumerate(lines, 1):
        begun.append(line)
        quotes += line.count(b'"')
        size += len(line)
        if quotes % 2 == 0:
            yield b"".join(begun), len(begun)
            begun, size = [], 0
        elif size > _PORTION_BYTES_MAX:
            message = f"line {number - len(begun) + 1}: a quoted field does not end;"
            raise ValueError(message)
    if begun:
        yield b"".join(begun), len(begun)


def _send(
    client: httpx.Client, path: str, portion: Portion, query: Mapping[str, str] | None
) -> dict[str, int]:
    response = client.post(
        path,
        params={**(query or {}), "lines_before": portion.lines_before},
        content=portion.body,
        headers={"content-type": "text/csv"},
    )
    return answered(response).json()
