"""The one way into a service over HTTP.

In this order, each before anything later is looked at: a route, how often a public one is asked,
the token and its scopes, the query, the body's kind and announced size, its bytes. What is refused
before its body was read has not been read: the answer goes out at once, and the connection ends.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from http import HTTPStatus
from urllib.parse import parse_qsl

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from prewatt_common.http.auth import Principal, principal_of
from prewatt_common.http.body import JSON_BODY, BodyLimits
from prewatt_common.http.problems import Problem, problem_response
from prewatt_common.http.rate_limits import PublicCounts
from prewatt_common.http.rules import Rule

PARAMETERS_MAX = 100
LINGER_BYTES_MAX = 1024 * 1024
LINGER_TIMEOUT_S = 2.0
"""After a refusal: how much is thrown away so that a client that is still sending sees it."""
_RETRY_AFTER_S = 5
_HEX = rb"[0-9a-fA-F]"
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB]%(x)b{2}\\u[dD][c-fC-F]%(x)b{2}|(u0000|u[dD][89a-fA-F]%(x)b{2})|.)"
    % {b"x": _HEX},
    re.DOTALL,
)
"""Each escape of a JSON text in turn; the group is what no text may hold."""


class Disconnected(Exception):
    """The client went away before its body was here: nobody waits for an answer."""


class Gate:
    """ASGI middleware that lets through what its route's rule allows, with its body read."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        rules: Sequence[Rule],
        auth_public_key: str,
        trusted_proxy_hops: int = 0,
    ) -> None:
        self._app = app
        self._rules = rules
        self._auth_public_key = auth_public_key
        self._held_bytes: Counter[BodyLimits] = Counter()
        self._counts = PublicCounts(trusted_proxy_hops=trusted_proxy_hops)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = _Body(Headers(scope=scope), receive, self._held_bytes)
        try:
            try:
                rule = self._rule(scope)
                if rule.limits is not None:
                    named = rule.pattern.match(scope["path"])
                    assert named is not None, "the rule is the path's"
                    self._counts.take(rule.limits, rule.path, named.groupdict(), scope)
                scope.setdefault("state", {})["principal"] = self._principal(rule, scope)
                _check_query(scope, rule)
                content = await body.read(rule)
            except Problem as problem:
                await _refuse(problem, body, send)
                return
            except Disconnected:
                return
            await self._app(scope, _given(content, receive), send)
        finally:
            body.release()

    def _rule(self, scope: Scope) -> Rule:
        method, path = scope["method"], scope["path"]
        matching = [rule for rule in self._rules if rule.pattern.match(path)]
        if not matching:
            raise Problem(
                status=HTTPStatus.NOT_FOUND,
                kind="not-found",
                detail="There is nothing at this path; /docs lists what there is.",
            )
        # `/v1/contacts/import` is no contact of the id `import`: a path is the route's that spells
        # it out, with all its methods.
        own = min(matching, key=lambda rule: rule.path.count("{")).path
        for rule in matching:
            # The first that takes the method, for the framework takes that one too.
            if method in rule.methods:
                if rule.path != own:
                    break
                return rule
        allowed = {each for rule in matching if rule.path == own for each in rule.methods}
        methods = ", ".join(sorted(allowed))
        problem = Problem(
            status=HTTPStatus.METHOD_NOT_ALLOWED,
            kind="method-not-allowed",
            detail=f"This path takes {methods}, not {method}; nothing was changed.",
        )
        problem.headers["Allow"] = methods
        raise problem

    def _principal(self, rule: Rule, scope: Scope) -> Principal | None:
        if not rule.scopes:
            return None
        return principal_of(
            authorization=Headers(scope=scope).get("authorization", ""),
            scopes=rule.scopes,
            public_key_pem=self._auth_public_key,
        )


class _Body:
    """A request's body on its way in, and what of it the process holds."""

    def __init__(self, headers: Headers, receive: Receive, held_bytes: Counter[BodyLimits]) -> None:
        self._headers = headers
        self._receive = receive
        self._held_bytes = held_bytes
        self._limits = JSON_BODY
        self._mine_bytes = 0
        length = headers.get("content-length")
        self._announced_bytes = int(length) if length is not None and length.isdecimal() else 0
        self.unread = bool(self._announced_bytes) or "transfer-encoding" in headers

    async def read(self, rule: Rule) -> bytes:
        """All of it. Raises a 408, 413, 415, 422 or 503 problem; nothing has been done then."""
        if not self.unread:
            return b""
        self._limits = rule.body
        self._check_kind(expected=rule.body_expected)
        self._hold(self._announced_bytes)
        try:
            async with asyncio.timeout(rule.body.timeout_s):
                content = await self._received()
        except TimeoutError:
            raise Problem(
                status=HTTPStatus.REQUEST_TIMEOUT,
                kind="body-too-slow",
                detail=f"The body was not here {rule.body.timeout_s:g} s after its head; nothing "
                "was done. Send it again, faster or in smaller parts.",
            ) from None
        if rule.body is JSON_BODY:
            _check_json_text(content)
        return content

    async def drain(self) -> None:
        """Throw away some of what still comes, so that the client does not miss the answer."""
        dropped = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGER_TIMEOUT_S):
                while self.unread and dropped < LINGER_BYTES_MAX:
                    message = await self._receive()
                    dropped += len(message.get("body", b""))
                    self.unread = message.get("more_body", False)

    def release(self) -> None:
        """The request is answered: its bytes are nobody's any more."""
        self._held_bytes[self._limits] -= self._mine_bytes
        self._mine_bytes = 0

    async def _received(self) -> bytes:
        pieces: list[bytes] = []
        count = 0
        while self.unread:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise Disconnected
            piece: bytes = message.get("body", b"")
            count += len(piece)
            self._hold(count)
            pieces.append(piece)
            self.unread = message.get("more_body", False)
        return b"".join(pieces)

    def _hold(self, count: int) -> None:
        """Count ``count`` bytes in all as held by this request."""
        if count > self._limits.bytes_max:
            raise Problem(
                status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                kind="too-large",
                detail=f"The body is over the {self._limits.bytes_max} bytes that this route "
                "takes; nothing was done. Send it in parts.",
                bytes_max=self._limits.bytes_max,
            )
        more = count - self._mine_bytes
        if more <= 0:
            return
        if self._held_bytes[self._limits] + more > self._limits.held_bytes_max:
            problem = Problem(
                status=HTTPStatus.SERVICE_UNAVAILABLE,
                kind="too-many-uploads",
                detail="Others are sending as much as the service can hold; nothing was done. "
                f"Send it again in {_RETRY_AFTER_S} s.",
            )
            problem.headers["Retry-After"] = str(_RETRY_AFTER_S)
            raise problem
        self._held_bytes[self._limits] += more
        self._mine_bytes = count

    def _check_kind(self, *, expected: bool) -> None:
        if self._limits.media_type is None:
            return
        coding = self._headers.get("content-encoding", "identity").strip().lower()
        if coding != "identity":
            raise _unsupported(f"Send the body as it is, not compressed ({coding})")
        kind = self._headers.get("content-type", "").partition(";")[0].strip().lower()
        if not expected or kind == self._limits.media_type:
            return
        if self._limits is JSON_BODY and kind.startswith("application/") and kind.endswith("+json"):
            return
        raise _unsupported(f"Send {self._limits.media_type}, not {kind or 'a body of no type'}")


def _unsupported(what: str) -> Problem:
    return Problem(
        status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        kind="unsupported-media-type",
        detail=f"{what}; nothing was done.",
    )


def _check_json_text(content: bytes) -> None:
    """JSON is UTF-8 (RFC 8259), and what PostgreSQL or UTF-8 cannot keep is in no text: U+0000,
    and half of a surrogate pair."""
    try:
        content.decode()
    except UnicodeDecodeError as error:
        raise _invalid(f"The body is not UTF-8: {error}") from error
    if b"\x00" in content:
        raise _invalid("The body holds a zero byte: send UTF-8")
    if b"\\u" in content:
        for escape in _ESCAPE.finditer(content):
            if escape[1]:
                raise _invalid(f"The body holds \\{escape[1].decode()}, which no text may")


def _check_query(scope: Scope, rule: Rule) -> None:
    """Raises a 422 problem for a parameter that is unknown, repeated, or no text."""
    if "\x00" in scope["path"]:
        raise _invalid("The path holds the character U+0000, which no text may")
    try:
        given = parse_qsl(
            scope["query_string"].decode("latin-1"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=PARAMETERS_MAX,
        )
    except UnicodeDecodeError as error:
        raise _invalid(f"The query is not UTF-8: {error}") from error
    except ValueError as error:
        raise _invalid(f"The query has over {PARAMETERS_MAX} parameters") from error
    seen: set[str] = set()
    for name, value in given:
        if name not in rule.parameters:
            if rule.strange_parameters:
                continue
            known = ", ".join(rule.parameters) or "none"
            raise _invalid(
                f"The query parameter {name!r} is unknown here; known are: {known}",
                kind="unknown-parameter",
                parameter=name,
                known=list(rule.parameters),
            )
        if name in seen and not rule.parameters[name]:
            raise _invalid(
                f"The query parameter {name!r} is given more than once",
                kind="repeated-parameter",
                parameter=name,
            )
        if "\x00" in value:
            raise _invalid(f"The query parameter {name!r} holds U+0000, which no text may")
        seen.add(name)


def _invalid(what: str, *, kind: str = "invalid-request", **extra: object) -> Problem:
    return Problem(
        status=HTTPStatus.UNPROCESSABLE_ENTITY,
        kind=kind,
        detail=f"{what}; nothing was done.",
        **extra,
    )


def _given(content: bytes, receive: Receive) -> Receive:
    """A `receive` that gives the body that was read, and then what the server has to say."""
    given = False

    async def receive_given() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": content, "more_body": False}

    return receive_given


async def _refuse(problem: Problem, body: _Body, send: Send) -> None:
    """Answer. Where a body is still on its way, the client gets the whole answer before the
    connection ends: closed at once, what it still sends would reset the connection."""
    if body.unread:
        problem.headers["Connection"] = "close"
    response = problem_response(problem)
    await send(
        {
            "type": "http.response.start",
            "status": response.status_code,
            "headers": response.raw_headers,
        }
    )
    await send({"type": "http.response.body", "body": response.body, "more_body": True})
    await body.drain()
    await send({"type": "http.response.body", "body": b"", "more_body": False})
