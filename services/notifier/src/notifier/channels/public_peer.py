"""Asking whom somebody else has named, without being led to our own neighbours."""

import asyncio
import socket
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

import httpx

from notifier.channels.addresses import Reach, address_in
from notifier.channels.ports import PeerDown

_LOOKUPS_MAX = 32
_ANSWER_BYTES_MAX = 4096
"""Of what is said more, nobody reads."""


class NotReachable(PeerDown):
    """The address is none that may be asked."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What a peer answers: ``text`` is the beginning of it."""

    status: int
    text: str


class PublicPeers:
    """Resolves a host itself, refuses it unless every address of its may be asked, and asks the
    address that it has looked at: a name that means something else a moment later changes nothing.
    Follows no redirect. HTTP without TLS is for our own networks that were named. ``ca_file``:
    certificates to trust beside those of public authorities."""

    def __init__(
        self,
        *,
        reach: Reach,
        timeout_s: float,
        connections_max: int,
        ca_file: Path | None = None,
    ) -> None:
        self._reach = reach
        self._timeout_s = timeout_s
        # Names of others are looked up in threads of their own: a name server that hangs must not
        # hold up those that the rest of the service looks up.
        self._lookups = ThreadPoolExecutor(_LOOKUPS_MAX, thread_name_prefix="lookup")
        context = httpx.create_ssl_context()
        if ca_file is not None:
            context.load_verify_locations(ca_file)
        # Connections are of an address, and of two hosts at one address each has its certificate:
        # none is kept for the next request.
        limits = httpx.Limits(max_connections=connections_max, max_keepalive_connections=0)
        self._client = httpx.AsyncClient(
            verify=context,
            timeout=timeout_s,
            limits=limits,
            follow_redirects=False,
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()
        self._lookups.shutdown(wait=False, cancel_futures=True)

    async def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Answered:
        """The answer, whatever its status. Raises `PeerDown` where there is none, and
        `NotReachable` before anything is said."""
        wanted = httpx.URL(url)
        address = await self._looked_at(wanted)
        try:
            async with self._client.stream(
                "POST",
                wanted.copy_with(host=address),
                headers={**headers, "host": wanted.netloc.decode("ascii")},
                content=body,
                extensions={"sni_hostname": wanted.raw_host.decode("ascii")},
            ) as answer:
                return Answered(answer.status_code, await _beginning(answer))
        except httpx.HTTPError as error:
            # Not the error's text: it may name the URL, and that may hold a password.
            raise PeerDown(f"no answer: {type(error).__name__}") from error

    async def _looked_at(self, url: httpx.URL) -> str:
        port = url.port or (443 if url.scheme == "https" else 80)
        host = url.raw_host.decode("ascii")
        look = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        try:
            async with asyncio.timeout(self._timeout_s):
                found = await asyncio.get_running_loop().run_in_executor(self._lookups, look)
        except TimeoutError as error:
            raise PeerDown(f"nobody said in time where the host {url.host} is") from error
        except (OSError, UnicodeError) as error:
            raise PeerDown(f"the host {url.host} is not known") from error
        texts = [str(each[4][0]) for each in found]
        addresses = [address for text in texts if (address := address_in(text)) is not None]
        if len(addresses) < len(texts) or not all(map(self._reach.permits, addresses)):
            raise NotReachable(f"the host {url.host} is at an address that is not public")
        if url.scheme != "https" and not all(map(self._reach.is_ours, addresses)):
            raise NotReachable(f"the host {url.host} is asked by https only")
        return texts[0]


async def _beginning(answer: httpx.Response) -> str:
    said = b""
    async for part in answer.aiter_raw():
        said += part
        if len(said) >= _ANSWER_BYTES_MAX:
            break
    return said[:_ANSWER_BYTES_MAX].decode("utf-8", "replace")
