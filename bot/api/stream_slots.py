"""How many streams may be open at once, in this process and with one token."""

import resource
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

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


class Slots:
    """Counts open streams; who finds no room is asked to come back later."""

    def __init__(self, policy: StreamPolicy) -> None:
        self._policy = policy
        self._open: Counter[str] = Counter()

    @property
    def taken(self) -> int:
        """Return how many streams are open."""
        return self._open.total()

    @contextmanager
    def one(self, token: Token) -> Iterator[bool]:
        """Take a place while the body runs, or yield False when there is none."""
        mine = self._open[token.prefix]
        if self.taken >= self._policy.most or mine >= self._policy.most_a_token:
            yield False
            return
        self._open[token.prefix] += 1
        try:
            yield True
        finally:
            self._open[token.prefix] -= 1
            self._open += Counter()  # leaves out what is down to nothing
