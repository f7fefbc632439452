"""The keys of pay links as the settings name them."""

import base64
import binascii
import re
from typing import Annotated

import httpx
from pydantic import AfterValidator, SecretStr

from prepay_ledger.pay_links.tokens import KEY_BYTES_MIN
from prepay_ledger.providers.configured import FromFile


def _key(secret: SecretStr) -> SecretStr:
    key_bytes(secret)
    return secret


def key_bytes(secret: SecretStr) -> bytes:
    """Raises ValueError where it is no base64 of enough bytes."""
    try:
        found = base64.b64decode(secret.get_secret_value(), validate=True)
    except (binascii.Error, ValueError) as error:
        message = "a key of pay links is base64"
        raise ValueError(message) from error
    if len(found) < KEY_BYTES_MIN:
        message = f"a key of pay links has at least {KEY_BYTES_MIN} bytes"
        raise ValueError(message)
    return found


_HOST = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")


def _base_url(text: str) -> str:
    """Without a slash at the end, and in small letters: readers of the events that carry a link
    take no others. Plain http only for development, on this machine."""
    if not text:
        return ""
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL as error:
        message = "it is an https URL"
        raise ValueError(message) from error
    here = url.scheme == "http" and url.host in ("localhost", "127.0.0.1")
    if not _HOST.fullmatch(url.host) or url.userinfo or not (url.scheme == "https" or here):
        message = "it is an https URL"
        raise ValueError(message)
    if url.path not in ("", "/") or url.query or url.fragment:
        message = "it is a domain alone, as in https://pay.example"
        raise ValueError(message)
    return f"{url.scheme}://{url.netloc.decode('ascii')}"


LinkKey = Annotated[SecretStr, AfterValidator(_key), FromFile]
BaseUrl = Annotated[str, AfterValidator(_base_url)]
