"""Signs the commands of tests that run parts of the ledger in their own process."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from prepay_ledger.relays.signing import CommandSigner


def made_key() -> str:
    """A new private key, PEM."""
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


SIGNER = CommandSigner({"test": made_key()}, first="test")
