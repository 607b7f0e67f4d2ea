"""Reads the App's private key, once: OpenSSL proves its primes, which takes 40 ms."""

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey


@lru_cache(maxsize=4)
def rsa_key(pem: str) -> "RSAPrivateKey":
    """Return the key in PEM text; raises ValueError, which does not quote the text."""
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415  # 40 ms
    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415  # as above
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415  # as above
        load_pem_private_key,
    )

    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("it does not parse as a private key") from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("a private key, but not RSA")  # noqa: TRY004  # pydantic's
    return key
