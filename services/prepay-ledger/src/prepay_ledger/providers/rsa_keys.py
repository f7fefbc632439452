"""RSA public keys and certificates that providers sign with, as merchants are given them; and the
merchant's own private key."""

import base64
import binascii
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate

_BITS_MIN = 2048
_CERTIFICATE = "-----BEGIN CERTIFICATE-----"


@dataclass(frozen=True, slots=True)
class Certificate:
    """A provider's certificate. ``serial``: its number in upper-case hexadecimal."""

    serial: str
    key: RSAPublicKey
    not_before: datetime
    not_after: datetime


def public_key(text: str) -> RSAPublicKey:
    """PEM of a public key or certificate, or bare base64 as Alipay's console shows it.

    Raises ValueError with what is wrong.
    """
    if _CERTIFICATE in text:
        return certificate(text).key
    try:
        key = load_pem_public_key(_pem(text, "PUBLIC KEY").encode())
    except ValueError as error:
        message = "it is no public key: neither PEM nor its base64 alone"
        raise ValueError(message) from error
    return _strong(key)


def certificate(text: str) -> Certificate:
    """PEM of a certificate. Raises ValueError with what is wrong."""
    try:
        read = load_pem_x509_certificate(text.strip().encode())
    except ValueError as error:
        message = "it is no certificate (PEM)"
        raise ValueError(message) from error
    return Certificate(
        serial=f"{read.serial_number:X}",
        key=_strong(read.public_key()),
        not_before=read.not_valid_before_utc,
        not_after=read.not_valid_after_utc,
    )


def signed_by(keys: Iterable[RSAPublicKey], *, signature: str, message: bytes) -> bool:
    """Whether one of ``keys`` made ``signature`` (base64; RSA, PKCS #1 v1.5, SHA-256)."""
    try:
        raw = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        return False
    return any(_made(key, raw, message) for key in keys)


def private_key(text: str) -> RSAPrivateKey:
    """PEM, or bare base64 of PKCS #8 or PKCS #1 as Alipay's tool writes it.

    Raises ValueError with what is wrong.
    """
    for kind in ("PRIVATE KEY", "RSA PRIVATE KEY"):
        try:
            key = load_pem_private_key(_pem(text, kind).encode(), None)
        except (ValueError, TypeError):
            continue
        if not isinstance(key, RSAPrivateKey):
            break
        _strong(key.public_key())
        return key
    message = "it is no RSA private key: neither PEM nor its base64 alone"
    raise ValueError(message)


def signature_of(key: RSAPrivateKey, message: bytes) -> str:
    """As `signed_by` takes it."""
    return base64.b64encode(key.sign(message, PKCS1v15(), SHA256())).decode()


def _pem(text: str, kind: str) -> str:
    bare = text.strip()
    if "-----" in bare:
        return bare
    lines = "\n".join(textwrap.wrap("".join(bare.split()), 64))
    return f"-----BEGIN {kind}-----\n{lines}\n-----END {kind}-----\n"


def _made(key: RSAPublicKey, signature: bytes, message: bytes) -> bool:
    try:
        key.verify(signature, message, PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True


def _strong(key: object) -> RSAPublicKey:
    if not isinstance(key, RSAPublicKey):
        message = "it is no RSA key"
        raise ValueError(message)
    if key.key_size < _BITS_MIN:
        message = f"it is too weak: {key.key_size} bits, at least {_BITS_MIN} are needed"
        raise ValueError(message)
    return key
