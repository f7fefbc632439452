"""Lists of the services, read to their end."""

from collections.abc import Iterator, Mapping
from typing import Any

import httpx

from prewatt_cli.errors import answered

_PER_PAGE = 1_000


def items_of(client: httpx.Client, path: str, filters: Mapping[str, str]) -> Iterator[Any]:
    """Everything in the list at ``path``, page by page. Raises ValueError with what the service
    says where it refuses."""
    query = {**filters, "limit": str(_PER_PAGE)}
    while True:
        page = answered(client.get(path, params=query)).json()
        yield from page["items"]
        if page["next"] is None:
            return
        query["cursor"] = page["next"]
