"""Keys in Google Cloud KMS, over its client; an id is `projects/…/cryptoKeys/…`.

Source: https://cloud.google.com/kms/docs/additional-authenticated-data.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from google.api_core.exceptions import BadRequest, GoogleAPIError, NotFound
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import GoogleAuthError
from google.cloud import kms_v1
from google.cloud.kms_v1.services.key_management_service.transports.rest import (
    KeyManagementServiceRestTransport,
)
from requests.exceptions import RequestException
from typing_extensions import override

from core.errors import MemoryKeyAwayError, MemoryKeyMissingError, MemoryKeyWrongError
from core.memory.keys.service import PATIENCE, Client


class GcpClient(Client):
    """KMS with the environment's credentials, over REST: threads share it without care.

    `url` is another endpoint; none asks for credentials over plain http, which settings
    allow on this machine alone.
    """

    def __init__(self, url: str | None = None) -> None:
        more: dict[str, Any] = {}
        if url is not None:
            parts = urlsplit(url)
            more = {"host": parts.netloc, "url_scheme": parts.scheme}
            if parts.scheme == "http":
                more["credentials"] = AnonymousCredentials()
        transport = KeyManagementServiceRestTransport(**more)
        self._client = kms_v1.KeyManagementServiceClient(transport=transport)

    @override
    def wrap(self, key_id: str, secret: bytes, context: bytes) -> bytes:
        request = {
            "name": key_id,
            "plaintext": secret,
            "additional_authenticated_data": context,
        }
        with _translating(key_id):
            answer = self._client.encrypt(request=request, retry=None, timeout=PATIENCE)
        return bytes(answer.ciphertext)

    @override
    def unwrap(self, key_id: str, wrapped: bytes, context: bytes) -> bytes:
        request = {
            "name": key_id,
            "ciphertext": wrapped,
            "additional_authenticated_data": context,
        }
        with _translating(key_id):
            answer = self._client.decrypt(request=request, retry=None, timeout=PATIENCE)
        return bytes(answer.plaintext)


@contextmanager
def _translating(key_id: str) -> Iterator[None]:
    try:
        yield
    except NotFound as error:
        raise MemoryKeyMissingError(key_id=key_id) from error
    except BadRequest as error:
        # A version of the key that was disabled is a bad request, too.
        if "FAILED_PRECONDITION" in _status(error):
            raise MemoryKeyAwayError(key_id=key_id, reason=error.message) from error
        raise MemoryKeyWrongError(key_id=key_id) from error
    except (GoogleAPIError, GoogleAuthError, RequestException) as error:
        raise MemoryKeyAwayError(key_id=key_id, reason=str(error)) from error


def _status(error: Any) -> str:
    answer = getattr(error, "response", None)
    return answer.text if answer is not None else ""
