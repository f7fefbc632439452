"""What a browser is told of a page that anybody may open: no script, nothing from elsewhere."""

from base64 import b64encode
from collections.abc import Collection
from hashlib import sha256
from typing import Literal


def style_source(style: str) -> str:
    """The page's own style, as a content security policy names it: by its digest."""
    return f"'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'"


def page_headers(
    *,
    language: str,
    style: str,
    sends_to: Collection[str] = (),
    referrer: Literal["no-referrer", "strict-origin"] = "no-referrer",
) -> dict[str, str]:
    """Nothing is loaded or run, framed or kept, and no other page learns the address. ``style``: by
    `style_source`. ``sends_to``: origins besides ours where a form, or its answer, leads.
    ``referrer``: whether these learn from which host a browser came; never from which page."""
    targets = " ".join(["'self'", *sorted(set(sends_to))])
    return {
        "Cache-Control": "no-store",
        "Content-Language": language,
        "Content-Security-Policy": f"default-src 'none'; style-src {style}; "
        f"form-action {targets}; base-uri 'none'; frame-ancestors 'none'",
        "Referrer-Policy": referrer,
        "X-Content-Type-Options": "nosniff",
    }
