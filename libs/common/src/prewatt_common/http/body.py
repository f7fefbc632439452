"""A request's body as it came: of one media type, and never more of it in memory than allowed."""

from http import HTTPStatus

from fastapi import Request

from prewatt_common.http.problems import Problem


async def read_body(
    request: Request, *, media_type: str, bytes_max: int, nothing: str, too_large: str
) -> bytes:
    """The raw bytes. Raises a 415 problem for another media type, which ends with ``nothing``
    (what was not done), and a 413 problem with the detail ``too_large`` above ``bytes_max``."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != media_type:
        raise Problem(
            status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            kind="unsupported-media-type",
            detail=f"Send {media_type}, not {kind or 'nothing'}; {nothing}.",
        )
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > bytes_max:
            raise Problem(
                status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE, kind="too-large", detail=too_large
            )
    return bytes(body)
