"""What a client keeps: installation tokens and unchanged answers, both bounded."""

import asyncio
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from weakref import WeakValueDictionary

from cachetools import LRUCache, TLRUCache
from gidgethub import apps
from typing_extensions import override

from bot.github.api import Api, AppKey
from bot.github.refusals import explained
from core.clock import Clock

EARLY_SECONDS = 300
MAX_TOKENS = 4096
CACHE_BYTES = 8_000_000

Entry = tuple[str | None, str | None, Any, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Token:
    """An installation token and the moment it dies, in seconds since 1970."""

    text: str = field(repr=False)
    dies: float


class Tokens:
    """The tokens of all installations, each renewed five minutes before it dies.

    Of callers that need the same installation's token at once, one fetches it.
    """

    def __init__(self, app: Api, key: AppKey, clock: Clock) -> None:
        self._app = app
        self._key = key
        self._kept: TLRUCache[int, _Token] = TLRUCache(
            maxsize=MAX_TOKENS,
            ttu=lambda _id, token, _now: token.dies - EARLY_SECONDS,
            timer=lambda: clock.now().timestamp(),
        )
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def get(self, installation_id: int) -> str:
        """Return a token of this installation; raises what GitHub's refusal means."""
        lock = self._locks.setdefault(installation_id, asyncio.Lock())
        async with lock:
            kept = self._kept.get(installation_id)
            if kept is None:
                kept = await self._fetch(installation_id)
                self._kept[installation_id] = kept
            return kept.text

    def forget(self, installation_id: int) -> None:
        """Drop a token that GitHub did not accept."""
        self._kept.pop(installation_id, None)

    async def _fetch(self, installation_id: int) -> _Token:
        path = f"/app/installations/{installation_id}/access_tokens"
        with explained("POST", path, writes=False):
            answer = await apps.get_installation_access_token(
                self._app,
                installation_id=str(installation_id),
                app_id=str(self._key.app_id),
                private_key=self._key.signer,
            )
            dies = datetime.fromisoformat(answer["expires_at"]).timestamp()
            return _Token(text=answer["token"], dies=dies)


class ResponseCache(LRUCache[str, Entry]):
    """One identity's answers by URL, for `If-None-Match`: a 304 costs no budget.

    Holds about `max_bytes` of JSON; an answer larger than that is not kept.
    """

    def __init__(self, max_bytes: int = CACHE_BYTES) -> None:
        super().__init__(maxsize=max_bytes, getsizeof=_weight)

    @override
    def __setitem__(self, key: str, value: Entry) -> None:
        if _weight(value) <= self.maxsize:
            super().__setitem__(key, value)
        else:
            self.pop(key, None)


def _weight(entry: Entry) -> int:
    return len(json.dumps(entry[2]))
