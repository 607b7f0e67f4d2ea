"""Names of bytes: SHA-256 digests, and the one JSON text that is digested."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any, NewType

import rfc8785

from core.errors import BlobNotJsonError

Digest = NewType("Digest", str)

PATTERN = "^sha256:[0-9a-f]{64}$"
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def digest_of(data: bytes) -> Digest:
    """Return the name of `data`: `sha256:` and 64 hexadecimal digits."""
    return Digest(f"sha256:{hashlib.sha256(data).hexdigest()}")


def canonical(value: Any) -> bytes:
    """Return the one JSON text of `value` that everybody hashes (RFC 8785).

    Raises BlobNotJsonError for what has none: NaN, whole numbers past 2^53, and types
    that JSON does not know.
    """
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeError, RecursionError) as error:
        raise BlobNotJsonError(reason=str(error) or type(error).__name__) from error


def digests_in(value: Any) -> Iterator[Digest]:
    """Yield every string of a JSON value that is a digest and nothing else.

    Keys are names, not values: they are passed over. Values may be nested deeper than
    Python's own stack is.
    """
    waiting = [value]
    while waiting:
        match waiting.pop():
            case str(text) if DIGEST.fullmatch(text):
                yield Digest(text)
            case Mapping() as fields:
                waiting.extend(fields.values())
            case list() | tuple() as items:
                waiting.extend(items)
            case _:
                pass
