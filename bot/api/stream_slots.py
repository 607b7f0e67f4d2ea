"""How many streams may be open at once, in this process and with one token."""

import resource
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol

from bot.setting_values import StreamPolicy
from core.access.tokens import Token

# Files that a process has open beside its streams.
BESIDE = 500


def make_room(streams: int) -> int:
    """Let this process have so many streams open, as far as the system allows.

    Returns how many files it may have open; many systems begin with 1024.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    needed = streams + BESIDE
    allowed = needed if hard == unlimited else min(needed, hard)
    if soft != unlimited and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
        return allowed
    return soft if soft != unlimited else allowed


class Client(Protocol):
    """Whoever takes a place."""

    @property
    def gone(self) -> bool:
        """Return whether the connection is closed, though its stream may not know."""


class Slots:
    """Counts open streams; who finds no room is asked to come back later.

    A stream notices only after seconds that its client has gone, and clients that lost
    their connections all at once are back before: those that have gone do not count.
    """

    def __init__(self, policy: StreamPolicy) -> None:
        self._policy = policy
        self._open: defaultdict[str, set[Client]] = defaultdict(set)

    @contextmanager
    def one(self, token: Token, client: Client) -> Iterator[bool]:
        """Take a place while the body runs, or yield False when there is none."""
        if not self._has_room(token):
            yield False
            return
        self._open[token.prefix].add(client)
        try:
            yield True
        finally:
            mine = self._open[token.prefix]
            mine.discard(client)
            if not mine:
                del self._open[token.prefix]

    def _has_room(self, token: Token) -> bool:
        mine = self._open.get(token.prefix, set())
        everybody = self._open.values()
        return _fewer(self._policy.most_a_token, [mine]) and _fewer(
            self._policy.most, everybody
        )


def _fewer(most: int, open_streams: Iterable[Collection[Client]]) -> bool:
    """Return whether fewer than so many are open; looks at each only if it has to."""
    streams = list(open_streams)
    if sum(map(len, streams)) < most:
        return True
    return sum(not one.gone for each in streams for one in each) < most
