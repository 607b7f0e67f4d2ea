"""The keys with which an issuer signs its tokens: fetched when needed, and kept.

Source of the two documents: OpenID Connect Discovery 1.0, section 4, and RFC 7517.
"""

import asyncio
import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from core.clock import Clock
from core.errors import SigningKeysUnavailableError

CONFIGURATION = "/.well-known/openid-configuration"
ALGORITHM = "RS256"
LARGEST_DOCUMENT = 256 * 1024
SMALLEST_KEY = 2048
TIMEOUT = aiohttp.ClientTimeout(total=10)
# So long keys are used without asking, and so long nobody makes us ask again.
LIFE_SECONDS = 3600.0
PAUSE_SECONDS = 60.0
Json = dict[str, Any]


class SigningKeys:
    """An issuer's public keys, by their ids.

    A token names its key before anybody knows whose token it is, so a name that nobody
    knows makes us ask the issuer once a minute at most.
    """

    def __init__(
        self, issuer: str, *, session: aiohttp.ClientSession, clock: Clock
    ) -> None:
        self._issuer = issuer
        self._session = session
        self._clock = clock
        self._keys: Mapping[str, RSAPublicKey] = {}
        self._fresh_until = float("-inf")
        self._ask_from = float("-inf")
        self._lock = asyncio.Lock()

    async def of(self, kid: str) -> RSAPublicKey | None:
        """Return the key of this id, None when the issuer has none.

        Raises SigningKeysUnavailableError when the issuer cannot be asked.
        """
        async with self._lock:
            now = self._clock.monotonic()
            fresh = now < self._fresh_until
            if fresh and kid in self._keys:
                return self._keys[kid]
            if now >= self._ask_from:
                self._ask_from = now + PAUSE_SECONDS
                self._keys = await self._fetched()
                self._fresh_until = now + LIFE_SECONDS
            elif not fresh:
                raise self._away("it did not answer within the last minute")
            return self._keys.get(kid)

    async def _fetched(self) -> Mapping[str, RSAPublicKey]:
        found = await self._document(f"{self._issuer}{CONFIGURATION}")
        address = found.get("jwks_uri")
        if found.get("issuer") != self._issuer:
            raise self._away("its configuration is another issuer's")
        if not isinstance(address, str) or not _same_origin(address, self._issuer):
            raise self._away("its keys are said to be elsewhere")
        listed = (await self._document(address)).get("keys")
        if not isinstance(listed, list):
            raise self._away("its keys are no list")
        keys = [(one, _key(one)) for one in listed if isinstance(one, dict)]
        return {str(one["kid"]): key for one, key in keys if key is not None}

    async def _document(self, url: str) -> Json:
        try:
            async with self._session.get(
                url, timeout=TIMEOUT, allow_redirects=False
            ) as answer:
                if answer.status != HTTPStatus.OK:
                    raise self._away(f"it answered {answer.status}")
                body = await answer.content.read(LARGEST_DOCUMENT + 1)
                while len(body) <= LARGEST_DOCUMENT and not answer.content.at_eof():
                    body += await answer.content.read(LARGEST_DOCUMENT + 1 - len(body))
        except (aiohttp.ClientError, TimeoutError) as error:
            raise self._away(str(error) or type(error).__name__) from None
        if len(body) > LARGEST_DOCUMENT:
            raise self._away(f"its answer has more than {LARGEST_DOCUMENT} bytes")
        try:
            value = json.loads(body)
        except (ValueError, RecursionError):
            raise self._away("its answer is no JSON") from None
        return value if isinstance(value, dict) else {}

    def _away(self, reason: str) -> SigningKeysUnavailableError:
        return SigningKeysUnavailableError(issuer=self._issuer, reason=reason)


def _key(shown: Json) -> RSAPublicKey | None:
    """Return a key that signs by RS256, None for any other and a broken one."""
    wanted = {"kty": "RSA", "use": "sig", "alg": ALGORITHM}
    if any(shown.get(name, one) != one for name, one in wanted.items()):
        return None
    if not isinstance(shown.get("kid"), str):
        return None
    try:
        key = jwt.PyJWK(shown, algorithm=ALGORITHM).key
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
    strong = isinstance(key, RSAPublicKey) and key.key_size >= SMALLEST_KEY
    return key if strong else None


def _same_origin(one: str, other: str) -> bool:
    """Tell whether two addresses are of one server."""
    try:
        first, second = urlsplit(one), urlsplit(other)
    except ValueError:
        return False
    return (first.scheme, first.netloc) == (second.scheme, second.netloc)
