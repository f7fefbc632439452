"""Contacts as CSV."""

import csv
import io
from http import HTTPStatus
from uuid import UUID

from pydantic import ValidationError

from notifier.api.schemas import ContactLine
from notifier.domain.contacts import Contact
from prewatt_common.http.problems import Problem

_PROBLEMS_SHOWN = 100


def parse_contacts(text: str) -> list[Contact]:
    """The contacts of a CSV file; raises a 422 problem that names every line at fault."""
    reader = csv.DictReader(io.StringIO(text), strict=True)
    contacts: dict[UUID, Contact] = {}
    problems: list[str] = []
    try:
        for row in reader:
            if None in row or None in row.values():
                problems.append(f"line {reader.line_num}: not as many fields as the header")
                continue
            try:
                contact = ContactLine.model_validate({n: v for n, v in row.items() if v}).contact()
            except ValidationError as error:
                problems += [
                    f"line {reader.line_num}: {'/'.join(map(str, e['loc'])) or 'line'}: {e['msg']}"
                    for e in error.errors()
                ]
                continue
            if contact.account_id in contacts:
                problems.append(f"line {reader.line_num}: the account is there twice")
            contacts[contact.account_id] = contact
    except csv.Error as error:
        problems.append(f"line {reader.line_num}: {error}")
    if not contacts and not problems:
        problems.append("the file has no lines after its header")
    if problems:
        raise Problem(
            status=HTTPStatus.UNPROCESSABLE_ENTITY,
            kind="import-refused",
            detail=f"{len(problems)} problems; nothing was imported. First: {problems[0]}.",
            problems=problems[:_PROBLEMS_SHOWN],
        )
    return list(contacts.values())
