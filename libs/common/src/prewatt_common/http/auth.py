"""Bearer tokens: JWTs signed with Ed25519, scopes in the ``scope`` claim (RFC 9068 style).

Services hold the public key only. A utility's identity provider issues the tokens; for
development ``prewatt token`` does.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus

import jwt
from fastapi import Request
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase

from prewatt_common.http.problems import Problem
from prewatt_common.http.rate_limits import PublicLimits

AUDIENCE = "prewatt"
_ALGORITHM = "EdDSA"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls, and what the token lets them do."""

    subject: str
    scopes: frozenset[str]


class Unauthenticated(Problem):
    """401: no token, or one that does not hold."""

    def __init__(self, detail: str) -> None:
        super().__init__(status=HTTPStatus.UNAUTHORIZED, kind="unauthenticated", detail=detail)
        self.headers = {"WWW-Authenticate": "Bearer"}


class MissingScope(Problem):
    """403: the token holds but does not carry the scope."""

    def __init__(self, scope: str) -> None:
        detail = f"The token does not carry the scope {scope}."
        super().__init__(
            status=HTTPStatus.FORBIDDEN, kind="missing-scope", detail=detail, scope=scope
        )


def issue_token(
    *,
    private_key_pem: str,
    subject: str,
    scopes: Iterable[str],
    now: datetime,
    lifetime: timedelta,
) -> str:
    """A signed token. Used by ``prewatt token`` and tests; production tokens come from an IdP."""
    claims = {
        "sub": subject,
        "aud": AUDIENCE,
        "iat": now,
        "exp": now + lifetime,
        "scope": " ".join(sorted(scopes)),
    }
    return jwt.encode(claims, private_key_pem, algorithm=_ALGORITHM)


def verify_token(*, token: str, public_key_pem: str) -> Principal:
    """The principal of ``token``; raises `Unauthenticated` where it does not hold."""
    try:
        claims = jwt.decode(
            token,
            public_key_pem,
            algorithms=[_ALGORITHM],
            audience=AUDIENCE,
            options={"require": ["exp", "sub"]},
        )
    except (jwt.InvalidTokenError, RecursionError, ValueError) as error:
        # A header or claims that nest a thousand deep reach the JSON decoder before any check.
        detail = f"The bearer token is not valid: {error}."
        raise Unauthenticated(detail) from error
    return Principal(claims["sub"], frozenset(str(claims.get("scope", "")).split()))


def principal_of(*, authorization: str, scopes: frozenset[str], public_key_pem: str) -> Principal:
    """Who calls, by the ``Authorization`` header. Raises `Unauthenticated` or `MissingScope`."""
    kind, _, token = authorization.partition(" ")
    if kind.lower() != "bearer" or not token:
        detail = "Send a bearer token in the Authorization header."
        raise Unauthenticated(detail)
    principal = verify_token(token=token.strip(), public_key_pem=public_key_pem)
    for scope in sorted(scopes - principal.scopes):
        raise MissingScope(scope)
    return principal


class Requires(SecurityBase):
    """A route's protection: a token with ``scope``, which the gate checks before it reads a body.

    As a dependency of an endpoint it gives the `Principal`.
    """

    def __init__(self, scope: str) -> None:
        self.scope = scope
        self.scheme_name = "token"
        self.model = HTTPBearer(bearerFormat="JWT", description="Ed25519, scopes in `scope`")

    async def __call__(self, request: Request) -> Principal:
        principal = request.state.principal
        assert isinstance(principal, Principal), "the gate lets nobody in without a token"
        assert self.scope in principal.scopes, f"the gate took a token without {self.scope}"
        return principal


@dataclass(frozen=True, slots=True)
class Public:
    """A route's protection where there is none, and why. ``limits``: how often it is answered.
    ``strange_parameters``: others than its own are passed over, which apps and providers add to the
    address of a page."""

    because: str
    limits: PublicLimits | None = None
    strange_parameters: bool = False

    async def __call__(self) -> None:
        return None


def require(scope: str) -> Requires:
    """Only a token that carries ``scope`` is let through. Declared as ``Depends(require(...))``."""
    return Requires(scope)


def public(
    *, because: str, limits: PublicLimits | None = None, strange_parameters: bool = False
) -> Public:
    """Anybody is let through, as often as ``limits`` say. Declared as
    ``Depends(public(because=...))``."""
    return Public(because, limits, strange_parameters)
