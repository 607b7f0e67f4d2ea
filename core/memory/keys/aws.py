"""Keys in AWS KMS, over boto3; ids are ARNs, key ids or `alias/…`.

Source: https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html.
"""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from typing_extensions import override

from core.errors import MemoryKeyAwayError, MemoryKeyMissingError, MemoryKeyWrongError
from core.memory.keys.service import PATIENCE, Client

SETTINGS = Config(
    connect_timeout=PATIENCE,
    read_timeout=PATIENCE,
    retries={"mode": "standard", "max_attempts": 2},
)
WRONG = frozenset({"InvalidCiphertextException", "IncorrectKeyException"})
REGION = 3


class AwsClient(Client):
    """KMS in the region that a key's ARN names, else in the environment's.

    `url` is another endpoint, such as one inside a private network.
    """

    def __init__(self, url: str | None = None) -> None:
        self._session = boto3.session.Session()
        self._url = url
        self._clients: dict[str | None, Any] = {}
        self._making = threading.Lock()

    @override
    def wrap(self, key_id: str, secret: bytes, context: bytes) -> bytes:
        with _translating(key_id):
            answer = self._client(key_id).encrypt(
                KeyId=key_id, Plaintext=secret, EncryptionContext=_bound(context)
            )
        return bytes(answer["CiphertextBlob"])

    @override
    def unwrap(self, key_id: str, wrapped: bytes, context: bytes) -> bytes:
        with _translating(key_id):
            answer = self._client(key_id).decrypt(
                KeyId=key_id, CiphertextBlob=wrapped, EncryptionContext=_bound(context)
            )
        return bytes(answer["Plaintext"])

    def _client(self, key_id: str) -> Any:
        region = key_id.split(":")[REGION] if key_id.startswith("arn:") else None
        with self._making:
            if region not in self._clients:
                self._clients[region] = self._session.client(
                    "kms", region_name=region, endpoint_url=self._url, config=SETTINGS
                )
            return self._clients[region]


def _bound(context: bytes) -> dict[str, str]:
    """Return the context as AWS takes it; it is logged there, so it names nobody."""
    return {"nofx": hashlib.sha256(context).hexdigest()}


@contextmanager
def _translating(key_id: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code == "NotFoundException":
            raise MemoryKeyMissingError(key_id=key_id) from error
        if code in WRONG:
            raise MemoryKeyWrongError(key_id=key_id) from error
        raise MemoryKeyAwayError(key_id=key_id, reason=str(error)) from error
    except BotoCoreError as error:
        raise MemoryKeyAwayError(key_id=key_id, reason=str(error)) from error
