"""The lines of a CSV file, by the names of its columns."""

import csv
import io
from collections.abc import Collection, Iterator, Mapping

from prepay_ledger.bank_files.csv_mapping import ENCODINGS, CsvForm
from prepay_ledger.bank_files.values import LINES_MAX, Unreadable


def records_of(
    body: bytes, form: CsvForm, columns: Collection[str]
) -> Iterator[tuple[str, Mapping[str, str]]]:
    """The fields of each line by column, and where it stands; ``columns``: those that the file must
    have. Raises `Unreadable`."""
    reader = csv.reader(
        io.StringIO(text_of(body, form.encoding), newline=""), delimiter=form.delimiter, strict=True
    )
    try:
        for _ in range(form.lines_before_header):
            next(reader, None)
        header = [_plain(each) for each in next(reader, list[str]())]
        if lacking := [each for each in columns if each not in header]:
            message = f"line {reader.line_num}: the header has no column {', '.join(lacking)}"
            raise Unreadable(message)
        if twice := [each for each in columns if header.count(each) > 1]:
            message = f"line {reader.line_num}: the header has column {twice[0]} twice"
            raise Unreadable(message)
        count = 0
        for written in reader:
            where = f"line {reader.line_num}"
            fields = [_plain(each) for each in written]
            if not any(fields):
                continue
            if any(fields[0].startswith(word) for word in form.ends_at):
                break
            if len(fields) < len(header):
                message = f"{where}: it has {len(fields)} fields, and the header {len(header)}"
                raise Unreadable(message)
            count += 1
            if count > LINES_MAX:
                message = f"the file has over {LINES_MAX} lines: send it in parts"
                raise Unreadable(message)
            yield where, dict(zip(header, fields, strict=False))
    except csv.Error as error:
        message = f"line {reader.line_num}: {error}"
        raise Unreadable(message) from error


def _plain(field: str) -> str:
    """Without what banks put around long numbers so that Excel keeps their digits."""
    text = field.strip()
    if text.startswith('="') and text.endswith('"'):
        text = text[2:-1].strip()
    return text.removeprefix("`")


def text_of(body: bytes, encoding: str) -> str:
    """The file's text; ``encoding`` by its name in `ENCODINGS`. Raises `Unreadable`."""
    try:
        text = body.decode(ENCODINGS[encoding])
    except UnicodeDecodeError as error:
        message = f"the file is not {encoding}: byte {error.start} cannot be read"
        raise Unreadable(message) from error
    if "\x00" in text:
        message = "the file has NUL characters: it is no text, or in another encoding"
        raise Unreadable(message)
    return text
