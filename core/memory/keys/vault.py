"""Keys in the transit engine of HashiCorp Vault or OpenBao, over hvac.

An id is the key's name, or `mount/name` where the engine is not at `transit`. The key
must be one that takes associated data, such as aes256-gcm96.
Source: https://developer.hashicorp.com/vault/api-docs/secret/transit.
"""

import base64
from collections.abc import Iterator
from contextlib import contextmanager

import hvac
from hvac.exceptions import InvalidPath, InvalidRequest, VaultError
from requests.exceptions import RequestException
from typing_extensions import override

from core.errors import MemoryKeyAwayError, MemoryKeyMissingError, MemoryKeyWrongError
from core.memory.keys.service import PATIENCE, Client

MISSING = "encryption key not found"


class VaultClient(Client):
    """Transit at an address, with a token that may read, encrypt and decrypt."""

    def __init__(self, url: str, token: str | None) -> None:
        client = hvac.Client(url=url, token=token, timeout=PATIENCE)
        self._transit = client.secrets.transit
        self._there: set[str] = set()

    @override
    def wrap(self, key_id: str, secret: bytes, context: bytes) -> bytes:
        mount, name = _place(key_id)
        with _translating(key_id):
            if key_id not in self._there:
                # To encrypt with a name that is unknown may make a key of that name.
                self._transit.read_key(name, mount_point=mount)
                self._there.add(key_id)
            answer = self._transit.encrypt_data(
                name,
                plaintext=_text(secret),
                associated_data=_text(context),
                mount_point=mount,
            )
        return str(answer["data"]["ciphertext"]).encode()

    @override
    def unwrap(self, key_id: str, wrapped: bytes, context: bytes) -> bytes:
        mount, name = _place(key_id)
        with _translating(key_id):
            answer = self._transit.decrypt_data(
                name,
                ciphertext=wrapped.decode("ascii", "replace"),
                associated_data=_text(context),
                mount_point=mount,
            )
        return base64.b64decode(answer["data"]["plaintext"])


def _place(key_id: str) -> tuple[str, str]:
    mount, _, name = key_id.rpartition("/")
    return mount or "transit", name


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


@contextmanager
def _translating(key_id: str) -> Iterator[None]:
    try:
        yield
    except InvalidPath as error:
        raise MemoryKeyMissingError(key_id=key_id) from error
    except InvalidRequest as error:
        if MISSING in str(error):
            raise MemoryKeyMissingError(key_id=key_id) from error
        raise MemoryKeyWrongError(key_id=key_id) from error
    except (VaultError, RequestException) as error:
        raise MemoryKeyAwayError(key_id=key_id, reason=str(error)) from error
